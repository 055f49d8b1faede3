#!/usr/bin/env bash
# Runs every command of README.md's `sh` blocks, in order and from the checkout, with a state folder
# of its own. A command passes with exit 0, or 1 where it is about an attempt that falls short.
# What CI runs on its own account is looked up there instead of run once more.
set -uo pipefail
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
cd -- "$root" || exit 2
work=$(mktemp -d)
trap './unaided abandon </dev/null >/dev/null 2>&1; rm -rf -- "$work"' EXIT
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/run NO_COLOR=1
mkdir -m 700 -- "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"

commands_of_readme() {
  awk '/^```sh$/ {inside = 1; next} /^```/ {inside = 0} inside && NF' README.md |
    sed 's/[[:space:]]*#.*$//'
}

run_by_ci() { # command without ./unaided
  [[ $1 == test || $1 == 'dev verify' ]] && grep -q "unaided $1" .ci/run
}

count=0
while read -r line; do
  [[ $line == ./unaided* ]] || { echo "README has a command that is not ours: $line"; exit 1; }
  count=$((count + 1))
  if run_by_ci "${line#./unaided }"; then
    echo "run by CI: $line"
    continue
  fi
  bash -c "$line" </dev/null >"$work/output" 2>&1
  status=$?
  echo "exit $status: $line"
  if ((status > 1)); then
    cat -- "$work/output"
    exit 1
  fi
done < <(commands_of_readme)
((count >= 8)) || { echo "only $count commands found in README.md"; exit 1; }
