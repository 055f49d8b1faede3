#!/usr/bin/env bash
# The launcher, end to end, in copies of the checkout around a program of one file: real CMake and
# real pip, but tiny wheels from a folder and a LibTorch of empty files, so nothing is fetched.
# usage: launcher_test.sh CHECKOUT
set -uo pipefail

checkout=$(cd -- "${1:?usage: launcher_test.sh CHECKOUT}" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf -- "$work"' EXIT
passed=0 failed=0 skipped=0

main() {
  local scenario
  make_libtorch "$work/libtorch" 13
  for scenario in $(compgen -A function scenario_); do
    begin "$scenario"
    "$scenario"
  done
  echo "$passed passed, $failed failed, $skipped skipped"
  [[ $failed -eq 0 ]]
}

# --- Scenarios ----------------------------------------------------------------------------------

scenario_builds_once_and_passes_arguments_on() {
  run start 'two words' '*'
  expect status 0
  expect_text "$(<"$out")" 'program 1: start/two words/*/'
  forbid cmake
  run again
  expect status 0
  expect out 'program 1: again/'
  expect_text "$(<"$err")" ''
}

scenario_builds_again_what_was_edited_or_added() {
  run x
  stub_program 2
  run x
  expect out 'program 2'
  echo 'int added() { return "wrong"; }' >"$tree/harness/added.cpp"
  run x
  expect status 2
  expect err 'the build failed'
  rm "$tree/harness/added.cpp"
  run x
  expect status 0
}

scenario_a_moved_checkout_and_a_link_to_the_launcher_work() {
  run x
  mv "$tree" "$work/moved away" && tree="$work/moved away"
  ln -s "$tree/unaided" "$work/link" && launcher=$work/link
  run linked
  expect status 0
  expect out 'program 1: linked/'
}

scenario_help_sets_nothing_up() {
  unset LIBTORCH_ROOT
  run
  expect status 0
  expect out 'usage: ./unaided'
  run help
  expect out 'setup ?--cuda?'
  expect_text "$(ls -A "$XDG_CACHE_HOME" "$tree/build" 2>/dev/null)" ''
}

scenario_an_unusable_cache_folder_is_named() {
  touch "$work/home/file"
  XDG_CACHE_HOME=$work/home/file run x
  expect status 2
  expect err "making $work/home/file/unaided failed: no permission; see XDG_CACHE_HOME."
  HOME='' XDG_CACHE_HOME='' run x
  expect status 2
  expect err 'HOME is not set'
}

scenario_presets_work_with_and_without_the_launcher() {
  UNAIDED_PRESET=dev run x
  expect out 'program 1: x/'
  expect_text "$(ls "$tree/build")" dev
  (cd "$tree" && cmake --preset release && cmake --build --preset release) >"$out" 2>&1 ||
    fail 'the preset fails without the launcher'
  UNAIDED_PRESET=bogus run x
  expect status 2
  expect err 'configuring the build failed'
  UNAIDED_PRESET='../..' run x
  expect status 2
  expect err 'is not a preset'
}

scenario_test_runs_ctest_and_ends_with_its_summary() {
  run test
  expect status 0
  expect out '100% tests passed'
  run test -R no-such-test
  expect status 1
  forbid cmake
  run x # the tests stay built
  expect out 'program 1: x/'
}

scenario_an_unusable_libtorch_is_refused_in_a_sentence() {
  make_libtorch "$work/old" 10
  LIBTORCH_ROOT=$work/old run x
  expect status 2
  expect err "LibTorch 2.10.0 in $work/old is too old: 2.11 or newer is needed."
  LIBTORCH_ROOT=$work run x
  expect status 2
  expect_text "$(<"$err")" "unaided: LIBTORCH_ROOT=$work holds no LibTorch: $(
  )there is no lib/libtorch_cpu.so in it."
}

scenario_nothing_is_written_to_a_checkout_that_is_not_ours() {
  local before
  if is_root; then chown -R 12345 "$tree"; else chmod -R a-w "$tree"; fi
  before=$(find "$tree" | sort)
  run first
  expect out 'program 1: first/'
  forbid cmake
  run second
  expect out 'program 1: second/'
  expect_text "$(find "$tree" | sort)" "$before"
  run clean
  chmod -R u+w "$tree"
}

scenario_sudo_in_a_users_checkout_is_refused() {
  is_root || { skip 'needs root' && return; }
  chown -R 12345 "$tree"
  SUDO_UID=12345 run x
  expect status 2
  expect err 'run it without sudo'
  expect_text "$(ls -A "$XDG_CACHE_HOME" "$tree/build" 2>/dev/null)" ''
}

scenario_missing_packages_are_installed_by_root() {
  is_root || { skip 'needs root' && return; }
  hide_package mold
  run x
  expect status 0
  expect err 'missing packages: mold'
  expect err 'Need to get 3 MB'
  expect_text "$(grep -c '^install.* mold$' "$work/apt.log")" 1
}

scenario_missing_packages_are_named_to_a_user() {
  hide_package mold
  fake sudo 'exit 1'
  as_user run x
  expect status 2
  expect err 'sudo apt-get install -y --no-install-recommends'
  expect err ' mold'
}

scenario_another_machine_gets_one_sentence() {
  # shellcheck disable=SC2016
  fake uname 'echo Darwin arm64'
  run x
  expect status 2
  expect_text "$(<"$err")" \
    'unaided: unaided needs Linux on x86_64 (Debian 12 is tried); this is Darwin arm64.'
}

scenario_a_full_disk_is_named() {
  local mount=(unshare -m)
  is_root || mount=(unshare -rm)
  "${mount[@]}" true 2>/dev/null || { skip 'needs a mount namespace' && return; }
  unset LIBTORCH_ROOT
  mkdir -p "$XDG_CACHE_HOME"
  # shellcheck disable=SC2016
  run_in=("${mount[@]}" bash -c 'mount -t tmpfs -o size=8m none "$XDG_CACHE_HOME" && "$@"' -)
  run x
  expect status 2
  expect err 'LibTorch needs 2000 MB free'
  run setup --cuda
  expect err 'LibTorch needs 5500 MB free'
  export LIBTORCH_ROOT=$work/libtorch
  run setup --toolkit
  expect status 2
  expect err 'nvcc needs 600 MB free'
}

scenario_the_toolkit_has_an_environment_of_its_own() {
  local found
  make_wheels
  export PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=$work/wheels
  run setup --toolkit # beside a LibTorch that is not ours
  expect status 0
  expect err "nvcc into $XDG_CACHE_HOME/unaided/toolkit: 123 MB to fetch, 350 MB on disk"
  found=$(echo "$XDG_CACHE_HOME"/unaided/toolkit/lib/python3*/site-packages/nvidia/cu13/bin/nvcc)
  [[ -e $found ]] || fail "$found is missing"
  expect_text "$(ls "$XDG_CACHE_HOME/unaided")" 'setup.lock
toolkit'
  rm -rf "$work/wheels"
  run setup --toolkit
  expect status 0
  run clean --builds
  [[ -e $found ]] || fail 'nvcc was not kept'
  unset PIP_CONFIG_FILE PIP_NO_INDEX PIP_FIND_LINKS
}

scenario_a_setup_for_a_gpu_fetches_both_and_stays() {
  run setup --cuda
  expect status 2
  expect err 'LIBTORCH_ROOT is set, so its LibTorch is used: unset it.'
  unset LIBTORCH_ROOT
  make_wheels
  export PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=$work/wheels
  run setup --cuda
  expect status 0
  expect err '2.5 GB to fetch, 4.0 GB on disk'
  expect err 'nvidia-cudnn-cu13==9.20.0.48'
  expect err '123 MB to fetch'
  rm -rf "$work/wheels"
  rm "$tree/build/release/.fresh"
  run x # nothing goes back to the smaller set
  expect status 0
  expect out 'program 1: x/'
  unset PIP_CONFIG_FILE PIP_NO_INDEX PIP_FIND_LINKS
}

scenario_doctor_works_before_anything_is_built() {
  LIBTORCH_ROOT='' run doctor
  expect status 2
  expect out 'missing: ./unaided setup (540 MB'
  expect out 'not built: ./unaided setup'
  run x
  run doctor
  expect out 'LibTorch * 2.13.0 * ok'
  expect out "program *$tree/build/release *ok"
}

scenario_clean_frees_everything_unless_a_session_runs() {
  run x
  head -c 3000000 /dev/zero >"$tree/build/some"
  mkdir -p "$XDG_CACHE_HOME/unaided/venv" "$XDG_RUNTIME_DIR/unaided"
  echo wheels >"$XDG_CACHE_HOME/unaided/venv/kept"
  listen "$XDG_RUNTIME_DIR/unaided/one.sock"
  run clean
  expect status 2
  expect err 'a session is running'
  stop_listening
  run clean --builds
  expect out 'freed [1-9]* MB, kept LibTorch'
  [[ -e $XDG_CACHE_HOME/unaided/venv/kept && ! -e $tree/build ]] || fail 'wrong things freed'
  run clean
  expect status 0
  [[ ! -e $XDG_CACHE_HOME/unaided/venv ]] || fail 'LibTorch was not freed'
  run clean everything
  expect status 2
}

# One environment through all of its accidents, since making one takes seconds.
scenario_a_setup_that_was_cut_off_is_finished() {
  unset LIBTORCH_ROOT
  make_wheels
  export PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=$work/wheels

  mv "$work/wheels/nvidia_cuda_cupti-13.0.85-py3-none-any.whl" "$work"
  run x # as without a network, after the first wheel
  expect status 2
  expect err '540 MB to fetch, 1.2 GB on disk'
  expect err 'fetching nvidia-cuda-cupti==13.0.85 failed'

  rm "$work"/wheels/torch-* # never asked for again
  listen 0
  PIP_NO_INDEX='' PIP_INDEX_URL=http://127.0.0.1:$(<"$work/port")/ interrupt_when "$work/accepted" x
  stop_listening
  expect status 130
  expect err 'the next run goes on from here'

  echo tampered >"$work/wheels/nvidia_cuda_cupti-13.0.85-py3-none-any.whl"
  run x
  expect status 2

  mv "$work/nvidia_cuda_cupti-13.0.85-py3-none-any.whl" "$work/wheels"
  run x
  expect status 0
  expect out 'program 1: x/'
  forbid cmake
  rm -rf "$work/wheels"
  run y # everything is there: no pip, no cmake
  expect out 'program 1: y/'
  expect_text "$(<"$err")" ''
  unset PIP_CONFIG_FILE PIP_NO_INDEX PIP_FIND_LINKS
}

# --- A checkout around a program of one file ----------------------------------------------------

begin() { # scenario
  name=${1#scenario_} && name=${name//_/ }
  tree="$work/a checkout/$1" launcher=$tree/unaided
  out=$work/out err=$work/err run_in=()
  rm -rf "${work:?}"/{bin,home,apt.log}
  mkdir -p "$work/bin" "$work/home" "$tree/harness"
  cp -r "$checkout/unaided" "$checkout/cmake" "$checkout/CMakePresets.json" "$tree"
  cat >"$tree/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(stub LANGUAGES CXX)
include(CTest)
include(cmake/libtorch.cmake)
file(GLOB sources CONFIGURE_DEPENDS harness/*.cpp)
add_executable(unaided ${sources})
add_test(NAME runs COMMAND unaided)
END
  stub_program 1
  export HOME=$work/home XDG_CACHE_HOME="$work/home/ca che" XDG_RUNTIME_DIR=$work/home/run
  export XDG_STATE_HOME=$work/home/state LIBTORCH_ROOT=$work/libtorch
  unset UNAIDED_PRESET SUDO_UID
}

stub_program() { # version
  cat >"$tree/harness/main.cpp" <<END
#include <cstdio>
int main(int, char** argv) {
  std::printf("program $1: ");
  while (*++argv) std::printf("%s/", *argv);
  std::puts("");
}
END
}

make_libtorch() { # folder, minor version
  mkdir -p "$1/lib" "$1/include/torch/headeronly"
  touch "$1/lib/libtorch_cpu.so" "$1/lib/libc10.so"
  printf '#define TORCH_VERSION_%s %s\n' MAJOR 2 MINOR "$2" PATCH 0 \
    >"$1/include/torch/headeronly/version.h"
  printf '#define TORCH_VERSION \\\n  "2.%s.0"\n' "$2" >>"$1/include/torch/headeronly/version.h"
}

make_wheels() { # and the requirements that name them
  make_libtorch "$work/torch" 13
  mkdir -p "$work/nvidia/cu13/bin"
  touch "$work/nvidia/cu13/bin/nvcc"
  /usr/bin/python3 - "$work" "$tree/cmake" <<'END'
import hashlib, os, sys, zipfile
work, cmake = sys.argv[1:]
torch = ("torch", "2.13.0", "torch")
sets = {
    "cpu": [torch, ("nvidia-cuda-cupti", "13.0.85", None)],
    "cuda": [torch, ("nvidia-cudnn-cu13", "9.20.0.48", None)],
    "toolkit": [("nvidia-cuda-nvcc", "13.0.88", "nvidia")],
}
os.mkdir(f"{work}/wheels")

def make_wheel(name, version, content):
    stem = f"{name.replace('-', '_')}-{version}"
    path = f"{work}/wheels/{stem}-py3-none-any.whl"
    if os.path.exists(path):
        return path
    with zipfile.ZipFile(path, "w") as wheel:
        for folder, _, files in os.walk(f"{work}/{content}" if content else ""):
            for file in files:
                whole = os.path.join(folder, file)
                wheel.write(whole, os.path.relpath(whole, work))
        wheel.writestr(f"{stem}.dist-info/METADATA",
                       f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{stem}.dist-info/WHEEL",
                       "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return path

for kind, wheels in sets.items():
    with open(f"{cmake}/requirements-{kind}.txt", "w") as lines:
        for name, version, content in wheels:
            data = open(make_wheel(name, version, content), "rb").read()
            lines.write(f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(data).hexdigest()}\n")
END
}

# --- Running it ---------------------------------------------------------------------------------

run() { # arguments; sets status
  PATH=$work/bin:$PATH "${run_in[@]}" "$launcher" "$@" >"$out" 2>"$err" </dev/null
  status=$?
}

as_user() { # a call of run
  is_root && run_in=(setpriv --reuid 65534 --regid 65534 --clear-groups) && chown -R 65534 "$HOME"
  "$@"
}

interrupt_when() { # file that appears when it is time, arguments of the launcher; sets status
  local sign=$1 tries=0
  shift
  set -m # gives the launcher a process group of its own, as a terminal does
  "$launcher" "$@" >"$out" 2>"$err" </dev/null &
  set +m
  until [[ -e $sign || $((tries += 1)) -gt 300 ]]; do sleep 0.1; done
  kill -INT -- "-$!"
  wait $!
  status=$?
}

fake() { # command, its body
  printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

forbid() { fake "$1" "echo '$1 was called' >&2; exit 99"; }

hide_package() { # until the fake apt-get has installed it
  # shellcheck disable=SC2016
  fake dpkg-query '
    dpkg=/usr/bin/dpkg-query
    [[ -e $0.installed ]] && exec $dpkg "$@"
    $dpkg "$@" | grep -v " '"$1"'$"'
  fake dpkg ''
  # shellcheck disable=SC2016
  fake apt-get '
    case $* in
      *--print-uris) echo "Need to get 3 MB of archives." ;;
      *) echo "$*" >>"'"$work"'/apt.log" ;;&
      install*) touch "'"$work"'/bin/dpkg-query.installed" ;;
    esac'
}

listen() { # a socket's path, or 0 for a TCP port, which goes to $work/port
  rm -f "$work/accepted" "$work/port"
  /usr/bin/python3 - "$1" "$work" <<'END' &
import pathlib, socket, sys
where, work = sys.argv[1], pathlib.Path(sys.argv[2])
server = socket.socket(socket.AF_INET if where == "0" else socket.AF_UNIX)
server.bind(("127.0.0.1", 0) if where == "0" else where)
server.listen()
(work / "port.new").write_text(str(server.getsockname()[1]) if where == "0" else where)
(work / "port.new").rename(work / "port")
connections = []
while True:
    connections.append(server.accept())
    (work / "accepted").touch()
END
  listener=$!
  until [[ -e $work/port ]]; do sleep 0.1; done
}

stop_listening() {
  kill "$listener"
  wait "$listener" 2>/dev/null
}

is_root() { [[ $EUID -eq 0 ]]; }

# --- Judging it ---------------------------------------------------------------------------------

expect() { # status N; or out or err, and a glob that must match within one line of it
  local line
  [[ $1 != status ]] || { expect_text "$status" "$2" && return; }
  while read -r line; do
    # shellcheck disable=SC2053  # the right side is a glob
    [[ $line != *$2* ]] || { ok && return; }
  done <"${!1}"
  fail "$1 lacks \"$2\""
}

expect_text() { # text, expected text
  if [[ $1 == "$2" ]]; then ok; else fail "expected \"$2\", got \"$1\""; fi
}

ok() { passed=$((passed + 1)); }

skip() {
  echo "skipped: $name: $1"
  skipped=$((skipped + 1))
}

fail() {
  failed=$((failed + 1))
  echo "FAILED: $name (line ${BASH_LINENO[1]}): $1"
  sed 's/^/    /' "$out" "$err" | tail -n 15
}

main
