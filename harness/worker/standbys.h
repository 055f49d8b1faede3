#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "supervised_child.h"

namespace unaided {

/// Children forked while nobody waits, each ready for a check: what an answer then costs is the
/// check alone. All are alike, so whichever is free takes the next check.
class Standbys {
 public:
  explicit Standbys(const UnaidedCheckLibrary* library) : library_(library) {}

  /// One of them under these limits, or a new one; always a new one for a kind of its own.
  std::unique_ptr<SupervisedChild> take(const Limits& limits, SupervisedChild::Kind kind);
  /// How many are worth having, under which limits: for the next request, those of the last.
  void expect(std::size_t count, const Limits& limits);
  bool wants_more() const { return ready_.size() < count_; }
  void add_one();

 private:
  const UnaidedCheckLibrary* library_;
  std::size_t count_ = 0;
  Limits limits_;
  std::vector<std::unique_ptr<SupervisedChild>> ready_;
};

}  // namespace unaided
