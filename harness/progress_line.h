#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace unaided {

/// One line on the terminal that says how far a long piece of work is: "attention: 12 of 40: …".
/// Nothing when stderr is no terminal. Gone with its owner.
class ProgressLine {
 public:
  ProgressLine(std::string what, std::size_t total);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// One more is done; `name` may be text that an attempt's author chose.
  void step(std::string_view name);

 private:
  std::string what_;
  std::size_t total_;
  bool shown_;
  std::size_t done_ = 0;
};

}  // namespace unaided
