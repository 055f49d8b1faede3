// The measuring, measured: how much equal things differ on this machine, whether a slowdown of the
// size that is said to be detectable is detected, how often equal things are called different, and
// whether each known cheat is caught.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/heap.h"

namespace unaided::bench {

/// One thing that was tried.
struct Trial {
  std::string text;
  bool passed = true;
};

/// Takes about a minute. `progress` hears what is tried next and what part is done.
std::vector<Trial> run_self_test(PeakMemory& memory,
                                 const std::function<void(const std::string&, double)>& progress);

}  // namespace unaided::bench
