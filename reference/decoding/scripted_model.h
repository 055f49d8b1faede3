#pragma once

// The model that level 1's checks hand to an attempt: it keeps a record of its calls, hides decoys
// where nobody should look, and sees whether its memory was changed.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "level1.h"
#include "support/logits.h"
#include "support/report.h"

namespace scripted {

using logits::Row;
using report::Facts;
using report::Tokens;

class Model final : public kata::Model {
 public:
  using Next = std::function<Row(const Tokens&)>;

  explicit Model(Next next) : next_(std::move(next)) {}

  /// The logits' entries lie apart in memory.
  Model& strided() {
    contiguous_ = false;
    return *this;
  }

  torch::Tensor forward(const Tokens& tokens) override {
    look_after_memory();
    calls_.push_back(tokens);
    if (calls_.size() > kCallsMax) throw std::runtime_error("the model was called 500 times");
    if (tokens.empty()) throw std::runtime_error("the model was called without tokens");
    const Row last = next_(tokens);
    shown_.assign(tokens.size() - 1, decoy(last));
    shown_.push_back(last);
    memory_ = logits::matrix_of(shown_, static_cast<std::int64_t>(last.size()), contiguous_);
    return memory_;
  }

  const std::vector<Tokens>& calls() const { return calls_; }

  /// After the attempt has returned.
  bool memory_was_changed() {
    look_after_memory();
    return changed_;
  }

 private:
  static constexpr std::size_t kCallsMax = 500;

  /// Rows before the last: the logits turned round, with a NaN.
  static Row decoy(const Row& last) {
    Row row;
    for (const float logit : last) row.push_back(std::isinf(logit) ? 1e30f : -logit);
    row[0] = logits::kNaN;
    return row;
  }

  /// What the last call returned must be as it was; then it is overwritten.
  void look_after_memory() {
    if (!memory_.defined()) return;
    changed_ = changed_ || !logits::holds(memory_, shown_);
    memory_.fill_(logits::kNaN);
    memory_ = torch::Tensor();
  }

  Next next_;
  bool contiguous_ = true, changed_ = false;
  std::vector<Tokens> calls_;
  std::vector<Row> shown_;
  torch::Tensor memory_;
};

}  // namespace scripted
