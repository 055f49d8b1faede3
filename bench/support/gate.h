// Whether a rung may be timed at all. Each rule here has fooled some harness: answers remembered by
// address or by content, answers found in memory that the reference had freed, inputs destroyed,
// work finished by a thread after the clock had stopped. What is asked of a rung before its timing
// is asked again after it, and at random calls in between, so a rung that is right only when it is
// looked at is found out.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "support/kernel.h"

namespace unaided::bench {

/// What was found out about one rung.
struct Finding {
  std::string failure;  // one sentence without a full stop; empty: all was right
  double error = 0;     // the largest seen
  std::int64_t calls_checked = 0;

  bool passed() const { return failure.empty(); }
};

/// Calls `rung` with copies of `made`, freed memory poisoned, and judges what it returns.
void check_once(const Problem& problem, const Rung& rung, const Tensors& made, Finding& finding);

/// Calls an attempt with inputs from fresh seeds, in every way that has fooled somebody.
void check_attempt(const Problem& problem, const Rung& rung, std::uint64_t seed, Finding& finding);

/// Why outputs are not memory of their own (what is changed in place aside); empty when they are.
std::string shared_memory(const Problem& problem, const Tensors& inputs, const Tensors& outputs);

/// Judges one call that has just returned: `before` are its inputs as they were, `inputs` as they
/// are. The outputs are looked at at once, before a thread could finish them.
void judge_call(const Problem& problem, const Tensors& before, const Tensors& inputs,
                const Tensors& outputs, Finding& finding);

/// How many threads this process has.
int thread_count();

/// Notices work on other threads: those that have appeared, and processor time that the calling
/// thread did not use while the clock ran.
class ThreadWatch {
 public:
  /// `threads` is how many may work: 1 allows none but the caller.
  explicit ThreadWatch(int threads);
  /// One sentence, or nothing when all was done by those allowed.
  std::string complaint() const;

 private:
  int threads_;
  int count_;
  double others_s_;
};

}  // namespace unaided::bench
