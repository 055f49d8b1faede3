#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace unaided {

/// The pages that recent compiles wrote to. A forked child that touches them before it has anything
/// to do is spared thousands of page faults later. The list is bounded, forgets pages that several
/// compiles in a row left alone, and learns nothing from a compile that wrote to half the heap.
class HotPages {
 public:
  HotPages();

  /// In a child, at its end: leaves the list of its own pages to the parent.
  void record();
  /// In the parent, when the child is gone.
  void learn();
  /// In the next child, at its start.
  void touch() const;

  std::size_t count() const { return pages_.size(); }

 private:
  struct Record;

  Record* record_;                                         // shared with the children
  std::unordered_map<std::uintptr_t, int> compiles_left_;  // until a page is forgotten
  std::vector<std::uintptr_t> pages_;                      // sorted
};

}  // namespace unaided
