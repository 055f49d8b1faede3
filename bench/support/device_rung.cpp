#include "support/device_rung.h"

#include <exception>

#include "support/device_kernel.h"

namespace unaided::bench {

namespace {

constexpr int kWarmCalls = 1;  // what ran before has left the cache to others
constexpr int kPoisonedBlocks = 3;
constexpr int kPoison = 0xFF;              // NaN in every floating format
constexpr std::uint64_t kJudgedOneIn = 5;  // samples

/// Fills freed blocks of the sizes of `like`, on its device, so that who returns memory that it has
/// not written returns NaN.
void poison_freed_memory_of(const Tensors& like) {
  Tensors blocks;
  for (const torch::Tensor& tensor : like) {
    for (int i = 0; tensor.defined() && i < kPoisonedBlocks; ++i) {
      const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
      blocks.push_back(torch::empty({bytes}, tensor.options().dtype(torch::kByte)).fill_(kPoison));
    }
  }
}

}  // namespace

void judge_on_device(const Problem& problem, const Tensors& before, const Tensors& inputs,
                     const Tensors& outputs, Finding& finding) {
  const std::string shared = shared_memory(problem, inputs, outputs);
  judge_call(problem, moved(before, torch::kCPU), moved(inputs, torch::kCPU),
             moved(outputs, torch::kCPU), finding);
  if (finding.passed()) finding.failure = shared;
}

void check_on_device(const Problem& problem, const Rung& rung, std::uint64_t seed,
                     Finding& finding) {
  const Tensors inputs = problem.make_inputs(seed);
  const Tensors before = cloned(inputs);
  poison_freed_memory_of(inputs);
  try {
    const Tensors outputs = rung.run(problem, inputs);
    judge_on_device(problem, before, inputs, outputs, finding);
  } catch (const std::exception& thrown) {
    finding.failure = std::string("it threw: ") + thrown.what();
  }
}

DeviceRung::DeviceRung(const Problem& problem, const Rung& rung, InputSets& sets,
                       DeviceQueue& queue, CacheState cache, double overhead_s, Finding& finding,
                       std::uint64_t seed)
    : problem_(problem),
      rung_(rung),
      sets_(sets),
      queue_(queue),
      cache_(cache),
      overhead_s_(overhead_s),
      finding_(finding),
      random_(seed) {}

Contestant DeviceRung::contestant(const std::string& name) {
  Contestant made;
  made.name = name;
  made.prepare = [] {};
  made.timed_call = [this] { return call(); };
  made.finish = [this](bool last) { finish(last); };
  made.warm_calls = kWarmCalls;
  return made;
}

double DeviceRung::call() {
  outputs_.clear();
  const auto prelude = [this] {
    inputs_ = &sets_.next();
    if (cache_ == CacheState::kFlushed) queue_.flush_cache();
  };
  const auto work = [this] {
    try {
      outputs_ = rung_.run(problem_, *inputs_);
    } catch (const std::exception& thrown) {
      thrown_ = std::string("it threw: ") + thrown.what();
    }
  };
  times_.push_back(time_call(queue_, prelude, work));
  return times_.back().events_s;
}

void DeviceRung::finish(bool last) {
  if (!last) return;
  times_.erase(times_.begin(), times_.begin() + kWarmCalls);
  sample_ = judge_times(times_, overhead_s_);
  times_.clear();
  if (thrown_.empty() && problem_.in_place.empty() && random_() % kJudgedOneIn == 0) {
    Finding finding;
    judge_on_device(problem_, sets_.expected(), *inputs_, outputs_, finding);
    finding_.calls_checked += finding.calls_checked;
    finding_.error = std::max(finding_.error, finding.error);
    if (finding_.passed()) finding_.failure = finding.failure;
  }
  if (finding_.passed()) finding_.failure = thrown_;
}

}  // namespace unaided::bench
