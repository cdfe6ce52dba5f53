#!/usr/bin/env bash
# The comment's text from a plan that another job saved: untrusted, so it is checked against the schema and rendered
# again. The plan against the database is preferred to the one between two trees; that of a fork says that it is one.
set -euo pipefail

out="${RUNNER_TEMP:?}/oncall-gitops"
mkdir -p "$out"

for name in oncall-plan-of-database oncall-plan; do
  plan="${PLANS:?}/$name/plan.json"
  if [ -f "$plan" ] && [ ! -L "$plan" ]; then
    oncall-gitops show --format markdown -- "$plan" > "$out/body.md"
    if [ "${FORK:-false}" = true ]; then
      printf '\n*From the run of a fork: as trustworthy as its author.*\n' >> "$out/body.md"
    fi
    echo "body=$out/body.md" >> "${GITHUB_OUTPUT:?}"
    exit 0
  fi
done
echo "::notice::there is no plan to show; see the run's annotations"
