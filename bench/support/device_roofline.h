#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

#include "support/kernel.h"
#include "support/roofline.h"

namespace unaided::bench {

/// How large the loops are that run into a device's limits.
struct DeviceLimitSizes {
  std::int64_t copy_bytes = std::int64_t{512} << 20;  // read, and as many written: past any L2
  std::int64_t matrix_rows = 8192;
};

/// A device has two limits here: a matrix product bounds what is bound by arithmetic, a copy all
/// else. "copy bandwidth", "bf16 matrix product".
std::string device_limit_name(Limit limit, const std::string& dtype);

/// The loop of that limit, on tensors of its own; it queues its work and does not wait.
Roofline make_device_roofline(Limit limit, const std::string& dtype, const torch::Device& device,
                              const DeviceLimitSizes& sizes);

}  // namespace unaided::bench
