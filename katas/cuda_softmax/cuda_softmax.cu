#include <cstdint>
#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

void softmax(const float* /*x*/, float* /*y*/, std::int64_t /*rows*/, std::int64_t /*columns*/,
             cudaStream_t /*stream*/) {
  // TODO: a kernel, and its launch: kernel<<<blocks, threads, 0, stream>>>(…)
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void softmax_rows(const float* /*x*/, std::int64_t /*x_stride*/, float* /*y*/,
                  std::int64_t /*y_stride*/, std::int64_t /*rows*/, std::int64_t /*columns*/,
                  cudaStream_t /*stream*/) {
  // TODO: rows lie apart; where are −∞, and how often is x read?
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata
