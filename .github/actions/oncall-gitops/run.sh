#!/usr/bin/env bash
# One command of oncall-gitops as a step: annotations, the plan on the log, summary, outputs.
#
# Everything comes by environment variables and goes by files. The step succeeds whatever the exit code, so that a plan
# that is blocked still reaches the pull request; the code is an output, and a later step exits with it.
set -uo pipefail

out="${RUNNER_TEMP:?}/oncall-gitops"
rm -f "$out"/plan.{json,md,txt}
mkdir -p "$out"

read -r -a rules <<< "${ALLOW:-}"
allow=()
for rule in "${rules[@]+"${rules[@]}"}"; do
  allow+=(--allow "$rule")
done
plan=(--format github)
for kind in json=plan.json markdown=plan.md text=plan.txt; do
  plan+=(--output-file "${kind%%=*}=$out/${kind#*=}")
done

case "${COMMAND:-}" in
  validate)
    strict=()
    [ "${STRICT:-false}" = true ] && strict=(--strict)
    oncall-gitops validate --format github "${strict[@]+"${strict[@]}"}" -- "$SCHEDULES"
    ;;
  diff)
    oncall-gitops diff "${plan[@]}" --base="$BASE" "${allow[@]+"${allow[@]}"}" -- "$SCHEDULES"
    ;;
  plan)
    oncall-gitops reconcile --dry-run "${plan[@]}" "${allow[@]+"${allow[@]}"}" -- "$SCHEDULES"
    ;;
  apply)
    expect=()
    [ -n "${EXPECT_PLAN:-}" ] && expect=(--expect-plan="$EXPECT_PLAN")
    oncall-gitops reconcile --yes "${plan[@]}" "${expect[@]+"${expect[@]}"}" "${allow[@]+"${allow[@]}"}" -- "$SCHEDULES"
    ;;
  *)
    echo "::error::the input command is one of validate, diff, plan, apply and install"
    false
    ;;
esac
code=$?

{
  echo "exitcode=$code"
  [ -f "$out/plan.json" ] && echo "plan-json=$out/plan.json"
  [ -f "$out/plan.md" ] && echo "plan-markdown=$out/plan.md"
} >> "${GITHUB_OUTPUT:?}"
[ -f "$out/plan.txt" ] && cat "$out/plan.txt"
exit 0
