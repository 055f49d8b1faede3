#!/usr/bin/env bash
# Whether every .cu file here compiles with nvcc, for all architectures that harness/cuda_toolkit.h
# names. No card is needed; without nvcc it skips (77).
# usage: device_code_test.sh CHECKOUT
set -uo pipefail

cd -- "${1:?usage: device_code_test.sh CHECKOUT}" || exit 2
wheels=${XDG_CACHE_HOME:-$HOME/.cache}/unaided/toolkit/lib
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

main() {
  local nvcc failed=0 files
  nvcc=$(find_nvcc) || { echo 'skipped: there is no nvcc: ./unaided setup --toolkit' && exit 77; }
  write_compile "$nvcc"
  mapfile -t files < <(find bench katas reference -name '*.cu' | sort)
  if [[ ${#files[@]} -gt 0 ]]; then
    printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash "$work/compile" || failed=1
  fi
  echo "${#files[@]} files for $(architectures | paste -sd' '): failed=$failed"
  [[ $failed -eq 0 ]]
}

find_nvcc() {
  local candidate
  for candidate in "$(command -v nvcc)" /usr/local/cuda/bin/nvcc \
    "$wheels"/python3*/site-packages/nvidia/cu*/bin/nvcc; do
    [[ ! -x $candidate ]] || { echo "$candidate" && return; }
  done
  return 1
}

architectures() {
  sed -n '/kArchitectures\[\] =/s/[^0-9]\+/\n/gp' harness/cuda_toolkit.h | grep .
}

# shellcheck disable=SC2016  # what is quoted is the other script's
# Writes the script that compiles one file: the headers of its kata are those of its folder.
write_compile() { # nvcc
  local architecture
  {
    printf 'file=$1\nkata=$(echo "$file" | cut -d/ -f2)\n'
    printf '%q -std=c++20 -O3 -w -ccbin clang++ -Xcompiler -fPIC' "$1"
    for architecture in $(architectures); do
      printf ' -gencode arch=compute_%s,code=sm_%s' "$architecture" "$architecture"
    done
    printf ' -Ibench -Ireference -I"katas/$kata" -c "$file" -o "%s/$$.o"' "$work"
    printf ' || { echo "failed: $file"; exit 1; }\nrm -f "%s/$$.o"\n' "$work"
  } >"$work/compile"
}

main
