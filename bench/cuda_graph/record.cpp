// CUDA graphs by LibTorch's own hand, which knows how its allocator must behave meanwhile. Of the
// bench this alone needs CUDA's headers, so it is a library of its own, opened at run time beside
// libtorch_cuda.so, whose symbols it leaves open.
#include <ATen/cuda/CUDAGraph.h>

#include <functional>
#include <memory>

namespace {

using Work = std::function<void()>;

Work record(const Work& work) {
  const auto graph = std::make_shared<at::cuda::CUDAGraph>();
  graph->capture_begin();
  try {
    work();
  } catch (...) {
    try {
      graph->capture_end();  // the stream must leave the recording, whatever became of it
    } catch (const c10::Error&) {
    }
    throw;
  }
  graph->capture_end();
  return [graph] { graph->replay(); };
}

}  // namespace

extern "C" void unaided_record_cuda_graph(const Work* work, Work* replay) {
  *replay = record(*work);
}
