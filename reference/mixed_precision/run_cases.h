#pragma once

// Runs that can be saved: an optimizer and a trainer that hold numbers and do nothing.

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "crash_disk.h"
#include "level2.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace run_cases {

using Reason = kata::CheckpointError::Reason;
using support::RandomTensors;
using Tensors = std::vector<torch::Tensor>;

class StillOptimizer : public kata::Optimizer {
 public:
  StillOptimizer(Tensors parameters, Tensors state)
      : parameters_(std::move(parameters)), state_(std::move(state)) {}

  Tensors parameters() const override { return parameters_; }
  Tensors state() const override { return state_; }
  void zero_grad() override { support::fail("zero_grad() was called"); }
  void step() override { support::fail("step() was called"); }

 private:
  Tensors parameters_, state_;
};

class StillTrainer : public kata::Trainer {
 public:
  kata::StepReport step(const kata::Batch& /*batch*/) override {
    support::fail("Trainer::step() was called");
    return {};
  }
  kata::ScalerState scaler() const override { return now; }
  void set_scaler(const kata::ScalerState& state) override {
    now = state;
    ++set;
  }

  kata::ScalerState now;
  int set = 0;
};

/// Copies of all that a checkpoint holds.
struct Numbers {
  Tensors tensors;  // parameters, then state
  kata::ScalerState scaler;
};

inline bool same_bits(const torch::Tensor& got, const torch::Tensor& expected) {
  const torch::Tensor a = got.detach().contiguous(), b = expected.detach().contiguous();
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  return a.numel() == 0 || std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

inline bool same(const kata::ScalerState& a, const kata::ScalerState& b) {
  return std::memcmp(&a.scale, &b.scale, sizeof a.scale) == 0 && a.good_steps == b.good_steps;
}

/// A run of given tensors.
struct TrainingRun {
  TrainingRun(Tensors parameters, Tensors state, const kata::ScalerState& scaler)
      : optimizer(std::move(parameters), std::move(state)) {
    trainer.now = scaler;
  }

  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  Tensors tensors() const {
    Tensors all = optimizer.parameters();
    for (const torch::Tensor& t : optimizer.state()) all.push_back(t);
    return all;
  }

  Numbers numbers() const {
    Numbers copy{{}, trainer.now};
    for (const torch::Tensor& t : tensors()) copy.tensors.push_back(t.detach().clone());
    return copy;
  }

  std::string name_of(std::size_t tensor) const {
    const std::size_t parameters = optimizer.parameters().size();
    return tensor < parameters ? "parameter " + std::to_string(tensor)
                               : "state tensor " + std::to_string(tensor - parameters);
  }

  bool is(const Numbers& numbers) const {
    const Tensors all = tensors();
    bool equal = same(trainer.now, numbers.scaler);
    for (std::size_t i = 0; equal && i < all.size(); ++i) {
      equal = same_bits(all[i], numbers.tensors[i]);
    }
    return equal;
  }

  void expect(const std::string& when, const Numbers& numbers) const {
    if (is(numbers)) return;
    const Tensors all = tensors();
    for (std::size_t i = 0; i < all.size(); ++i) {
      step_cases::expect_same_bytes(name_of(i) + " " + when, all[i], numbers.tensors[i]);
    }
    step_cases::expect_that(same(trainer.now, numbers.scaler),
                            "the scaler " + when + " is " + step_cases::text(trainer.now) +
                                ", expected " + step_cases::text(numbers.scaler));
  }

  void save(kata::Disk& disk, const std::string& name = "run") const {
    kata::save_checkpoint(disk, name, optimizer, trainer);
  }

  void load(const kata::Disk& disk, const std::string& name = "run") {
    kata::load_checkpoint(disk, name, optimizer, trainer);
  }

  /// Loads it; it must be there and have these numbers.
  void expect_loaded(const std::string& what, const kata::Disk& disk, const std::string& name,
                     const Numbers& numbers) {
    try {
      load(disk, name);
    } catch (const std::exception& e) {
      return support::fail("loading " + what +
                           " threw an exception: " + std::string(e.what()).substr(0, 200));
    }
    expect("of " + what + " after load_checkpoint", numbers);
  }

  StillOptimizer optimizer;
  StillTrainer trainer;
};

/// Parameters (2, 3), float32, and (3), float64; state of the same shapes and a counter.
struct SmallRun : TrainingRun {
  explicit SmallRun(RandomTensors& random)
      : TrainingRun(
            {step_cases::parameter(random.normal({2, 3})),
             step_cases::parameter(random.normal({3}, torch::kFloat64))},
            {random.normal({2, 3}), random.normal({3}, torch::kFloat64),
             torch::tensor(random.integer(0, 1 << 20))},
            {static_cast<double>(random.integer(1, 1 << 20)) / 3, random.integer(0, 1 << 20)}) {}
};

/// As the bytes of a file that the attempt writes for this run.
inline std::string saved(const TrainingRun& run, const std::string& name = "run") {
  crash_disk::CrashDisk disk;
  run.save(disk, name);
  return disk.read(name).value_or("");
}

inline const char* text(Reason reason) {
  switch (reason) {
    case Reason::kMissing:
      return "kMissing";
    case Reason::kForeign:
      return "kForeign";
    case Reason::kVersion:
      return "kVersion";
    case Reason::kDamaged:
      return "kDamaged";
    case Reason::kMismatch:
      return "kMismatch";
  }
  return "?";
}

/// Loading must throw CheckpointError with this reason and leave the run as it is. False if not.
inline bool expect_refused(const std::string& what, TrainingRun& run, const kata::Disk& disk,
                           const std::string& name, Reason reason) {
  const Numbers before = run.numbers();
  const int set = run.trainer.set;
  const std::string wanted = ": expected CheckpointError with " + std::string(text(reason));
  std::string problem;
  try {
    run.load(disk, name);
    problem = wanted + ", but it was loaded";
  } catch (const kata::CheckpointError& e) {
    if (e.reason() != reason) {
      problem = wanted + ", got " + text(e.reason()) + " (" + std::string(e.what()) + ")";
    } else if (std::string(e.what()).find(name) == std::string::npos) {
      problem = ": what() does not contain the file's name: " + std::string(e.what());
    }
  } catch (const std::exception& e) {
    problem = wanted + ", got another exception: " + std::string(e.what()).substr(0, 200);
  }
  if (problem.empty() && (!run.is(before) || run.trainer.set != set)) {
    problem = " was refused, but a tensor has changed or set_scaler() was called";
  }
  if (problem.empty()) return true;
  support::fail("loading " + what + problem);
  return false;
}

/// As above, for a file with these contents.
inline bool expect_refused_bytes(const std::string& what, TrainingRun& run,
                                 const std::string& bytes, Reason reason) {
  crash_disk::CrashDisk disk;
  disk.put("some-file", bytes);
  return expect_refused(what, run, disk, "some-file", reason);
}

}  // namespace run_cases
