# add_kata(<id> [ROOT folder]) builds the hidden checks of katas/<id> into checks/<id>.so. GoogleTest is compiled
# in from the distribution's sources and hidden with everything else: an attempt can name none of it.
# The checks' objects are kept beside it: what they leave undefined is what each level asks for.
find_path(googletest_source NAMES src/gtest-all.cc
  PATHS /usr/src/googletest/googletest /usr/src/gtest REQUIRED)

add_library(unaided_check_library OBJECT
  ${PROJECT_SOURCE_DIR}/harness/worker/check_library.cpp ${googletest_source}/src/gtest-all.cc)
target_include_directories(unaided_check_library SYSTEM PRIVATE ${googletest_source})
target_compile_options(unaided_check_library PRIVATE -O2)

file(WRITE ${PROJECT_BINARY_DIR}/checks/exports "{ global: unaided_check_library; local: *; };\n")

add_library(unaided_check_headers OBJECT ${PROJECT_BINARY_DIR}/checks/headers.cpp)
file(WRITE ${PROJECT_BINARY_DIR}/checks/headers.cpp "")
target_link_libraries(unaided_check_headers PUBLIC libtorch::cpu)
target_compile_options(unaided_check_headers PRIVATE -O2 -Xclang -fpch-instantiate-templates)
target_precompile_headers(unaided_check_headers PRIVATE
  <gtest/gtest.h> <nlohmann/json.hpp> <torch/types.h>)

function(add_kata id)
  cmake_parse_arguments(kata "" "ROOT" "" ${ARGN})
  if(NOT kata_ROOT)
    set(kata_ROOT ${PROJECT_SOURCE_DIR})
  endif()
  set(reference ${kata_ROOT}/reference/${id})
  file(GLOB checks CONFIGURE_DEPENDS ${reference}/checks_level*.cpp)
  file(GLOB texts CONFIGURE_DEPENDS ${kata_ROOT}/katas/${id}/*.txt)  # that checks may embed
  set(objects "")
  foreach(source IN LISTS checks)
    get_filename_component(name ${source} NAME_WE)
    set(target ${id}_${name})
    add_library(${target} OBJECT ${source})
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${texts}")
    target_include_directories(${target} PRIVATE
      ${PROJECT_SOURCE_DIR}/reference ${kata_ROOT}/katas/${id} ${reference})
    target_link_libraries(${target} PRIVATE libtorch::cpu)
    target_compile_options(${target} PRIVATE -O2 -Xclang -fpch-instantiate-templates)
    target_precompile_headers(${target} REUSE_FROM unaided_check_headers)
    list(APPEND objects $<TARGET_OBJECTS:${target}>)
    string(REPLACE "checks_" "${id}_" object ${name})
    list(APPEND copies COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_OBJECTS:${target}>
                               ${PROJECT_BINARY_DIR}/checks/${object}.o)
  endforeach()
  add_library(${id}_checks MODULE $<TARGET_OBJECTS:unaided_check_library> ${objects})
  target_link_libraries(${id}_checks PRIVATE libtorch::cpu)
  target_link_options(${id}_checks PRIVATE
    -Wl,-z,lazy -Wl,--version-script=${PROJECT_BINARY_DIR}/checks/exports)
  set_target_properties(${id}_checks PROPERTIES
    PREFIX "" OUTPUT_NAME ${id} LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/checks
    BUILD_RPATH "${LIBTORCH_LIB_DIR}")
  add_custom_command(TARGET ${id}_checks POST_BUILD ${copies})
endfunction()
