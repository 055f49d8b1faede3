#!/usr/bin/env bash
# Sits down to real sessions in a real terminal (a tmux server of the test's own) and looks at what a
# candidate would see: screen_test.sh PROGRAM. Skipped (77) where tmux, vim or bubblewrap is missing.
# shellcheck disable=SC2016  # what is typed is expanded where it arrives
set -uo pipefail
program=$1
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
for tool in tmux vim bwrap; do
  command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
export XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/run EDITOR=vim TERM=screen-256color
unset VISUAL TMUX UNAIDED_SESSION
mkdir -m 700 -- "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
outer=(tmux -S "$work/outer")
passed=0

cleanup() {
  "${outer[@]}" kill-server 2>/dev/null
  "$program" abandon >/dev/null 2>&1
  rm -rf -- "$work"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $1"
  "${outer[@]}" capture-pane -p 2>/dev/null | sed 's/^/  | /'
  exit 1
}

sit() { # arguments of the program, in a new terminal of 170 x 45
  close_terminal
  "${outer[@]}" new-session -d -x 170 -y 45 -c "$root" \
    "'$program' $*; echo \"EXIT \$?\"; exec sleep 600"
}

close_terminal() {
  "${outer[@]}" kill-server 2>/dev/null
  while "${outer[@]}" has-session 2>/dev/null; do sleep 0.1; done
  rm -f -- "$work/outer"
}

type_in() { "${outer[@]}" send-keys "$@"; }

shown() { "${outer[@]}" capture-pane -p 2>/dev/null; }

await() { # what is to be seen, for at most 30 s
  for _ in $(seq 150); do
    if shown | grep -qF -- "$1"; then
      passed=$((passed + 1))
      return
    fi
    sleep 0.2
  done
  fail "never saw: $1"
}

leave_notes_out() { # the editor that opens after a debrief
  await '## Drill next'
  type_in Escape ':q!' Enter
}

workspace() { "$program" status --json | sed -n 's/.*"workspace": "\([^"]*\)".*/\1/p'; }

host_pid() { cat -- "$(workspace)/../lock"; }

write_solution() { # by an editor's way of saving: beside it, then in its place
  cat >"$1.new" <<'CPP'
#include <cmath>
// level 1
#include "level1.h"
namespace kata {
torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  if (q.scalar_type() == torch::kBFloat16) {
    return attention(q.to(torch::kFloat32), k.to(torch::kFloat32), v.to(torch::kFloat32))
        .to(torch::kBFloat16);
  }
  const double root = std::sqrt(static_cast<double>(q.size(-1)));
  return torch::softmax(torch::matmul(q, k.transpose(-2, -1)) / root, -1).matmul(v);
}
}  // namespace kata
CPP
  mv -- "$1.new" "$1"
}

a_drill_from_the_first_key_to_the_debrief() {
  sit start attention --level 1 --seal required
  await 'AI off: enforced'
  await '# Level 1: softmax attention'
  await 'not written yet'           # the starter, in vim
  type_in Escape 'GO// typed here' Escape ':w' Enter
  await '0 of 16 checks passed'     # the live verdict
  await '| 0/16 |'                  # the status line
  type_in C-z
  await 'Stopped'
  type_in 'fg' Enter
  await '// typed here'
  "${outer[@]}" resize-window -x 120 -y 40
  await 'AI off: enforced'
  type_in ':q' Enter
  await 'unaided$'
  type_in "clear; ls '$root' ~/.ssh; env | grep SOCKET" Enter
  await 'UNAIDED_SOCKET=/run/kata/host'
  type_in './u api topk' Enter
  await 'int64_t k'
  type_in 'hint' Enter
  await 'Hint 1 of 3'
}

a_terminal_that_is_closed_and_one_that_comes_back() {
  local before
  before=$(host_pid)
  close_terminal
  sit resume
  await 'Hint 1 of 3'
  [[ $(host_pid) == "$before" ]] || fail 'another host took the session up'
}

a_host_that_is_killed_takes_everything_along() {
  local folder pid
  folder=$(workspace)
  pid=$(host_pid)
  kill -9 "$pid"
  await 'resume'
  sleep 1
  pgrep -f "$folder/../seal-plan.json|$(dirname "$folder")/tmux.conf" >/dev/null &&
    fail 'something is left running after its host was killed'
  sit resume
  await 'AI off: enforced'
  await '// typed here'
}

a_solution_is_submitted() {
  write_solution "$(workspace)/attention.cpp"
  await '16 of 16 checks passed'
  type_in ':q!' Enter
  await 'unaided$'
  type_in 'submit' Enter
  await '## Drill next'
  type_in 'GOread the scale twice' Escape ':wq' Enter
  await 'EXIT 0'
  "$program" notes --search 'SCALE TWICE' | grep -qF 'read the scale twice' || fail 'no notes'
  shown | grep -qF 'not verifiable' || fail 'the debrief has no table of the seal'
}

a_deadline_with_unsaved_text() {
  sit start attention --level 2 --minutes 0.2
  await 'AI off: enforced'
  type_in 'GO// never saved' Escape
  leave_notes_out
  await 'EXIT 1'
  "${outer[@]}" capture-pane -p -S -200 | grep -qF '.attention.cpp.sw' ||
    fail 'the unsaved text was not rescued'
  local session late
  session=$(basename "$work"/state/unaided/sessions/*l2)
  late=$("$program" submit --session "$session" 2>&1)
  [[ $late == *'is over'* ]] || fail "a late submit said: $late"
}

nano_saves_and_leaves_its_unsaved_text() {
  command -v nano >/dev/null || { echo 'not tried here: no nano'; return; }
  EDITOR=nano sit start attention --level 1 --minutes 0.5
  await 'AI off: enforced'
  await 'not written yet'
  type_in C-End '// typed in nano'
  type_in C-o Enter
  await '0 of 16 checks passed'
  grep -qF '// typed in nano' "$(workspace)/attention.cpp" || fail 'nano did not save'
  type_in '// never saved'
  await '## Drill next'
  type_in C-x
  await 'EXIT 1'
  "${outer[@]}" capture-pane -p -S -200 | grep -qF 'attention.cpp.save' ||
    fail "nano's unsaved text was not rescued"
}

an_interview_asks_afterwards() {
  sit start decoding --format interview -- /bin/bash
  await '| AI off: enforced'
  await 'unaided$'
  type_in './u finish' Enter
  await 'An interviewer would ask now'
  type_in 'first answer' Enter Enter
  sleep 0.5
  type_in 'second answer' Enter Enter
  sleep 0.5
  type_in 'third answer' Enter Enter
  leave_notes_out
  await 'A good answer'
  await 'EXIT 1'
}

what_comes_next_begins_on_enter() {
  sit
  await 'Enter starts it'
  type_in 'q' Enter
  await 'EXIT 0'
  sit
  await 'Enter starts it'
  type_in Enter
  await 'AI off: enforced'
  "$program" abandon >/dev/null
}

an_assessment_unlocks() {
  sit start decoding --format assessment -- /bin/bash
  await '(assessment)'
  await 'unaided$'
  type_in './u unlock' Enter
  await 'not judged yet'
  type_in './u check; ./u unlock' Enter
  await 'opens once the examples of level 1 pass'
  sed '/^\/\/ level 2$/,$d' "$root/reference/decoding/decoding.cpp" >"$(workspace)/new"
  mv -- "$(workspace)/new" "$(workspace)/decoding.cpp"
  type_in 'clear; ./u check; ./u unlock; ls' Enter
  await 'level2.h'
  await 'levels 1-2 (assessment)'
  type_in 'exit' Enter
  "$program" abandon >/dev/null
}

nothing_reaches_the_clipboard() {
  local text
  sit start decoding --level 1 -- /bin/bash
  await 'unaided$'
  "${outer[@]}" set-option -s set-clipboard on
  "${outer[@]}" new-window "printf '\\033]52;c;b3V0c2lkZQ==\\a'; sleep 1"
  sleep 0.5
  text=$("${outer[@]}" show-buffer 2>/dev/null)
  [[ $text == outside ]] || { echo 'not provable here: no clipboard outside either'; return; }
  "${outer[@]}" delete-buffer
  sleep 1
  type_in "printf '\\033]52;c;aW5zaWRl\\a'; printf '\\033Ptmux;\\033\\033]52;c;aW5zaWRl\\a\\033\\\\'; echo sent" Enter
  await 'sent'
  sleep 0.5
  text=$("${outer[@]}" show-buffer 2>/dev/null)
  [[ -z $text ]] || fail "the seat wrote to the clipboard: $text"
  "$program" abandon >/dev/null
}

too_many_processes_end_the_seat() {
  sit start decoding --level 1 -- /bin/bash
  await 'unaided$'
  type_in 'for i in {1..400}; do sleep 60.137 & done' Enter
  await 'The session goes on'
  sleep 1
  pgrep -f '^sleep 60.137$' >/dev/null && fail 'processes are left running'
  "$program" abandon >/dev/null
}

a_full_workspace_ends_the_seat() {
  sit start decoding --level 1 -- /bin/bash
  await 'unaided$'
  type_in 'head -c 300M /dev/zero >one; fallocate -l 200M two; echo "kept $(du -m . | tail -1)"' Enter
  await 'File size limit exceeded'
  await 'Operation not supported'
  await 'kept 257'
  type_in 'rm one; for i in {1..6}; do head -c 250M /dev/zero >$i; done' Enter
  await 'The session goes on'
  "$program" abandon >/dev/null
}

vs_code_is_declared_never_enforced() {
  local settings
  mkdir -- "$work/bin"
  printf '#!/bin/sh\necho "$@" >"%s"\n' "$work/arguments" >"$work/bin/code"
  chmod +x -- "$work/bin/code"
  PATH=$work/bin:$PATH "$program" start decoding --level 1 --editor code </dev/null >"$work/said" ||
    fail 'VS Code was not opened'
  grep -q -- '--user-data-dir' "$work/arguments" || fail 'VS Code has no profile of its own'
  grep -q 'AI off: declared' "$work/said" || fail 'the session is not called declared'
  grep -q 'enforced' "$work/said" && fail 'a declared session is called enforced'
  settings=$(workspace)/../code/User/settings.json
  sed -i 's/"chat.disableAIFeatures": true/"chat.disableAIFeatures": false/' "$settings"
  "$program" status | grep -q 'declared, BROKEN (chat.disableAIFeatures' ||
    fail 'settings that were changed were not seen'
  "$program" abandon >/dev/null
  PATH=$work/bin:$PATH "$program" start decoding --editor code --seal required >/dev/null 2>&1 &&
    fail 'a required seal was promised for VS Code'
  passed=$((passed + 1))
}

for test in a_drill_from_the_first_key_to_the_debrief \
  a_terminal_that_is_closed_and_one_that_comes_back \
  a_host_that_is_killed_takes_everything_along a_solution_is_submitted \
  a_deadline_with_unsaved_text nano_saves_and_leaves_its_unsaved_text \
  an_interview_asks_afterwards what_comes_next_begins_on_enter an_assessment_unlocks \
  nothing_reaches_the_clipboard \
  too_many_processes_end_the_seat a_full_workspace_ends_the_seat \
  vs_code_is_declared_never_enforced; do
  echo "$test"
  "$test"
done
echo "$passed sights seen"
