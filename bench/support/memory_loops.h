#pragma once

#include <cstddef>

namespace unaided::bench {

/// The fastest plain ways through memory that this processor's vectors allow. Arrays are aligned to
/// 64 bytes, counts are multiples of 64.
void stream_copy(const float* from, float* to, std::size_t count);  // past the caches
float stream_read(const float* from, std::size_t count);            // the sum
void stream_update(float* values, std::size_t count);               // each read and written

}  // namespace unaided::bench
