// What rungs are called with while they are timed. A rung that remembered answers would be found
// out only if no two calls had the same inputs, but fresh tensors for every call cost more than the
// call. So a set of inputs stays where it is and a small part of it is replaced before each call,
// at random, from another set that no rung has seen. Sets rotate through more than the last-level
// cache in a cold series; in a hot one there is a single set.
#pragma once

#include <cstdint>
#include <random>

#include "support/kernel.h"

namespace unaided::bench {

class InputSets {
 public:
  /// `count` sets that rungs see. The seed is a secret.
  InputSets(const Problem& problem, int count, std::uint64_t seed);

  /// The next set, in which something is new: of what is changed in place by every call anyway,
  /// that change. Valid until the next call.
  const Tensors& next();
  /// What next() has returned, untouched: tensors of its own. Not for inputs changed in place.
  Tensors expected() const;
  /// Whether all that next() has returned since this was last asked is as it was given, byte by
  /// byte, but for what calls change in place. What is not is mended: the next rung is not to
  /// blame.
  bool untouched();
  /// Gives what next() returned, as far as calls change it in place, its first contents again.
  void restore();

 private:
  /// A part of one tensor, in elements.
  struct Edit {
    std::int64_t begin = 0;
    std::int64_t count = 0;
    std::size_t from = 0;  // which base it was taken from
  };

  Tensors expected_of(std::size_t set) const;
  bool is_untouched(std::size_t set) const;
  std::size_t base_of(std::size_t set) const { return set % bases_.size(); }
  std::size_t other_than(std::size_t base);

  std::vector<int> in_place_;
  std::vector<Tensors> bases_;            // never given to a rung
  std::vector<Tensors> sets_;             // what rungs see
  std::vector<std::vector<Edit>> edits_;  // of each set, one for each tensor
  std::size_t current_ = 0;
  std::size_t given_ = 0;  // by next() since untouched() was asked
  std::mt19937_64 random_;
};

/// How many sets exceed twice the last-level cache; at least one, at most what 1 GiB holds.
int cold_set_count(const Problem& problem, std::int64_t cache_bytes);

/// Copies at addresses of their own.
Tensors cloned(const Tensors& tensors);
/// Equal shapes, types and bytes (so that a NaN equals itself).
bool same_bytes(const torch::Tensor& a, const torch::Tensor& b);
bool same_bytes(const Tensors& a, const Tensors& b);

}  // namespace unaided::bench
