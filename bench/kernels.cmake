# unaided_kernels: what is timed. A kernel is a folder here that has a kernel.cpp.
find_package(PkgConfig REQUIRED)
pkg_check_modules(highway REQUIRED IMPORTED_TARGET libhwy)

file(GLOB kernel_folders CONFIGURE_DEPENDS */kernel.cpp)
list(TRANSFORM kernel_folders REPLACE "/kernel.cpp$" "")
file(GLOB card_sources CONFIGURE_DEPENDS */card_kernel.cpp)  # timed on a card alone
set(tensor_sources "")
set(naive_sources "")
set(fast_sources "")
foreach(folder IN LISTS kernel_folders)
  list(APPEND tensor_sources ${folder}/kernel.cpp ${folder}/composed.cpp ${folder}/libtorch.cpp)
  list(APPEND naive_sources ${folder}/naive.cpp)
  list(APPEND fast_sources ${folder}/fast.cpp)
endforeach()

# Plain loops, compiled as an attempt is when it is timed.
add_library(unaided_naive_rungs OBJECT ${naive_sources})
target_include_directories(unaided_naive_rungs PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_naive_rungs PRIVATE unaided_warnings)
target_compile_options(unaided_naive_rungs PRIVATE -O3 -march=native)

# Each is compiled once for every instruction set and chosen from at run time. What Highway takes
# for granted on x86 is what SSE4 processors have; without it, its fallback has one lane. Arrays of
# vectors rule out the instruction sets whose vectors have no size at compile time.
add_library(unaided_fast_rungs OBJECT ${fast_sources} support/simd.cpp)
target_include_directories(unaided_fast_rungs PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_fast_rungs PRIVATE PkgConfig::highway unaided_harness unaided_warnings)
target_compile_definitions(unaided_fast_rungs PRIVATE
  "HWY_DISABLED_TARGETS=(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128|HWY_RVV)")
target_compile_options(unaided_fast_rungs PRIVATE -O3)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(unaided_fast_rungs PRIVATE -march=x86-64-v2 -maes -mpclmul)
endif()

add_library(unaided_kernels STATIC
  ${tensor_sources} sampling/oracle.cpp support/attention_backend.cpp support/backend.cpp
  support/float64_error.cpp support/kernels.cpp support/random_tensors.cpp ${card_sources}
  $<TARGET_OBJECTS:unaided_naive_rungs> $<TARGET_OBJECTS:unaided_fast_rungs>)
target_include_directories(unaided_kernels PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_kernels
  PUBLIC libtorch::cpu unaided_harness PRIVATE PkgConfig::highway unaided_warnings)
target_precompile_headers(unaided_kernels PRIVATE <torch/types.h>)

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  add_executable(unaided_bench_kernels_test kernels_test.cpp)
  target_link_libraries(unaided_bench_kernels_test
    PRIVATE unaided_kernels GTest::gtest_main ${CMAKE_DL_LIBS} unaided_warnings)
  target_compile_definitions(unaided_bench_kernels_test PRIVATE
    UNAIDED_BENCH_ATTEMPTS="${CMAKE_CURRENT_BINARY_DIR}/attempts")
  set_target_properties(unaided_bench_kernels_test PROPERTIES BUILD_RPATH "${LIBTORCH_LIB_DIR}")
  add_test(NAME kernels COMMAND unaided_bench_kernels_test)

  # The references as attempts: <kernel>_<kata>_level<K>.so of each contract's file.
  file(GLOB contracts CONFIGURE_DEPENDS */contract_*.cpp)
  list(FILTER contracts EXCLUDE REGEX "/contract_cuda_")  # of a card
  foreach(file IN LISTS contracts)
    string(REGEX MATCH "([a-z0-9_]+)/contract_([a-z0-9_]+)_(level[1-4])\\.cpp$" parts ${file})
    set(kernel ${CMAKE_MATCH_1})
    set(kata ${CMAKE_MATCH_2})
    set(level ${CMAKE_MATCH_3})
    if(NOT TARGET bench_reference_${kata})
      add_library(bench_reference_${kata} OBJECT ${PROJECT_SOURCE_DIR}/reference/${kata}/${kata}.cpp)
      target_include_directories(bench_reference_${kata} PUBLIC ${PROJECT_SOURCE_DIR}/katas/${kata})
      target_link_libraries(bench_reference_${kata} PUBLIC libtorch::cpu)
    endif()
    set(name ${kernel}_${kata}_${level})
    add_library(bench_attempt_${name} MODULE ${file} $<TARGET_OBJECTS:bench_reference_${kata}>)
    target_include_directories(bench_attempt_${name} PRIVATE
      ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/katas/${kata})
    target_link_libraries(bench_attempt_${name} PRIVATE libtorch::cpu unaided_warnings)
    set_target_properties(bench_attempt_${name} PROPERTIES
      PREFIX "" OUTPUT_NAME ${name} BUILD_RPATH "${LIBTORCH_LIB_DIR}"
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/attempts)
    add_dependencies(unaided_bench_kernels_test bench_attempt_${name})
  endforeach()

  # The converse: fast rungs as attempts, <kernel>_as_<kata>.so, for the kata's hidden checks. What a
  # rung does not have comes from the reference, whose functions of the same names are renamed. Of
  # each there is a spoilt twin, which the checks must refuse.
  set(renamed_attention masked_attention)
  set(renamed_training_step cross_entropy make_adamw)
  add_executable(unaided_bench_judged_test judged_test.cpp)
  target_link_libraries(unaided_bench_judged_test
    PRIVATE unaided_harness GTest::gtest_main unaided_warnings)
  target_compile_definitions(unaided_bench_judged_test PRIVATE
    UNAIDED_ROOT="${PROJECT_SOURCE_DIR}" UNAIDED_BUILD="${PROJECT_BINARY_DIR}"
    UNAIDED_BENCH_ATTEMPTS="${CMAKE_CURRENT_BINARY_DIR}/attempts")
  add_dependencies(unaided_bench_judged_test unaided-worker)
  add_test(NAME judged_kernels COMMAND unaided_bench_judged_test)
  file(GLOB judged CONFIGURE_DEPENDS */fast_as_*.cpp)
  foreach(file IN LISTS judged)
    string(REGEX MATCH "([a-z0-9_]+)/fast_as_([a-z0-9_]+)\.cpp$" parts ${file})
    set(kernel ${CMAKE_MATCH_1})
    set(kata ${CMAKE_MATCH_2})
    if(renamed_${kata} AND NOT TARGET bench_renamed_${kata})
      add_library(bench_renamed_${kata} OBJECT ${PROJECT_SOURCE_DIR}/reference/${kata}/${kata}.cpp)
      target_include_directories(bench_renamed_${kata} PRIVATE ${PROJECT_SOURCE_DIR}/katas/${kata})
      target_link_libraries(bench_renamed_${kata} PRIVATE libtorch::cpu)
      foreach(function IN LISTS renamed_${kata})
        target_compile_definitions(bench_renamed_${kata} PRIVATE ${function}=reference_${function})
      endforeach()
    endif()
    foreach(spoilt 0 1)
      set(name ${kernel}_as_${kata})
      if(spoilt)
        string(APPEND name _spoilt)
      endif()
      add_library(bench_${name} MODULE ${file})
      if(renamed_${kata})
        target_sources(bench_${name} PRIVATE $<TARGET_OBJECTS:bench_renamed_${kata}>)
      endif()
      target_include_directories(bench_${name} PRIVATE ${PROJECT_SOURCE_DIR}/katas/${kata})
      target_compile_definitions(bench_${name} PRIVATE UNAIDED_SPOILT=${spoilt})
      target_link_libraries(bench_${name} PRIVATE unaided_kernels unaided_warnings)
      target_link_options(bench_${name} PRIVATE -Wl,--exclude-libs,ALL)
      set_target_properties(bench_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} BUILD_RPATH "${LIBTORCH_LIB_DIR}"
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/attempts)
      add_dependencies(unaided_bench_judged_test bench_${name} ${kata}_checks)
    endforeach()
  endforeach()
endif()
