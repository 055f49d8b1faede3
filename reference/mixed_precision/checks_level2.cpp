#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "checks_level2_crash.h"
#include "checks_level2_damage.h"
#include "checks_level2_errors.h"
#include "crash_disk.h"
#include "level2.h"
#include "run_cases.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using crash_disk::CrashDisk;
using run_cases::Numbers;
using run_cases::SmallRun;
using run_cases::Tensors;
using run_cases::TrainingRun;
using step_cases::expect_that;
using step_cases::parameter;
using support::RandomTensors;

namespace {

/// float32 or float64 numbers with every special one, NaNs with a payload among them.
template <typename Float, typename Bits>
torch::Tensor special(torch::ScalarType dtype, Bits quiet_nan) {
  using Limits = std::numeric_limits<Float>;
  torch::Tensor t = torch::empty({9}, dtype);
  Float* e = t.data_ptr<Float>();
  const Float values[] = {0,
                          -Float{0},
                          Limits::infinity(),
                          -Limits::infinity(),
                          Limits::denorm_min(),
                          Limits::max(),
                          Float{1} / 3,
                          0,
                          0};
  std::copy(std::begin(values), std::end(values), e);
  const Bits payloads[] = {quiet_nan | 0x1234, static_cast<Bits>(~Bits{0})};
  std::memcpy(e + 7, payloads, sizeof payloads);
  return t;
}

/// All forms that a tensor may have, with numbers of their own each time.
Tensors all_forms(RandomTensors& random) {
  const torch::Tensor wide = random.normal({4, 6});
  return {special<float>(torch::kFloat32, std::uint32_t{0x7fc00000}),
          special<double>(torch::kFloat64, std::uint64_t{0x7ff8000000000000}),
          random.normal({3, 5}, torch::kFloat64).t(),
          wide.slice(1, random.integer(0, 1), 6, 2),
          random.normal({2, 3, 4}).permute({2, 0, 1}),
          random.normal({7}).to(torch::kFloat16),
          random.normal({2, 2}).to(torch::kBFloat16),
          torch::tensor((std::int64_t{1} << 53) + 1 + 2 * random.integer(0, 9)),  // no double
          torch::full({2}, std::numeric_limits<std::int64_t>::min(), torch::kInt64),
          random.coins({9}),
          random.coins({70001}),  // more than 16 bits count
          random.normal({5}).mul(100).to(torch::kInt32),
          random.normal({6}).mul(40).to(torch::kInt8),
          random.normal({6}).abs().mul(60).to(torch::kUInt8),
          torch::empty({0, 3}),
          torch::empty({2, 0}, torch::kInt64),
          random.normal({}),
          random.normal({1, 1, 1, 1, 1, 2}),
          random.normal({300})};
}

/// Other numbers of the same forms and strides.
Tensors zeros_like(const Tensors& tensors) {
  Tensors zeros;
  for (const torch::Tensor& t : tensors) {
    zeros.push_back(torch::empty_strided(t.sizes(), t.strides(), t.options()).zero_());
  }
  return zeros;
}

std::int64_t bytes_of(const Tensors& tensors) {
  std::int64_t bytes = 0;
  for (const torch::Tensor& t : tensors) bytes += static_cast<std::int64_t>(t.nbytes());
  return bytes;
}

TrainingRun example_run(double a, double b, double c, double state,
                        const kata::ScalerState& scaler) {
  return {{parameter(torch::tensor({a, b, c}, torch::kFloat32))},
          {torch::tensor({state}, torch::kFloat32)},
          scaler};
}

}  // namespace

TEST(Checkpoint, EXAMPLE_ComesBack) {
  const TrainingRun run = example_run(1, -0.0, std::nan(""), 0.5, {1024, 3});
  TrainingRun other = example_run(7, 8, 9, 10, {2, 0});
  kata::MemoryDisk disk;
  run.save(disk);
  other.expect_loaded("the checkpoint", disk, "run", run.numbers());
}

TEST(DamagedFile, EXAMPLE_IsRefused) {
  TrainingRun run = example_run(1, -0.0, std::nan(""), 0.5, {1024, 3});
  kata::MemoryDisk disk;
  run.save(disk);
  disk.files["notes"] = "hello";
  disk.files["cut"] = disk.files["run"].substr(0, disk.files["run"].size() - 1);
  run_cases::expect_refused("a file with the text hello", run, disk, "notes",
                            run_cases::Reason::kForeign);
  run_cases::expect_refused("a checkpoint without its last byte", run, disk, "cut",
                            run_cases::Reason::kDamaged);
  run_cases::expect_refused("a file that is not there", run, disk, "none",
                            run_cases::Reason::kMissing);
}

TEST(Checkpoint, IsBitExactForEveryForm) {
  RandomTensors random;
  const Tensors parameters{parameter(random.normal({3, 4})), parameter(random.normal({4, 3}).t()),
                           parameter(special<float>(torch::kFloat32, std::uint32_t{0x7fc00000})),
                           parameter(random.normal({2}, torch::kFloat64), /*frozen=*/true)};
  const TrainingRun run(parameters, all_forms(random), {0.1, (std::int64_t{1} << 53) + 1});
  const Numbers numbers = run.numbers();
  CrashDisk disk;
  run.save(disk);
  run.expect("after it was saved", numbers);
  expect_that(run.trainer.set == 0, "save_checkpoint called set_scaler()");

  const std::string bytes = disk.read("run").value_or("");
  expect_that(static_cast<std::int64_t>(bytes.size()) >= bytes_of(run.tensors()),
              "the file has " + std::to_string(bytes.size()) + " bytes, its tensors alone " +
                  std::to_string(bytes_of(run.tensors())));
  CrashDisk elsewhere;  // the file alone holds the checkpoint
  elsewhere.put("copy", bytes);
  TrainingRun other(zeros_like(parameters), zeros_like(run.optimizer.state()), {1, 0});
  other.expect_loaded("a copy on another disk", elsewhere, "copy", numbers);
  expect_that(other.trainer.set == 1,
              "set_scaler() was called " + std::to_string(other.trainer.set) + " times, not once");
}

TEST(Checkpoint, KeepsScalersExactly) {
  RandomTensors random;
  SmallRun reader(random);
  for (const kata::ScalerState& scaler : std::vector<kata::ScalerState>{
           {1.0 / 3, 0}, {5e-324, 1}, {16777217, std::int64_t{1} << 62}, {1e300, 2147483648}}) {
    SmallRun run(random);
    run.trainer.now = scaler;
    CrashDisk disk;
    run.save(disk);
    reader.expect_loaded("the checkpoint", disk, "run", run.numbers());
  }
}

TEST(Checkpoint, OfNoTensorsAndOfMany) {
  RandomTensors random;
  for (const int count : {0, 300}) {
    Tensors tensors;
    for (int i = 0; i < count; ++i) tensors.push_back(random.normal({i % 2}));
    const TrainingRun run({}, tensors, {8, 5});
    TrainingRun other({}, zeros_like(tensors), {1, 0});
    CrashDisk disk;
    run.save(disk);
    const std::string what = "a checkpoint of " + std::to_string(count) + " tensors";
    other.expect_loaded(what, disk, "run", run.numbers());
  }
}

TEST(Checkpoint, IsLoadedInPlace) {
  RandomTensors random;
  const SmallRun run(random);
  SmallRun other(random);
  const torch::Tensor strided = random.normal({3, 2}).t();
  const auto parameters = other.optimizer.parameters();
  TrainingRun target({parameters[0], parameters[1]},
                     {strided, other.tensors()[3], other.tensors()[4]}, {1, 0});
  target.tensors()[1].requires_grad_(false);
  parameters[0].mutable_grad() = random.normal({2, 3});
  const torch::Tensor gradient = parameters[0].grad().clone();
  std::vector<const void*> memory;
  for (const torch::Tensor& t : target.tensors()) memory.push_back(t.const_data_ptr());
  CrashDisk disk;
  run.save(disk);
  target.expect_loaded("the checkpoint", disk, "run", run.numbers());
  const Tensors now = target.tensors();
  for (std::size_t i = 0; i < now.size(); ++i) {
    expect_that(now[i].const_data_ptr() == memory[i],
                target.name_of(i) +
                    " lies in other memory after load_checkpoint, expected the same: views of it "
                    "must see the numbers");
    expect_that(now[i].is_leaf() && now[i].requires_grad() == (i == 0),
                target.name_of(i) + " has is_leaf " + (now[i].is_leaf() ? "true" : "false") +
                    " and requires_grad " + (now[i].requires_grad() ? "true" : "false") +
                    " after load_checkpoint, expected true and " + (i == 0 ? "true" : "false"));
  }
  expect_that(strided.strides() == torch::IntArrayRef({1, 2}),
              "state tensor 0 has other strides after load_checkpoint");
  if (!now[0].grad().defined()) return support::fail("parameter 0 has lost its gradient");
  step_cases::expect_same_bytes("the gradient of parameter 0 after load_checkpoint", now[0].grad(),
                                gradient);
}

TEST(Checkpoint, IsReplacedByTheNext) {
  RandomTensors random;
  CrashDisk disk;
  for (const std::int64_t size : {40, 3, 200, 0, 1}) {  // shorter ones after longer ones
    const TrainingRun run({parameter(random.normal({size}))}, {}, {2, size});
    TrainingRun other({parameter(torch::zeros({size}))}, {}, {1, 0});
    run.save(disk);
    other.expect_loaded("the latest of several checkpoints", disk, "run", run.numbers());
  }
}

TEST(Checkpoint, ResumesBitForBit) {
  RandomTensors random;
  const auto start = [&] { return step_cases::random_regression(random); };
  const step_cases::Regression a = start(), b = start();
  kata::Linear model_a = a.model(), model_b = b.model();
  kata::Sgd sgd_a(a.parameters(), 0.05, 0.9), sgd_b(b.parameters(), 0.05, 0.9);
  const kata::TrainerOptions options{.initial_scale = 64, .growth_interval = 3};
  const auto trainer_a = kata::make_trainer(model_a, sgd_a, options);
  const auto trainer_b = kata::make_trainer(model_b, sgd_b, options);
  for (int step = 0; step < 4; ++step) trainer_a->step(start().batch);
  for (int step = 0; step < 2; ++step) trainer_b->step(start().batch);  // has its own past
  CrashDisk disk;
  kata::save_checkpoint(disk, "run", sgd_a, *trainer_a);
  kata::load_checkpoint(disk, "run", sgd_b, *trainer_b);
  for (int step = 0; step < 5; ++step) {
    const kata::Batch batch = start().batch;
    const kata::StepReport first = trainer_a->step(batch), second = trainer_b->step(batch);
    const std::string when = " in step " + std::to_string(step) + " after a resume at step 4";
    step_cases::expect_same_bytes("weight" + when, b.weight, a.weight);
    step_cases::expect_same_bytes("bias" + when, b.bias, a.bias);
    expect_that(first.scale == second.scale, "scale is " + support::number(second.scale) + when +
                                                 ", expected " + support::number(first.scale));
  }
}
