#include "support/timed_rung.h"

#include <ATen/Parallel.h>

#include <exception>

#include "support/disturbances.h"
#include "support/heap.h"

namespace unaided::bench {

namespace {

constexpr std::uint64_t kFirstJudgedMax = 3;  // the first is one of so many samples
constexpr std::uint64_t kJudgedOneIn = 5;     // of the others

}  // namespace

TimedRung::TimedRung(const Problem& problem, const Rung& rung, InputSets& sets, Finding& finding,
                     double judging_s_max, std::uint64_t seed)
    : problem_(problem),
      rung_(rung),
      sets_(sets),
      finding_(finding),
      judging_s_left_(judging_s_max),
      random_(seed),
      first_judged_(static_cast<int>(random_() % kFirstJudgedMax)) {}

Contestant TimedRung::contestant(const std::string& name) {
  return {name, [this] { prepare(); }, [this] { call(); }, [this](bool last) { finish(last); }};
}

bool TimedRung::is_judged() {
  const bool by_chance = random_() % kJudgedOneIn == 0;
  return samples_ == first_judged_ || (by_chance && judging_s_left_ > 0);
}

void TimedRung::prepare() {
  if (!begun_) {
    begun_ = true;
    judged_ = is_judged();
    watch_.emplace(at::get_num_threads());
    if (judged_ && !outputs_.empty()) {
      const Tensors like = std::move(outputs_);
      poison_freed_memory(like, Garbage::kNotANumber);
    }
  }
  outputs_.clear();
  inputs_ = &sets_.next();
  if (!judged_ || problem_.in_place.empty()) return;
  sets_.restore();  // other rungs have moved what an attempt may keep a copy of
  before_ = cloned(*inputs_);
}

void TimedRung::call() {
  try {
    outputs_ = rung_.run(problem_, *inputs_);
  } catch (const std::exception& thrown) {
    thrown_ = std::string("it threw: ") + thrown.what();
  }
}

void TimedRung::finish(bool last) {
  if (!last) return;
  if (judged_ && thrown_.empty()) judge();
  if (finding_.passed()) finding_.failure = thrown_;
  if (finding_.passed()) finding_.failure = watch_->complaint();
  const bool untouched = sets_.untouched();
  if (finding_.passed() && !untouched) finding_.failure = "it changed its inputs";
  begun_ = false;
  ++samples_;
}

void TimedRung::judge() {
  const double begin_s = MachineState::now().wall_s;
  Finding finding;
  if (problem_.in_place.empty()) before_ = sets_.expected();
  judge_call(problem_, before_, *inputs_, outputs_, finding);
  before_.clear();
  finding_.calls_checked += finding.calls_checked;
  finding_.error = std::max(finding_.error, finding.error);
  if (finding_.passed()) finding_.failure = finding.failure;
  judging_s_left_ -= MachineState::now().wall_s - begin_s;
}

}  // namespace unaided::bench
