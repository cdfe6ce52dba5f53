#!/usr/bin/env bash
# Install the version that this action is part of, and exactly the locked dependencies: nothing is downloaded that the
# lock does not name with its hash, and nothing of the repository that is being checked is installed or run.
set -euo pipefail

home="$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)"
venv="${RUNNER_TEMP:?}/oncall-gitops-venv"

python3 -m venv "$venv"
pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input)
"${pip[@]}" --no-deps --require-hashes -r "$home/requirements.lock"
"${pip[@]}" --no-deps --no-build-isolation --no-index "$home"
echo "$venv/bin" >> "${GITHUB_PATH:?}"
