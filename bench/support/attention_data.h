#pragma once

#include <cstddef>
#include <cstdint>

namespace unaided::bench {

/// The bits of a bfloat16: the upper half of a float32's.
using Bfloat16 = std::uint16_t;

/// Of keys and values; there may be more query heads than that.
struct AttentionSizes {
  std::size_t heads;
  std::size_t length;
};

}  // namespace unaided::bench
