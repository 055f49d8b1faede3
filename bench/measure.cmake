# unaided_measure: how kernels are timed, and unaided-bench, the process in which that happens.
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(highway REQUIRED IMPORTED_TARGET libhwy)

# Measures the memory's limits with the vectors of this machine, so it is compiled as fast rungs are.
add_library(unaided_memory_loops OBJECT support/memory_loops.cpp)
target_include_directories(unaided_memory_loops PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_memory_loops PRIVATE PkgConfig::highway unaided_warnings)
target_compile_options(unaided_memory_loops PRIVATE -O3)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(unaided_memory_loops PRIVATE -march=x86-64-v2 -maes -mpclmul)
endif()

add_library(unaided_measure STATIC
  support/attempt_library.cpp support/cuda_device.cpp support/device_kernel.cpp
  support/device_measurement.cpp support/device_roofline.cpp support/device_rung.cpp
  support/device_series.cpp support/device_timing.cpp support/disturbances.cpp support/gate.cpp support/heap.cpp
  support/input_sets.cpp support/measurement.cpp support/planted.cpp support/roofline.cpp
  support/rounds.cpp support/self_test.cpp support/setting.cpp support/timed_rung.cpp
  $<TARGET_OBJECTS:unaided_memory_loops>)
target_include_directories(unaided_measure PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(unaided_measure
  PUBLIC libtorch::cpu unaided_harness
  PRIVATE benchmark::benchmark PkgConfig::highway ${CMAKE_DL_LIBS} unaided_warnings)
# LibTorch brings headers of another fmt than the library that the distribution has.
target_compile_definitions(unaided_measure PUBLIC FMT_HEADER_ONLY)
target_precompile_headers(unaided_measure PRIVATE <torch/types.h> <nlohmann/json.hpp> <fmt/format.h>)

add_executable(unaided-bench main.cpp ${PROJECT_SOURCE_DIR}/harness/worker/filter.cpp)
target_include_directories(unaided-bench PRIVATE ${PROJECT_SOURCE_DIR}/harness)
target_link_libraries(unaided-bench
  PRIVATE unaided_measure unaided_kernels CLI11::CLI11 PkgConfig::seccomp unaided_warnings)
set_target_properties(unaided-bench PROPERTIES
  ENABLE_EXPORTS ON BUILD_RPATH "${LIBTORCH_LIB_DIR}" RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  add_executable(unaided_bench_measure_test measure_test.cpp)
  target_link_libraries(unaided_bench_measure_test
    PRIVATE unaided_measure GTest::gtest unaided_warnings)
  set_target_properties(unaided_bench_measure_test PROPERTIES BUILD_RPATH "${LIBTORCH_LIB_DIR}")
  add_test(NAME measure COMMAND unaided_bench_measure_test)
  # How a card is timed, on a device with a clock of its own.
  add_executable(unaided_bench_device_test device_test.cpp)
  target_link_libraries(unaided_bench_device_test
    PRIVATE unaided_measure unaided_kernels GTest::gtest_main unaided_warnings)
  set_target_properties(unaided_bench_device_test PROPERTIES BUILD_RPATH "${LIBTORCH_LIB_DIR}")
  target_compile_definitions(unaided_bench_device_test PRIVATE
    UNAIDED_BENCH_ATTEMPTS="${CMAKE_CURRENT_BINARY_DIR}/attempts")
  add_test(NAME device COMMAND unaided_bench_device_test)
  # The contracts of katas in CUDA, with loops in the place of a card: <kernel>_<kata>_level<K>.so.
  file(GLOB contracts CONFIGURE_DEPENDS */contract_cuda_*.cpp)
  foreach(file IN LISTS contracts)
    string(REGEX MATCH "([a-z0-9_]+)/contract_([a-z0-9_]+)_(level[1-4])\\.cpp$" parts ${file})
    set(kata ${CMAKE_MATCH_2})
    set(name ${CMAKE_MATCH_1}_${kata}_${CMAKE_MATCH_3})
    add_library(bench_attempt_${name} MODULE ${file} card_stand_in.cpp)
    target_include_directories(bench_attempt_${name} PRIVATE
      ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/katas/${kata})
    target_link_libraries(bench_attempt_${name} PRIVATE libtorch::cpu unaided_warnings)
    set_target_properties(bench_attempt_${name} PROPERTIES
      PREFIX "" OUTPUT_NAME ${name} BUILD_RPATH "${LIBTORCH_LIB_DIR}"
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/attempts)
    add_dependencies(unaided_bench_device_test bench_attempt_${name})
  endforeach()
  # Each kernel's smallest problem through the whole command.
  add_test(NAME bench COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/smoke_test.sh $<TARGET_FILE:unaided>
                              ${PROJECT_SOURCE_DIR})
  set_tests_properties(measure bench PROPERTIES RUN_SERIAL ON)
endif()
