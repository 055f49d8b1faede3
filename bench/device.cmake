# unaided-cuda-graph.so: see cuda_graph/record.cpp. Built where CUDA's headers lie beside LibTorch;
# elsewhere kernels are timed on a card without the series of graphs.
get_filename_component(cuda_neighbours ${LIBTORCH_LIB_DIR}/../../nvidia ABSOLUTE)
file(GLOB cuda_headers ${cuda_neighbours}/cu[0-9]*/include/cuda_runtime_api.h
                       ${cuda_neighbours}/cuda_runtime/include/cuda_runtime_api.h)
if(cuda_headers AND EXISTS ${LIBTORCH_LIB_DIR}/libtorch_cuda.so)
  list(GET cuda_headers 0 cuda_header)
  get_filename_component(cuda_include ${cuda_header} DIRECTORY)
  add_library(unaided-cuda-graph MODULE cuda_graph/record.cpp)
  target_include_directories(unaided-cuda-graph SYSTEM PRIVATE ${cuda_include})
  target_link_libraries(unaided-cuda-graph PRIVATE libtorch::cpu unaided_warnings)
  set_target_properties(unaided-cuda-graph PROPERTIES
    PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endif()
