"""One file's content exchanged for another at once: whoever reads it meanwhile sees all of the one or of the other."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile


def replace_content(path: str, *, before: bytes, after: bytes) -> None:
    """Replace the content of a regular file, whose mode and, where we may, owner stay.

    A link is not replaced but written through. OSError if the file may not be written, or does not hold
    `before` any more: somebody else's edit must not be lost.
    """
    target = os.path.realpath(path)
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(13, "the file is read-only", path)
    status = os.stat(target)
    folder = os.path.dirname(target)
    try:
        handle, temporary = tempfile.mkstemp(prefix=".oncall-gitops-", suffix=".tmp", dir=folder)
    except OSError as error:
        raise OSError(error.errno, f"its folder: {error.strerror}", path) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(PermissionError):
            os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))
        with open(target, "rb") as file:
            if file.read() != before:
                raise OSError(0, "the file was changed meanwhile; run it again", path)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
