#include <cstdint>
#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

void rms_norm(const float* /*x*/, const float* /*weight*/, float* /*y*/, std::int64_t /*rows*/,
              std::int64_t /*columns*/, float /*epsilon*/, cudaStream_t /*stream*/) {
  // TODO: a kernel, and its launch: kernel<<<blocks, threads, 0, stream>>>(…)
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void add_rms_norm(float* /*residual*/, std::int64_t /*residual_stride*/, const float* /*x*/,
                  std::int64_t /*x_stride*/, const float* /*weight*/, float* /*y*/,
                  std::int64_t /*y_stride*/, std::int64_t /*rows*/, std::int64_t /*columns*/,
                  float /*epsilon*/, cudaStream_t /*stream*/) {
  // TODO: one pass adds and measures, another normalises
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata
