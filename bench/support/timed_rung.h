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
/// first among them, memory is poisoned and the last call of the sample is judged. After every
/// sample all inputs that it was given must be what they were.
class TimedRung {
 public:
  /// What is wrong is added to `finding`. After the first time it is judged no more once that has
  /// taken `judging_s_max`. All that is referred to must outlive it.
  TimedRung(const Problem& problem, const Rung& rung, InputSets& sets, Finding& finding,
            double judging_s_max, std::uint64_t seed);

  /// What run_round() takes, for as long as this lives.
  Contestant contestant(const std::string& name);
  bool failed() const { return !finding_.passed(); }

 private:
  void prepare();
  void call();
  void finish(bool last);
  bool is_judged();
  void judge();

  const Problem& problem_;
  const Rung& rung_;
  InputSets& sets_;
  Finding& finding_;
  double judging_s_left_;
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
