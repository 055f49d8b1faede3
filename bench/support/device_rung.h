#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "support/device_timing.h"
#include "support/gate.h"
#include "support/input_sets.h"
#include "support/kernel.h"
#include "support/rounds.h"

namespace unaided::bench {

/// Calls `rung` on fresh inputs with freed memory poisoned, and judges what it returns, as seen
/// from the current stream: what another stream has not finished by then is wrong.
void check_on_device(const Problem& problem, const Rung& rung, std::uint64_t seed,
                     Finding& finding);

/// What judge_call() asks, with inputs and outputs on a device.
void judge_on_device(const Problem& problem, const Tensors& before, const Tensors& inputs,
                     const Tensors& outputs, Finding& finding);

/// How calls meet the device's cache.
enum class CacheState { kHot, kFlushed };

/// A rung in the rounds on a device: it takes the next inputs for each call, and the last call of
/// random samples is judged.
class DeviceRung {
 public:
  /// What is wrong is added to `finding`. `overhead_s` is waiting_overhead_s(). References must
  /// outlive it.
  DeviceRung(const Problem& problem, const Rung& rung, InputSets& sets, DeviceQueue& queue,
             CacheState cache, double overhead_s, Finding& finding, std::uint64_t seed);

  /// What run_round() takes, for as long as this lives.
  Contestant contestant(const std::string& name);
  /// Of the sample that has just ended.
  const DeviceSample& sample() const { return sample_; }
  bool failed() const { return !finding_.passed(); }

 private:
  double call();
  void finish(bool last);

  const Problem& problem_;
  const Rung& rung_;
  InputSets& sets_;
  DeviceQueue& queue_;
  CacheState cache_;
  double overhead_s_;
  Finding& finding_;
  std::mt19937_64 random_;
  const Tensors* inputs_ = nullptr;
  Tensors outputs_;
  std::string thrown_;
  std::vector<DeviceTime> times_;
  DeviceSample sample_;
};

}  // namespace unaided::bench
