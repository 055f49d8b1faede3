#pragma once

#include <vector>

#include "support/kernel.h"

namespace unaided::bench {

/// What the tests, the self-test and the smoke test measure: "planted", which is honest, and one
/// "planted_<cheat>" for each thing that has fooled a benchmark, in which the attempt does it. Each
/// call makes cheats that remember nothing yet.
std::vector<Kernel> planted_kernels();

/// A cheat's kernel and, in a few words, what it does.
struct Cheat {
  Kernel kernel;
  const char* text;
};
std::vector<Cheat> planted_cheats();

}  // namespace unaided::bench
