#!/usr/bin/env bash
# Runs the batch that the variables describe. Outputs: run, exit-code, checks. Leaves with the exit code of `batch run`.
set -uo pipefail

lines() { # lines NAME TEXT: the lines of a text that are not empty, as an array
  local -n into=$1
  into=()
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    [ -n "${line//[[:space:]]/}" ] && into+=("$line")
  done <<<"$2"
}

lines files "$FILES"
lines questions "$QUESTIONS"
lines models "$MODEL"
lines options "$ARGS"

command=(run "--out=$OUT" --json --no-progress)
for name in "${questions[@]}"; do command+=("--questions=$name"); done
for name in "${models[@]}"; do command+=("--model=$name"); done
[ -n "$PROVIDER" ] && command+=("--provider=$PROVIDER")
[ -n "$BASE_URL" ] && command+=("--base-url=$BASE_URL")
[ -n "$SAMPLES" ] && command+=("--samples=$SAMPLES")
[ -n "$FAIL_UNDER" ] && command+=("--fail-under=$FAIL_UNDER")
command+=("${options[@]}" -- "${files[@]}")

said=$(mktemp)
trap 'rm -f "$said"' EXIT
batch "${command[@]}" >"$said"
code=$?

outputs=$(python3 - "$said" <<'PYTHON'
import json, sys

try:
    with open(sys.argv[1], encoding="utf-8") as file:
        summary = json.load(file)
except ValueError:  # a wrong call says nothing on stdout
    summary = {}
checks = summary.get("checks") or {"total": 0}
share = f"{checks['passed'] / checks['total']:.4f}" if checks["total"] else ""
path = "".join(summary.get("path", "").splitlines())
print(f"run={path}\nchecks={share}")
PYTHON
)
{ printf '%s\n' "$outputs"; printf 'exit-code=%s\n' "$code"; } >>"$GITHUB_OUTPUT"

run=${outputs#run=}
run=${run%%$'\n'*}
if [ "$SUMMARY" = true ] && [ -n "$run" ]; then
  { batch compare --format markdown -- "$run" || echo "No comparison: see the log of the step."; } >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
