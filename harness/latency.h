#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "installation.h"
#include "kata.h"

namespace unaided {

/// The middle and the tail of repeated measurements.
struct Spread {
  double median = 0;
  double p95 = 0;
};
Spread spread_of(std::vector<double> samples_ms);

/// How fast the loop answers on one kata, beside what a candidate would have without it.
struct LatencyFigures {
  std::string kata;
  int rounds = 0;
  int checks = 0;                   // per save, all levels
  Spread save_to_verdict_ms;        // from the save to the last verdict of all levels
  Spread first_verdict_ms;          // from the save to the first check's verdict
  Spread compile_ms;                // the part of it that compiler and linker take
  Spread compile_error_ms;          // from the save of a type error to the verdict
  std::vector<double> attempts_ms;  // of each alternate and mutant: the median to all verdicts
  double plain_build_ms = 0;        // CMake + g++ + torch/torch.h + gtest_main: rebuild and run
  double import_torch_ms = 0;       // python3 -c 'import torch'; 0 when that does not work here
  std::string import_torch_reason;  // why not
};

/// Saves the reference `rounds` times into a watched folder and measures what follows, with the
/// same watch and grader that a session uses; between the rounds, saves with a type error. Throws
/// Fault when the reference does not pass: a figure for a wrong answer is worth nothing.
///
/// With `attempts`, each alternate and mutant is saved as well, a few times, passing or not: the
/// reference is one author's text, and what others write need not be as quick to compile.
LatencyFigures measure_latency(const Installation& installation, const Kata& kata, int rounds,
                               bool attempts);

/// Adds what a candidate would have without the harness: takes a minute or more.
void measure_plain_build(const Installation& installation, const Kata& kata,
                         LatencyFigures& figures);
void measure_import_torch(const Installation& installation, LatencyFigures& figures);

nlohmann::json latency_to_json(const LatencyFigures& figures);
std::string render_latency(const LatencyFigures& figures);
/// One line on what other authors' texts take, of one kata or of several together.
std::string render_attempts(const std::vector<double>& medians_ms);

}  // namespace unaided
