#!/usr/bin/env bash
# Each kernel's tiny problem through the whole command, checked and timed, with no word about how
# long all took; then rungs and attempts that are wrong, which must have no time and exit with 1.
#   smoke_test.sh <program> <root of the sources>
set -uo pipefail
program=$1 root=$2
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
export XDG_STATE_HOME=$state/state XDG_RUNTIME_DIR=$state/run NO_COLOR=1
mkdir -p "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
failures=0

main() {
  local kernel kata
  for kernel in $("$program" bench --list | awk '/^[a-z]/ {print $1}'); do
    expect "$kernel" 0 "$kernel" --tiny --quick --json "$state/$kernel.json"
    holds "$kernel" '^  libtorch .* (s|ms|us|µs) '
    expect "$kernel against itself" 0 compare "$state/$kernel.json" "$state/$kernel.json"
  done
  expect 'a wrong rung' 1 planted_lower_precision --tiny --quick
  holds 'a wrong rung' '^  yours  *no time: its result is wrong'
  for kata in attention decoding training_step; do
    expect "$kata" 0 "$kata" --tiny --quick --attempt "$root/reference/$kata/$kata.cpp"
    holds "$kata" '^  yours .* (s|ms|us|µs) '
  done
  printf '%s\n' '#include "level2.h"' 'namespace kata {' \
    'std::int64_t sample(const torch::Tensor&, double, std::int64_t, double) { return 7; }' '}' \
    >"$state/decoding.cpp"
  expect 'a wrong attempt' 1 sampling --tiny --quick --attempt "$state/decoding.cpp"
  holds 'a wrong attempt' '^  yours  *no time: its result is wrong'
  sed '\|^// level 3$|,$d' "$root/reference/training_step/training_step.cpp" \
    >"$state/training_step.cpp"
  expect 'the lower levels alone' 0 training_step --tiny --quick \
    --attempt "$state/training_step.cpp"
  holds 'the lower levels alone' '^adamw_step: not timed, the attempt does not define .make_adamw.'
  holds 'the lower levels alone' '^  yours .* (s|ms|us|µs) '
  expect 'no timed function' 1 training_step --tiny --quick --attempt "$state/decoding.cpp"
  echo 'torch::Tensor masked_attention(' >"$state/attention.cpp"
  expect 'what does not compile' 1 attention --tiny --quick --attempt "$state/attention.cpp"
  holds 'what does not compile' 'attention.cpp:1'
  lacks 'what does not compile' '^  yours'
  expect 'the goals of a kernel' 0 rms_norm --goals --quick
  holds 'the goals of a kernel' '^[^ ]* rms_norm 4096x4096 .* [0-9.]+ (\[[0-9.]+, [0-9.]+\]|in [0-9]+ rounds)'
  expect 'the goals of no kernel' 2 nonsense --goals
  on_a_card
  exit $((failures > 0))
}

on_a_card() {
  expect 'what is no card' 2 softmax --tiny --device tpu
  holds 'what is no card' "^unaided: 'tpu' is no device: cuda, or cuda:N"
  if "$program" gpu --json | grep -q '"absence":""'; then
    expect 'a card' 0 softmax --tiny --quick --device cuda
    holds 'a card' '^  libtorch .* (s|ms|us|µs) '
  else
    expect 'no card' 2 softmax --tiny --quick --device cuda
    holds 'no card' '^unaided: no GPU: '
  fi
}

expect() { # what is tried, status, arguments of the program
  local what=$1 status=$2 got=0
  shift 2
  [[ $1 == compare ]] || set -- bench "$@"
  "$program" "$@" >"$state/output" 2>&1 || got=$?
  [[ $got -eq $status ]] || complain "$what ended with $got, not $status"
}

holds() { # what is tried, a pattern of its output
  grep -Eq "$2" "$state/output" || complain "the output of $1 lacks $2"
}

lacks() { # what is tried, a pattern of its output
  ! grep -Eq "$2" "$state/output" || complain "the output of $1 has $2"
}

complain() {
  echo "$1:"
  tail -20 "$state/output"
  failures=$((failures + 1))
}

main
