#!/usr/bin/env bash
# The wheel and the sdist of the tagged commit, built twice and compared, with their bill of materials.
set -euo pipefail

version="$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' oncall_gitops/__init__.py)"
if [ "v$version" != "${TAG:?}" ]; then
  echo "the tag $TAG is not the version v$version of the code" >&2
  exit 1
fi

SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH
again="$(mktemp -d)"
.venv/bin/python -m hatchling build -d dist
.venv/bin/python -m hatchling build -d "$again"
diff -r dist "$again"
mkdir -p papers
.venv/bin/python .github/release/sbom.py requirements.lock "$version" > papers/sbom.cdx.json
(cd dist && sha256sum -- *) | tee papers/SHA256SUMS
