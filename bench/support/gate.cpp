#include "support/gate.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "support/heap.h"
#include "support/input_sets.h"

namespace unaided::bench {

namespace {

constexpr double kOtherThreadsSecondsMax = 2e-3;
constexpr int kAttemptCalls = 3;

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_of_other_threads() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

bool overlap(const torch::Tensor& a, const torch::Tensor& b) {
  if (!a.defined() || !b.defined() || a.nbytes() == 0 || b.nbytes() == 0) return false;
  const auto* first = static_cast<const char*>(a.storage().data());
  const auto* second = static_cast<const char*>(b.storage().data());
  return first < second + b.storage().nbytes() && second < first + a.storage().nbytes();
}

std::string input_changed(const Problem& problem, const Tensors& before, const Tensors& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool allowed = std::find(problem.in_place.begin(), problem.in_place.end(),
                                   static_cast<int>(i)) != problem.in_place.end();
    if (!allowed && !same_bytes(before[i], inputs[i])) return "it changed its inputs";
  }
  return {};
}

/// What the later calls with the same inputs are held against.
struct Call {
  Tensors before;
  Tensors inputs;
  Tensors outputs;
};

Call call_poisoned(const Problem& problem, const Rung& rung, Tensors before, Tensors inputs,
                   const Tensors& like, Garbage garbage, Finding& finding) {
  Call call{std::move(before), std::move(inputs), {}};
  poison_freed_memory(like, garbage);
  try {
    call.outputs = rung.run(problem, call.inputs);
  } catch (const std::exception& thrown) {
    finding.failure = fmt::format("it threw: {}", thrown.what());
    return call;
  }
  judge_call(problem, call.before, call.inputs, call.outputs, finding);
  return call;
}

Call call_first(const Problem& problem, const Rung& rung, const Tensors& made, Finding& finding) {
  return call_poisoned(problem, rung, cloned(made), cloned(made), made, Garbage::kNotANumber,
                       finding);
}

/// The same inputs at another place, and other garbage in freed memory.
void check_repeats(const Problem& problem, const Rung& rung, const Call& first, Finding& finding) {
  const Tensors held = cloned(first.outputs);
  const Call second = call_poisoned(problem, rung, cloned(first.before), cloned(first.before),
                                    first.outputs, Garbage::kNumbers, finding);
  if (!finding.passed()) return;
  for (const torch::Tensor& output : second.outputs) {
    for (const torch::Tensor& earlier : first.outputs) {
      if (overlap(output, earlier)) finding.failure = "its results share memory with earlier ones";
    }
  }
  if (!same_bytes(held, first.outputs)) finding.failure = "it changed a result of an earlier call";
  if (at::get_num_threads() == 1 && !same_bytes(held, second.outputs)) {
    finding.failure = "equal inputs gave different results when freed memory held other garbage";
  }
}

/// Other contents at the same addresses, then contents that differ in a small part.
void check_unseen(const Problem& problem, const Rung& rung, std::uint64_t seed, Finding& finding) {
  InputSets sets(problem, 1, seed);
  Tensors like;
  for (int i = 0; i < kAttemptCalls && finding.passed(); ++i) {
    Tensors inputs = sets.next();
    const Call call = call_poisoned(problem, rung, cloned(inputs), inputs, like,
                                    i % 2 == 0 ? Garbage::kNotANumber : Garbage::kNumbers, finding);
    like = call.outputs;
  }
}

}  // namespace

std::string shared_memory(const Problem& problem, const Tensors& inputs, const Tensors& outputs) {
  for (std::size_t i = problem.in_place.size(); i < outputs.size(); ++i) {
    for (const torch::Tensor& input : inputs) {
      if (overlap(outputs[i], input)) return "its result shares memory with an input";
    }
  }
  return {};
}

void judge_call(const Problem& problem, const Tensors& before, const Tensors& inputs,
                const Tensors& outputs, Finding& finding) {
  ++finding.calls_checked;
  if (std::any_of(outputs.begin(), outputs.end(), [](const auto& t) { return !t.defined(); })) {
    finding.failure = "it returned an undefined tensor";
    return;
  }
  const Tensors seen = cloned(outputs);
  finding.failure = shared_memory(problem, inputs, outputs);
  if (finding.passed()) finding.failure = input_changed(problem, before, inputs);
  if (!finding.passed()) return;
  const double error = problem.error(before, seen);
  finding.error = std::max(finding.error, error);
  if (!(error <= problem.error_max)) {
    finding.failure = std::isfinite(error)
                          ? fmt::format("its result is wrong: off by {:.3g}, allowed are {:.3g}",
                                        error, problem.error_max)
                          : "its result is wrong: not a number, or not of the right shape";
  } else if (!same_bytes(seen, outputs)) {
    finding.failure = "its result changed after it had returned";
  }
}

void check_once(const Problem& problem, const Rung& rung, const Tensors& made, Finding& finding) {
  call_first(problem, rung, made, finding);
}

void check_attempt(const Problem& problem, const Rung& rung, std::uint64_t seed, Finding& finding) {
  const Tensors made = problem.make_inputs(seed);
  const ThreadWatch watch(at::get_num_threads());
  const Call first = call_first(problem, rung, made, finding);
  if (!finding.passed()) return;
  check_repeats(problem, rung, first, finding);
  if (finding.passed()) check_unseen(problem, rung, seed + 1, finding);
  if (finding.passed()) finding.failure = watch.complaint();
}

int thread_count() {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                                        std::filesystem::directory_iterator()));
}

ThreadWatch::ThreadWatch(int threads)
    : threads_(threads), count_(thread_count()), others_s_(seconds_of_other_threads()) {}

std::string ThreadWatch::complaint() const {
  const int appeared = thread_count() - count_;
  if (appeared > 0 && (threads_ == 1 || appeared >= threads_)) {
    return fmt::format("it started {} thread{}; {} allowed", appeared, appeared == 1 ? "" : "s",
                       threads_ == 1 ? "none is" : fmt::format("{} are", threads_ - 1));
  }
  const double others = seconds_of_other_threads() - others_s_;
  if (threads_ == 1 && others > kOtherThreadsSecondsMax) {
    return fmt::format("other threads worked {:.1f} ms for it", others * 1e3);
  }
  return {};
}

}  // namespace unaided::bench
