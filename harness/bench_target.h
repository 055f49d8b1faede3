#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench_build.h"
#include "level_span.h"

namespace unaided {

/// Which of a kernel's problems are wanted; an empty text stands for all.
struct ProblemChoice {
  std::string shape = {}, dtype = {};
  bool tiny = false;  // the small problems of the tests, or the others
};

/// One kernel to measure.
struct BenchTarget {
  std::string kernel;
  std::vector<BenchContract> contracts;  // by which an attempt at it is timed
  int problems = 0;
  /// On a card: the contract of the kernel's kata in CUDA, by which the expert's attempt is timed.
  std::optional<BenchContract> fast = {};
};

// `kernels` is what list_kernels() gives.

/// The kernel called `what`, or all by which functions of the kata of that name are timed. Throws
/// Fault when there is none, or the kernel has no such problem.
std::vector<BenchTarget> find_targets(const nlohmann::json& kernels, const std::string& what,
                                      const ProblemChoice& choice);

/// All by which functions of those levels of the kata are timed. Throws Fault when there is none.
std::vector<BenchTarget> targets_of_levels(const nlohmann::json& kernels, const std::string& kata,
                                           LevelSpan levels, const ProblemChoice& choice);

/// Leaves each target the one contract through which `source` is timed. Takes out the targets that
/// it defines no function for, and returns a sentence for each of them.
std::vector<std::string> choose_contracts(std::vector<BenchTarget>& targets,
                                          const std::string& source);

/// What can be measured, for a terminal.
std::string render_kernels(const nlohmann::json& kernels);

}  // namespace unaided
