#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gpu.h"
#include "installation.h"
#include "kata.h"

namespace unaided {

class CancelToken;

/// A contract through which a kernel is timed, as unaided-bench lists it.
struct BenchContract {
  std::string kernel;
  std::string kata;
  int level = 0;
  std::string function;
  std::vector<std::string> shapes;  // that it can express; empty: all
};

/// An attempt as a shared object that unaided-bench can load, or the sentence that says why not.
struct BenchBuild {
  std::filesystem::path library;
  std::string how;      // "clang++ -O3 -march=native, no precompiled header"
  std::string refusal;  // with the compiler's words
  double wall_ms = 0;
};

/// Compiles `source` with bench/<kernel>/contract_<kata>_level<K>.cpp, optimised, in a sandbox.
/// `scratch` is a private folder that must live as long as the library is used. A .cu file is
/// compiled for `gpu`, which is null where the processor is measured. Throws Fault when there is no
/// nvcc.
BenchBuild build_for_bench(const Installation& installation, const Kata& kata,
                           const BenchContract& contract, const std::string& source,
                           const std::filesystem::path& scratch, const Gpu* gpu,
                           const CancelToken* cancel);

/// Of the contracts of one kata and kernel, the highest level whose function `source` mentions;
/// null when it mentions none.
const BenchContract* contract_for(const std::vector<BenchContract>& contracts,
                                  const std::string& source);

}  // namespace unaided
