#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "support/gate.h"
#include "support/input_sets.h"
#include "support/kernel.h"
#include "support/rounds.h"

namespace unaided::bench {

/// A rung in the rounds: it takes the next inputs for each call, and at random rounds, one of the
/// first among them, memory is poisoned and the last call of the sample is judged.
class TimedRung {
 public:
  /// What is wrong is added to `finding`. All arguments must outlive it.
  TimedRung(const Problem& problem, const Rung& rung, InputSets& sets, Finding& finding,
            std::uint64_t seed);

  /// What run_round() takes, for as long as this lives.
  Contestant contestant(const std::string& name);
  bool failed() const { return !finding_.passed(); }

 private:
  void prepare();
  void call();
  void finish(bool last);
  void judge();

  const Problem& problem_;
  const Rung& rung_;
  InputSets& sets_;
  Finding& finding_;
  std::mt19937_64 random_;
  int samples_ = 0;
  int first_judged_;
  bool judged_ = false;  // this sample
  bool begun_ = false;
  std::optional<ThreadWatch> watch_;
  const Tensors* inputs_ = nullptr;
  Tensors before_;
  Tensors outputs_;
  std::string thrown_;
};

}  // namespace unaided::bench
