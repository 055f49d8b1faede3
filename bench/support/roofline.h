#pragma once

#include <functional>
#include <string>

#include "support/kernel.h"
#include "support/rounds.h"

namespace unaided::bench {

/// "copy bandwidth", "sgemm rate", …
std::string limit_name(Limit limit, const std::string& dtype);

/// A loop that does nothing but run into a limit of the machine, timed beside the rungs.
struct Roofline {
  std::function<void()> run;
  double amount = 0;  // bytes moved, or FLOPs, of one run
};

/// Of `limit` at as many threads as LibTorch has; `cache_bytes` is the last-level cache, which its
/// memory exceeds. `dtype`: of the matrices.
Roofline make_roofline(Limit limit, const std::string& dtype, std::int64_t cache_bytes);

}  // namespace unaided::bench
