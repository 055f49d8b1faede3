#include "support/input_sets.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace unaided::bench {

namespace {

constexpr std::int64_t kBasesMin = 2;
constexpr std::int64_t kBasesMax = 8;
constexpr std::int64_t kBasesBytesMax = 64 << 20;  // beyond it kBasesMin must do
constexpr std::int64_t kEditedPart = 64;           // one part in so many is replaced
constexpr std::int64_t kEditedMin = 16;            // elements
constexpr std::int64_t kSetsBytesMax = std::int64_t{1} << 30;
constexpr std::int64_t kCachesRotated = 2;

std::int64_t bytes_of(const Problem& problem) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(problem.bytes_min));
}

void copy_part(const torch::Tensor& from, torch::Tensor& to, std::int64_t begin,
               std::int64_t count) {
  if (!to.is_cpu()) {
    to.view(-1).narrow(/*dim=*/0, begin, count).copy_(from.view(-1).narrow(0, begin, count));
    return;
  }
  const auto size = static_cast<std::int64_t>(from.element_size());
  std::memcpy(static_cast<char*>(to.data_ptr()) + begin * size,
              static_cast<const char*>(from.data_ptr()) + begin * size,
              static_cast<std::size_t>(count * size));
}

bool same_part(const torch::Tensor& a, const torch::Tensor& b, std::int64_t begin,
               std::int64_t count) {
  const auto size = static_cast<std::int64_t>(a.element_size());
  return count == 0 || std::memcmp(static_cast<const char*>(a.data_ptr()) + begin * size,
                                   static_cast<const char*>(b.data_ptr()) + begin * size,
                                   static_cast<std::size_t>(count * size)) == 0;
}

bool same_form(const torch::Tensor& a, const torch::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.strides() == b.strides();
}

}  // namespace

Tensors cloned(const Tensors& tensors) {
  Tensors copies;
  for (const torch::Tensor& tensor : tensors) {
    copies.push_back(tensor.clone(at::MemoryFormat::Contiguous));
  }
  return copies;
}

bool same_bytes(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const torch::Tensor first = a.contiguous();
  const torch::Tensor second = b.contiguous();
  return first.nbytes() == 0 ||
         std::memcmp(first.data_ptr(), second.data_ptr(), first.nbytes()) == 0;
}

bool same_bytes(const Tensors& a, const Tensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return same_bytes(x, y); });
}

int cold_set_count(const Problem& problem, std::int64_t cache_bytes) {
  const std::int64_t bytes = bytes_of(problem);
  const std::int64_t wanted = kCachesRotated * cache_bytes / bytes + 1;
  return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, kSetsBytesMax / bytes + 1));
}

InputSets::InputSets(const Problem& problem, int count, std::uint64_t seed)
    : in_place_(problem.in_place), random_(seed) {
  const std::int64_t bases = std::clamp(kBasesBytesMax / bytes_of(problem), kBasesMin, kBasesMax);
  for (std::int64_t i = 0; i < bases; ++i) {
    bases_.push_back(cloned(problem.make_inputs(seed + static_cast<std::uint64_t>(i))));
  }
  for (int i = 0; i < count; ++i) {
    sets_.push_back(cloned(bases_[base_of(static_cast<std::size_t>(i))]));
    edits_.emplace_back(sets_.back().size());
  }
  current_ = sets_.size() - 1;
}

std::size_t InputSets::other_than(std::size_t base) {
  return (base + 1 + random_() % (bases_.size() - 1)) % bases_.size();
}

const Tensors& InputSets::next() {
  current_ = (current_ + 1) % sets_.size();
  ++given_;
  Tensors& set = sets_[current_];
  if (!in_place_.empty()) return set;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i].numel() == 0) continue;
    Edit& edit = edits_[current_][i];
    const std::size_t base = base_of(current_);
    copy_part(bases_[base][i], set[i], edit.begin, edit.count);
    edit.from = other_than(base);
    edit.count = std::min(set[i].numel(), std::max(kEditedMin, set[i].numel() / kEditedPart));
    const std::uint64_t places = static_cast<std::uint64_t>(set[i].numel() - edit.count) + 1;
    edit.begin = static_cast<std::int64_t>(random_() % places);
    copy_part(bases_[edit.from][i], set[i], edit.begin, edit.count);
  }
  return set;
}

Tensors InputSets::expected() const {
  return expected_of(current_);
}

Tensors InputSets::expected_of(std::size_t set) const {
  Tensors inputs = cloned(bases_[base_of(set)]);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Edit& edit = edits_[set][i];
    copy_part(bases_[edit.from][i], inputs[i], edit.begin, edit.count);
  }
  return inputs;
}

bool InputSets::untouched() {
  bool all = true;
  const std::size_t given = std::min(std::exchange(given_, 0), sets_.size());
  for (std::size_t back = 0; back < given; ++back) {
    const std::size_t set = (current_ + sets_.size() - back) % sets_.size();
    if (is_untouched(set)) continue;
    all = false;
    sets_[set] = expected_of(set);
  }
  return all;
}

bool InputSets::is_untouched(std::size_t set) const {
  const Tensors& base = bases_[base_of(set)];
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (std::count(in_place_.begin(), in_place_.end(), static_cast<int>(i)) > 0) continue;
    const torch::Tensor& input = sets_[set][i];
    const Edit& edit = edits_[set][i];
    const std::int64_t end = edit.begin + edit.count;
    const bool same = same_form(input, base[i]) && same_part(input, base[i], 0, edit.begin) &&
                      same_part(input, bases_[edit.from][i], edit.begin, edit.count) &&
                      same_part(input, base[i], end, base[i].numel() - end);
    if (!same) return false;
  }
  return true;
}

void InputSets::restore() {
  const Tensors& base = bases_[base_of(current_)];
  for (const int input : in_place_) {
    const auto i = static_cast<std::size_t>(input);
    copy_part(base[i], sets_[current_][i], 0, base[i].numel());
  }
}

}  // namespace unaided::bench
