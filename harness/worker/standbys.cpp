#include "standbys.h"

#include <algorithm>

namespace unaided {

namespace {

constexpr std::size_t kStandbysMax = 96;  // each holds a few pages of its own and its page tables

}  // namespace

std::unique_ptr<SupervisedChild> Standbys::take(const Limits& limits, SupervisedChild::Kind kind) {
  const bool usual = !kind.sanitized && !kind.card;
  while (usual && limits == limits_ && !ready_.empty()) {
    std::unique_ptr<SupervisedChild> child = std::move(ready_.back());
    ready_.pop_back();
    if (child->waits()) return child;
  }
  return std::make_unique<SupervisedChild>(library_, limits, kind);
}

void Standbys::expect(std::size_t count, const Limits& limits) {
  count_ = std::min(count, kStandbysMax);
  if (limits != limits_) ready_.clear();
  limits_ = limits;
}

void Standbys::add_one() {
  ready_.push_back(
      std::make_unique<SupervisedChild>(library_, limits_, SupervisedChild::Kind{.early = true}));
}

}  // namespace unaided
