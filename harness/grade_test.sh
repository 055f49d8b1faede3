#!/usr/bin/env bash
# Grades a cohort of the miniature kata through the real command, what no attempt is among it, and
# reads back what it wrote: grade_test.sh PROGRAM [ATTEMPTS]. With a number it grades so many and
# says what that cost, and what half of them cost: time, and memory of the program itself.
set -uo pipefail
program=$1
attempts=${2:-0}
here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export XDG_RUNTIME_DIR=$work/run NO_COLOR=1
mkdir -m 700 -- "$XDG_RUNTIME_DIR" "$work/mini"

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

expect() { # what, exit code expected, command...
  local what=$1 wanted=$2
  shift 2
  "$@" </dev/null >"$work/out" 2>"$work/err"
  local status=$?
  [[ $status -eq $wanted ]] || {
    fail "$what: exit $status, not $wanted"
    cat -- "$work/err"
  }
}

good() { cat -- "$here/testdata/reference/mini/mini.cpp"; }

hostile_cohort() {
  cd -- "$work/mini" || exit 2
  good >ann.cpp
  cp -- "$here/testdata/katas/mini/mini.cpp" starter.cpp
  cp -- "$here/testdata/outcomes/crashes/mini.cpp" crashes.cpp
  cp -- "$here/testdata/outcomes/loops_forever/mini.cpp" loops.cpp
  echo 'int main( {' >typo.cpp
  mkfifo fifo.cpp
  mkdir folder.cpp
  ln -s ann.cpp link.cpp
  truncate -s 50M large.cpp
  : >empty.cpp
  printf 'int x\xff\x01;' >bytes.cpp
  printf 'int x;' >$'new\nline\033.cpp'
}

judge_cohort() {
  hostile_cohort
  local all=(./*.cpp gone.cpp no/where.cpp)
  expect 'a cohort' 2 "$work/bin/unaided" grade "${all[@]}" --levels 1 --jobs 2
  grep -q '^ *1  ./ann.cpp  *mini  *[1-9][0-9]* of' "$work/out" || fail 'the best is not the first'
  grep -q 'fifo.cpp is a FIFO' "$work/out" || fail 'the FIFO is no row'
  grep -q "^${#all[@]} attempts: " "$work/out" || fail 'not every attempt is counted'
  ! grep -q $'\033' "$work/out" || fail 'a name reached the terminal'

  expect 'a cohort as JSON' 2 "$work/bin/unaided" grade "${all[@]}" --levels 1 --json --junit "$work/j.xml"
  read_back "${#all[@]}" || fail 'what was written cannot be read back'

  expect 'those that pass' 0 "$work/bin/unaided" grade ann.cpp ann.cpp
  expect 'those that fall short' 1 "$work/bin/unaided" grade ann.cpp starter.cpp
  expect 'one' 0 "$work/bin/unaided" grade ann.cpp --kata mini
  grep -q passed "$work/out" || fail 'one attempt has no report'
  expect 'a tool for cards' 2 "$work/bin/unaided" grade ann.cpp --kata mini --sanitizer memcheck
  grep -q 'mini is none' "$work/err" || fail 'a kata that no tool watches'
  expect 'a tool for two' 2 "$work/bin/unaided" grade ann.cpp ann.cpp --sanitizer memcheck
  grep -q 'one attempt at a time' "$work/err" || fail 'a tool that watches two'
  expect 'a cohort without bubblewrap' 0 "$work/bin/unaided" grade ann.cpp ann.cpp --no-sandbox
  grep -q '^Not held in this run: ' "$work/out" || fail 'it is not said what is not held'
  expect 'one that is none' 2 "$work/bin/unaided" grade fifo.cpp
  mkdir -- "$work/other" && cp -- ann.cpp "$work/other"
  expect 'a kata that nothing names' 2 "$work/bin/unaided" grade "$work/other/ann.cpp"
  grep -q 'does not say which kata' "$work/err" || fail 'it is not said what is missing'
}

# junitparser only where it happens to be installed.
read_back() { # number of attempts
  python3 - "$work/out" "$work/j.xml" "$1" <<'END'
import importlib.util, json, sys, xml.etree.ElementTree as tree
lines, junit, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
reports = {r["file"]: r for r in map(json.loads, open(lines, encoding="utf-8"))}
assert len(reports) == count, len(reports)
assert len({r["seed"] for r in reports.values() if r["snapshot"]}) == 1, "not the same inputs"
assert reports["./ann.cpp"]["exit_code"] == 0
outcomes = {f: r["outcome"] for f, r in reports.items()}
assert outcomes["./crashes.cpp"] == "crashed", outcomes
assert outcomes["./typo.cpp"] == "compile_error", outcomes
for name in "fifo", "folder", "link", "large", "empty", "bytes":
    assert outcomes[f"./{name}.cpp"] == "not_run", outcomes
assert outcomes["gone.cpp"] == outcomes["no/where.cpp"] == "not_run", outcomes
root = tree.parse(junit).getroot()
suites = {s.get("name"): s for s in root.findall("testsuite")}
assert len(suites) == count
for file, report in reports.items():
    suite = suites[file.replace("\x1b", "?")]
    cases = suite.findall("testcase")
    bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    assert (len(bad) > 0) == (report["exit_code"] > 0), file
    assert len(cases) == int(suite.get("tests")) and len(cases) >= report["total"], file
assert sum(int(s.get("tests")) for s in suites.values()) == int(root.get("tests"))
if importlib.util.find_spec("junitparser"):
    from junitparser import JUnitXml
    parsed = JUnitXml.fromfile(junit)
    assert sum(suite.tests for suite in parsed) == int(root.get("tests"))
    print("read back with junitparser, too")
END
}

# Sources that differ, so that nothing could remember them.
measure() { # attempts
  cd -- "$work/mini" || exit 2
  local half=$(($1 / 2)) i
  for ((i = 1; i <= $1; ++i)); do
    good >"$i.cpp"
    echo "// attempt $i" >>"$i.cpp"
  done
  for count in "$half" "$1"; do
    local names=()
    for ((i = 1; i <= count; ++i)); do names+=("$i.cpp"); done
    python3 - "$work/bin/unaided" grade "${names[@]}" --kata mini --junit "$work/j.xml" <<'END'
import re, subprocess, sys, tempfile, time
began, peak_kb = time.time(), 0
table = tempfile.TemporaryFile("w+")
program = subprocess.Popen(sys.argv[1:], stdout=table)
while program.poll() is None:
    status = open(f"/proc/{program.pid}/status").read()
    peak_kb = max(peak_kb, *map(int, re.findall(r"VmHWM:\s*(\d+)", status)), 0)
    time.sleep(0.2)
table.seek(0)
print(table.read().splitlines()[-2], f"{time.time() - began:.0f} s, {peak_kb // 1024} MB")
END
    echo "JUnit: $(stat -c %s "$work/j.xml") bytes"
  done
}

failures=0
"$here/testdata/install_mini" "$program" "$work/bin" || exit 2
if ((attempts > 0)); then
  measure "$attempts"
else
  judge_cohort
fi
((failures == 0))
