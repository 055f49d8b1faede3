# Finds LibTorch and makes the imported targets libtorch::cpu (torch_cpu, c10) and, where the
# libraries of a GPU are installed too, libtorch::cuda.
#
# find_package(Torch) of PyPI's wheel fails where nvcc is absent, and where nvcc is there but no GPU
# is, so the targets are made here. Searched in this order: LIBTORCH_ROOT (cache variable, then
# environment), the project's environment in the cache folder, the torch of the active python3.
set(LIBTORCH_ROOT "" CACHE PATH "An unpacked LibTorch or a site-packages/torch")
set(libtorch_version_min 2.11)

function(list_libtorch_candidates result)
  set(cache_home "$ENV{XDG_CACHE_HOME}")
  if(NOT IS_ABSOLUTE "${cache_home}")
    set(cache_home "$ENV{HOME}/.cache")
  endif()
  file(GLOB found "${cache_home}/unaided/venv/lib/python3*/site-packages/torch")
  if(NOT found)
    execute_process(
      COMMAND python3 -c "import importlib.util as u; print(*u.find_spec('torch').submodule_search_locations)"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

if(LIBTORCH_ROOT)
  set(libtorch_candidates "${LIBTORCH_ROOT}")
elseif(NOT "$ENV{LIBTORCH_ROOT}" STREQUAL "")
  set(libtorch_candidates "$ENV{LIBTORCH_ROOT}")
else()
  list_libtorch_candidates(libtorch_candidates)
endif()

set(libtorch_root "")
foreach(candidate IN LISTS libtorch_candidates)
  if(EXISTS "${candidate}/lib/libtorch_cpu.so")
    set(libtorch_root "${candidate}")
    break()
  endif()
endforeach()
if(NOT libtorch_root)
  # A leading space keeps CMake from breaking the line.
  message(FATAL_ERROR " No LibTorch found (looked at: ${libtorch_candidates}): "
                      "run ./unaided setup, or set LIBTORCH_ROOT to an unpacked LibTorch.")
endif()

# The header of 2.11 and later; the other one is that of the versions that are refused.
set(version_lines "")
foreach(header headeronly/version.h csrc/api/include/torch/version.h)
  if(NOT version_lines AND EXISTS "${libtorch_root}/include/torch/${header}")
    file(STRINGS "${libtorch_root}/include/torch/${header}" version_lines
         REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  endif()
endforeach()
string(REGEX MATCHALL "[0-9]+" LIBTORCH_VERSION "${version_lines}")
list(JOIN LIBTORCH_VERSION "." LIBTORCH_VERSION)
if(LIBTORCH_VERSION VERSION_LESS libtorch_version_min)
  message(FATAL_ERROR " LibTorch ${LIBTORCH_VERSION} in ${libtorch_root} is too old: "
                      "${libtorch_version_min} or newer is needed.")
endif()
message(STATUS "LibTorch ${LIBTORCH_VERSION} in ${libtorch_root}")

set(LIBTORCH_INCLUDE_DIRS "${libtorch_root}/include"
                          "${libtorch_root}/include/torch/csrc/api/include")
set(LIBTORCH_LIB_DIR "${libtorch_root}/lib")

add_library(libtorch::c10 SHARED IMPORTED)
set_target_properties(libtorch::c10 PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_LIB_DIR}/libc10.so"
  INTERFACE_INCLUDE_DIRECTORIES "${LIBTORCH_INCLUDE_DIRS}")
add_library(libtorch::cpu SHARED IMPORTED)
set_target_properties(libtorch::cpu PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_LIB_DIR}/libtorch_cpu.so"
  INTERFACE_LINK_LIBRARIES libtorch::c10)

# The wheel always carries libtorch_cuda.so; it can be loaded only where cuDNN and the rest are too.
file(GLOB libtorch_cudnn "${LIBTORCH_LIB_DIR}/libcudnn.so*"
                         "${libtorch_root}/../nvidia/cudnn/lib/libcudnn.so*")
if(libtorch_cudnn AND EXISTS "${LIBTORCH_LIB_DIR}/libtorch_cuda.so")
  message(STATUS "LibTorch can use a GPU")
  file(GLOB cuda_include_dirs "${libtorch_root}/../nvidia/cu[0-9]*/include")
  add_library(libtorch::c10_cuda SHARED IMPORTED)
  set_target_properties(libtorch::c10_cuda PROPERTIES
    IMPORTED_LOCATION "${LIBTORCH_LIB_DIR}/libc10_cuda.so"
    INTERFACE_INCLUDE_DIRECTORIES "${cuda_include_dirs}")
  add_library(libtorch::cuda SHARED IMPORTED)
  # Nothing calls it by name: it registers its kernels when it is loaded, so it must stay linked.
  set_target_properties(libtorch::cuda PROPERTIES
    IMPORTED_LOCATION "${LIBTORCH_LIB_DIR}/libtorch_cuda.so"
    INTERFACE_LINK_OPTIONS "LINKER:--no-as-needed"
    INTERFACE_LINK_LIBRARIES "libtorch::c10_cuda;libtorch::cpu")
endif()
