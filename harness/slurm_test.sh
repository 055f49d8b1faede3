#!/usr/bin/env bash
# Grades a small cohort as a job array, with docs/cohorts/grade.sbatch, on a Slurm of one node that
# is made for it: slurm_test.sh PROGRAM. Exits 77 where Slurm is not installed.
set -uo pipefail
program=$1
here=$(cd -- "$(dirname -- "$0")" && pwd)
PATH+=:/usr/sbin
for tool in slurmctld slurmd sbatch scontrol munged jq; do
  command -v "$tool" >/dev/null || {
    echo "skipped: no $tool here (apt-get install slurmctld slurmd slurm-client munge jq)"
    exit 77
  }
done
work=$(mktemp -d)
chmod 755 -- "$work" # munge refuses a socket that others cannot reach
daemons=()
trap 'kill "${daemons[@]}" 2>/dev/null; wait; rm -rf -- "$work"' EXIT

main() {
  start_slurm
  make_cohort
  # shellcheck disable=SC2031
  sbatch --wait --array=1-5 --mem=0 --chdir="$work" "$here/../docs/cohorts/grade.sbatch" attempts.txt results \
    --kata mini --seed 4711 >/dev/null
  local status=$?
  expect 'the array ends with the failure of its worst task' 2 "$status"
  expect 'reports' 4 "$(find "$work/results" -name '*.json' | wc -l)"
  expect 'what is no attempt' 'unaided: 5.cpp is a FIFO: replace it by a regular file' \
    "$(cat -- "$work/results/5.err")"
  cd -- "$work" || exit 2
  expect 'the ranking of the manual' '3 3 passed 1.cpp;3 3 passed 2.cpp;0 3 wrong 3.cpp;0 0 compile_error 4.cpp;' \
    "$(bash -c "$(grep '^    jq ' "$here/../docs/cohorts.md")" | tr '\t\n' ' ;')"
  expect 'seeds' '"4711"' "$(jq .seed results/*.json | sort -u)"
}

start_slurm() {
  local user cores port
  user=$(id -un)
  cores=$(nproc)
  port=$((20000 + $$ % 20000))
  mkdir -- "$work"/{munge,state,spool}
  chmod 700 -- "$work/munge"
  head -c 1024 /dev/urandom >"$work/munge/key"
  chmod 600 -- "$work/munge/key"
  cat >"$work/slurm.conf" <<END
ClusterName=unaided
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$work/munge.sock
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$work/slurm.conf
  daemon munged --foreground --force --key-file "$work/munge/key" --socket "$work/munge.sock" \
    --pid-file "$work/munge/pid" --log-file "$work/munge/log" --seed-file "$work/munge/seed"
  await 'munge' test -S "$work/munge.sock"
  daemon slurmctld -D
  daemon slurmd -D -N "$(hostname -s)"
  await 'the node' idle
}

daemon() { # command...
  "$@" >"$work/$1.out" 2>&1 &
  daemons+=($!)
}

idle() { [[ $(sinfo --noheader --format %T 2>/dev/null) == idle ]]; }

await() { # what, command...
  local what=$1
  shift
  for _ in $(seq 300); do
    "$@" && return
    sleep 0.1
  done
  echo "FAILED: $what did not come up"
  tail -n 5 "$work"/*.log "$work"/*.out "$work"/munge/log
  exit 1
}

make_cohort() {
  "$here/testdata/install_mini" "$program" "$work/bin" || exit 2
  export UNAIDED=$work/bin/unaided
  cd -- "$work" || exit 2
  cp -- "$here/testdata/reference/mini/mini.cpp" 1.cpp
  cp -- 1.cpp 2.cpp
  cp -- "$here/testdata/katas/mini/mini.cpp" 3.cpp
  echo 'int main( {' >4.cpp
  mkfifo 5.cpp
  printf '%s\n' {1..5}.cpp >attempts.txt
}

expect() { # what, wanted, seen
  [[ $2 == "$3" ]] && return
  echo "FAILED: $1: expected $2, got $3"
  failures=$((failures + 1))
}

failures=0
main
((failures == 0)) && echo 'a cohort of 5 was graded as a job array'
