#!/usr/bin/env bash
# Saves again and again from a script, every tenth time something that does not compile, and looks
# whether the session's processes and memory stay what they were: soak_test.sh PROGRAM [SAVES].
# Prints latencies; asserts none.
set -uo pipefail
program=$1
saves=${2:-${UNAIDED_SOAK_SAVES:-60}}
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/run
unset UNAIDED_SESSION
mkdir -m 700 -- "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
trap '"$program" abandon >/dev/null 2>&1; rm -rf -- "$work"' EXIT

"$program" start attention --level 1 --minutes 600 --json >"$work/status" || exit 2
session=$(dirname "$(sed -n 's/.*"workspace": "\([^"]*\)".*/\1/p' "$work/status")")
host=$(cat -- "$session/lock")

processes() { # of the session, all generations
  local found=$1 next=$1
  while next=$(pgrep -d, -P "$next") && [[ -n $next ]]; do found+=,$next; done
  echo "${found//,/ }"
}

memory_mb() { # what they hold, shared pages counted once
  local pid kb=0
  for pid in $(processes "$host"); do
    kb=$((kb + $(awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)))
  done
  echo $((kb / 1024))
}

verdicts() { grep -c '"event":"verdict"' "$session/journal"; }

save() { # number
  {
    echo '#include "level1.h"'
    echo "// save $1"
    echo 'namespace kata { torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k,'
    echo '    const torch::Tensor& v) {'
    (($1 % 10 == 0)) && echo 'this does not compile'
    echo '  return torch::softmax(q.matmul(k.transpose(-2, -1)), -1).matmul(v); } }'
  } >"$session/workspace/new"
  mv -- "$session/workspace/new" "$session/workspace/attention.cpp"
}

await_verdict() { # how many there must be
  for _ in $(seq 3000); do
    (($(verdicts) >= $1)) && return
    sleep 0.01
  done
  echo "FAILED: save $1 was not judged"
  exit 1
}

await_resident() {
  for _ in $(seq 600); do
    "$program" status --session "$(basename "$session")" | grep -q 'compiler: [^,]*resident' && return
    sleep 0.2
  done
  echo 'without the resident compiler'
}

await_resident
first=$((saves / 10 > 10 ? saves / 10 : 10)) # everything is warm by then
first_mb=0 first_count=0
for ((i = 1; i <= saves; ++i)); do
  began=$(date +%s%N)
  save "$i"
  await_verdict "$i"
  echo $((($(date +%s%N) - began) / 1000000)) >>"$work/ms"
  if ((i == first || i == saves)); then
    sleep 3 # the next standby is made
    mb=$(memory_mb) count=$(processes "$host" | wc -w)
    echo "after $i saves: $count processes, $mb MB, last tenth $(tail -n $((saves / 10)) "$work/ms" |
      sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}') ms in the median"
    ((i == saves)) || { first_mb=$mb first_count=$count; }
  fi
done
((count == first_count)) || { echo "FAILED: $first_count processes became $count"; exit 1; }
((mb <= first_mb * 110 / 100 + 20)) || { echo "FAILED: $first_mb MB became $mb"; exit 1; }
echo "$saves saves judged"
