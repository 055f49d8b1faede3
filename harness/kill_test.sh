#!/usr/bin/env bash
# Kills commands and hosts at random moments of start, check, submit, finish, debrief and notes, and
# looks after each kill: kill_test.sh PROGRAM [KILLS]. What was acknowledged is there, nothing is
# left running, the deadline is the old one, and a rebuilt index equals the one that grew.
set -uo pipefail
program=$1
kills=${2:-${UNAIDED_KILLS:-20}}
seed=${UNAIDED_KILL_SEED:-$$}
RANDOM=$seed
echo "seed $seed"
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/run EDITOR=$work/editor
unset VISUAL UNAIDED_SESSION
mkdir -m 700 -- "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
trap '"$program" abandon >/dev/null 2>&1; rm -rf -- "$work"' EXIT
touch -- "$work/saved" "$work/noted"
step=none session='' deadline='' number=0

# Notes are written slowly, so that there is a middle to be killed in.
cat >"$EDITOR" <<'END'
#!/bin/sh
echo "thought $THOUGHT" >>"$1"
sleep 0.3
END
chmod +x -- "$EDITOR"

fail() {
  echo "FAILED after $step: $1"
  exit 1
}

field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" | head -n 1; }

folder() { echo "$XDG_STATE_HOME/unaided/sessions/$session"; }

host() { # its process id, while there is one
  [[ -n $session ]] && "$program" status --session "$session" --json 2>/dev/null |
    grep -q '"hosted": true' && cat -- "$(folder)/lock"
}

running() { [[ -n $session ]] && ! grep -q '"event":"\(finished\|abandoned\)"' "$(folder)/journal"; }

offspring() { # of a process, all generations
  local next=$1
  while next=$(pgrep -d, -P "$next") && [[ -n $next ]]; do echo "${next//,/ }"; done
}

begin() { # until a session is under way
  running && return
  "$program" start attention --level 1 --minutes 600 --again --json >"$work/status" ||
    fail "start: $(cat -- "$work/status")"
  session=$(field session <"$work/status")
  deadline=$(field deadline <"$work/status")
}

adopt() { # the session that a killed `start` made, if it came so far
  local newest
  newest=$("$program" history --json --limit 1) || fail 'the history cannot be read'
  session=$(field session <<<"$newest")
  deadline=$("$program" status --session "$session" --json | field deadline)
}

save() {
  number=$((number + 1))
  printf '#include "level1.h"\n// save %s\nnamespace kata { torch::Tensor attention(%s) { return v; } }\n' \
    "$number" 'const torch::Tensor&, const torch::Tensor&, const torch::Tensor& v' >"$work/new.cpp"
  sha256sum <"$work/new.cpp" | cut -d' ' -f1 >"$work/hash"
  mv -- "$work/new.cpp" "$(folder)/workspace/attention.cpp"
}

acknowledge() { # the save that was judged, or the thought that was kept
  case $step in
    check | submit | finish) echo "$session $(<"$work/hash")" >>"$work/saved" ;;
    notes) grep -q '^Kept in' "$work/said" && echo "thought $THOUGHT" >>"$work/noted" ;;
  esac
}

# Runs a command and kills it, or its host, at a moment of its own choosing.
strike() { # command of the program
  local pid status=0 prey
  "$program" "$@" >"$work/said" 2>&1 </dev/null &
  pid=$!
  if ((RANDOM % 3 == 0)); then # once it is through: what it said must hold
    for _ in $(seq 600); do alive "$pid" && sleep 0.1; done
  else
    sleep "$((RANDOM % 4)).$((RANDOM % 10))" # a check takes a second or two on a busy machine
  fi
  prey=$pid
  ((RANDOM % 2)) && prey=$(host || echo "$pid")
  kill -9 "$prey" 2>/dev/null
  wait "$pid" 2>/dev/null || status=$?
  ((status > 1)) || acknowledge
}

alive() { # whether one of these processes still runs
  local pid
  for pid in "$@"; do
    ! grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null || return 0
  done
  return 1
}

end_host() { # kill -9, and nothing of it may be left
  local pid left
  pid=$(host) || return 0
  read -ra left -d '' < <(offspring "$pid")
  kill -9 "$pid"
  for _ in $(seq 100); do
    alive "$pid" "${left[@]}" || return 0
    sleep 0.05
  done
  fail "$(ps -o pid,args -p "$(IFS=,; echo "${left[*]}")") outlived its host"
}

look() {
  local owner hash thought grown
  while read -r owner hash; do
    [[ -e $XDG_STATE_HOME/unaided/sessions/$owner/snapshots/$hash.cpp ]] ||
      fail "a save that was judged is lost: $hash"
    grep -q "\"hash\":\"$hash\"" "$XDG_STATE_HOME/unaided/sessions/$owner/journal" ||
      fail "the journal does not know a save that was judged: $hash"
  done <"$work/saved"
  "$program" notes >"$work/notes" 2>/dev/null || fail 'the notes cannot be read'
  while read -r thought; do
    grep -qxF "$thought" "$work/notes" || fail "a note is lost: $thought"
  done <"$work/noted"
  grown=$("$program" history --json --limit 0) || fail 'the history cannot be read'
  "$program" history rebuild >/dev/null 2>"$work/remarks" || fail 'no rebuild'
  [[ ! -s $work/remarks ]] || fail "the rebuild said: $(<"$work/remarks")"
  [[ $("$program" history --json --limit 0) == "$grown" ]] || fail 'a rebuilt index is another one'
}

go_on() { # the session has the time that it should have
  local left due now
  running || return 0
  "$program" resume "$session" --json >"$work/status" || fail "no resume: $(<"$work/status")"
  [[ $(field deadline <"$work/status") == "$deadline" ]] || fail 'the deadline moved'
  left=$(field time_left_ms <"$work/status")
  due=$(date -d "$deadline" +%s%3N) now=$(date +%s%3N)
  ((due - now - left < 3000 && left - due + now < 3000)) || fail "$left ms are left of $((due - now))"
}

one_kill() {
  step=$1
  export THOUGHT=$number-$RANDOM
  case $step in
    start)
      if running; then "$program" abandon --session "$session" >/dev/null || fail 'abandon'; fi
      strike start attention --level 1 --minutes 600 --again --json
      adopt
      ;;
    check | submit | finish)
      begin && save
      strike "$step" --session "$session"
      ;;
    debrief | notes)
      [[ -n $(find "$XDG_STATE_HOME" -name 'notes*' -o -name results | head -n 1) ]] || return 0
      if running; then "$program" abandon --session "$session" >/dev/null || fail 'abandon'; fi
      if [[ $step == notes ]]; then strike notes --edit "$session"; else strike debrief "$session"; fi
      ;;
  esac
}

steps=(check start notes submit debrief check finish notes)
begin
for ((i = 0; i < kills; ++i)); do
  one_kill "${steps[i % ${#steps[@]}]}"
  end_host
  look
  go_on
done
((kills < 8)) || [[ -s $work/saved ]] || fail 'nothing was ever acknowledged: the kills came too early'
echo "$kills kills: $(wc -l <"$work/saved") judged saves and $(wc -l <"$work/noted") notes are there"
