#include "bench_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const nlohmann::json kKernels = nlohmann::json::parse(R"([
  {"id": "cross_entropy", "text": "loss and gradient", "hidden": false, "fast": null,
   "problems": [{"shape": "256x32000", "dtype": "f32", "tiny": false},
                {"shape": "3x17", "dtype": "f32", "tiny": true}],
   "contracts": [{"kata": "training_step", "level": 2, "function": "cross_entropy",
                  "shapes": []}]},
  {"id": "adamw_step", "text": "one step", "hidden": false, "fast": null,
   "problems": [{"shape": "16x1M", "dtype": "f32", "tiny": false}],
   "contracts": [{"kata": "training_step", "level": 3, "function": "AdamW", "shapes": []}]},
  {"id": "softmax", "text": "of rows", "hidden": false,
   "fast": {"kata": "cuda_softmax", "level": 1, "function": "softmax", "shapes": ["tiny/f32"]},
   "problems": [{"shape": "64x128256", "dtype": "f32", "tiny": false},
                {"shape": "64x128256", "dtype": "bf16", "tiny": false}],
   "contracts": []},
  {"id": "planted", "text": "wrong", "hidden": true, "fast": null, "problems": [], "contracts": []}
])");

std::vector<std::string> names(const std::vector<BenchTarget>& targets) {
  std::vector<std::string> names;
  for (const BenchTarget& target : targets) names.push_back(target.kernel);
  return names;
}

std::string fault_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "no fault";
}

TEST(BenchTarget, IsAKernelOrAllThatAKatasFunctionsAreTimedBy) {
  EXPECT_THAT(names(find_targets(kKernels, "softmax", {})), ElementsAre("softmax"));
  EXPECT_EQ(find_targets(kKernels, "softmax", {})[0].problems, 2);
  EXPECT_EQ(find_targets(kKernels, "softmax", {"", "bf16"})[0].problems, 1);
  EXPECT_THAT(names(find_targets(kKernels, "training_step", {})),
              ElementsAre("cross_entropy", "adamw_step"));
  EXPECT_THAT(names(targets_of_levels(kKernels, "training_step", {3, 3}, {})),
              ElementsAre("adamw_step"));
}

TEST(BenchTarget, OnACardTheExpertsAttemptIsTimedToo) {
  EXPECT_FALSE(find_targets(kKernels, "cross_entropy", {})[0].fast);
  const BenchTarget softmax = find_targets(kKernels, "softmax", {})[0];
  ASSERT_TRUE(softmax.fast);
  EXPECT_EQ(softmax.fast->kata, "cuda_softmax");
  EXPECT_EQ(softmax.fast->kernel, "softmax");
  EXPECT_EQ(softmax.fast->shapes, std::vector<std::string>{"tiny/f32"});
}

TEST(BenchTarget, WhatIsNotThereIsRefusedWithWhatIs) {
  EXPECT_THAT(fault_of([] { find_targets(kKernels, "nonsense", {}); }),
              HasSubstr("kernels: cross_entropy, adamw_step, softmax"));
  EXPECT_THAT(fault_of([] { find_targets(kKernels, "softmax", {"1x1"}); }),
              HasSubstr("has no such shape and dtype"));
  EXPECT_THAT(fault_of([] {
                targets_of_levels(kKernels, "training_step", {1, 1}, {});
              }),
              HasSubstr("level 1 of training_step asks for no function"));
}

TEST(BenchTarget, AnAttemptIsTimedByWhatItDefines) {
  auto targets = find_targets(kKernels, "training_step", {});
  EXPECT_THAT(choose_contracts(targets, "CrossEntropy cross_entropy(…)"),
              ElementsAre("adamw_step: not timed, the attempt does not define `AdamW` "
                          "(training_step, level 3)"));
  EXPECT_THAT(names(targets), ElementsAre("cross_entropy"));
  targets = find_targets(kKernels, "softmax", {});
  EXPECT_THAT(choose_contracts(targets, "anything"),
              ElementsAre("softmax: no kata has a function through which it is timed"));
  EXPECT_TRUE(targets.empty());
}

}  // namespace
}  // namespace unaided
