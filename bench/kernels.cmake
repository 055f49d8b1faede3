# unaided_kernels: what is timed. A kernel is a folder here that has a kernel.cpp.
find_package(PkgConfig REQUIRED)
pkg_check_modules(highway REQUIRED IMPORTED_TARGET libhwy)

file(GLOB kernel_files CONFIGURE_DEPENDS */kernel.cpp)
set(kernel_sources "")
set(highway_sources "")
foreach(file IN LISTS kernel_files)
  get_filename_component(folder ${file} DIRECTORY)
  list(APPEND kernel_sources ${file} ${folder}/naive.cpp ${folder}/composed.cpp
                             ${folder}/libtorch.cpp)
  list(APPEND highway_sources ${folder}/fast.cpp)
endforeach()

# Each is compiled once for every instruction set and chosen from at run time. What Highway takes
# for granted on x86 is what SSE4 processors have; without it, its fallback has one lane.
add_library(unaided_fast_rungs OBJECT ${highway_sources} support/simd.cpp)
target_include_directories(unaided_fast_rungs PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_fast_rungs PRIVATE PkgConfig::highway unaided_harness unaided_warnings)
target_compile_options(unaided_fast_rungs PRIVATE -O3)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(unaided_fast_rungs PRIVATE -march=x86-64-v2 -maes -mpclmul)
endif()

add_library(unaided_kernels STATIC
  ${kernel_sources} support/kernels.cpp support/float64_error.cpp support/random_tensors.cpp
  support/backend.cpp support/attention_backend.cpp sampling/oracle.cpp
  $<TARGET_OBJECTS:unaided_fast_rungs>)
target_include_directories(unaided_kernels PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_kernels
  PUBLIC libtorch::cpu unaided_harness PRIVATE PkgConfig::highway unaided_warnings)
target_precompile_headers(unaided_kernels PRIVATE <torch/types.h>)

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  add_executable(unaided_bench_kernels_test kernels_test.cpp)
  target_link_libraries(unaided_bench_kernels_test
    PRIVATE unaided_kernels GTest::gtest_main unaided_warnings)
  set_target_properties(unaided_bench_kernels_test PROPERTIES BUILD_RPATH "${LIBTORCH_LIB_DIR}")
  add_test(NAME kernels COMMAND unaided_bench_kernels_test)
endif()
