"""`python -m oncall_gitops` is `oncall-gitops`."""

from __future__ import annotations

from oncall_gitops.cli import main

if __name__ == "__main__":
    main()
