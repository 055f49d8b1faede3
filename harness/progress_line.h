#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unaided {

/// A line on the terminal that is drawn anew while something runs. Nothing when stderr is no
/// terminal. Gone with its owner.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void write(std::string_view line) const;

 private:
  bool shown_;
};

/// How far a long piece of work is: "attention: 12 of 40: …".
class ProgressCount {
 public:
  ProgressCount(std::string what, std::size_t total) : what_(std::move(what)), total_(total) {}

  /// One more is done; `name` may be text that an attempt's author chose.
  void step(std::string_view name);

 private:
  ProgressLine line_;
  std::string what_;
  std::size_t total_;
  std::size_t done_ = 0;
};

}  // namespace unaided
