#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "../terminal.h"

namespace unaided {

/// A line that is drawn anew while something runs, on a terminal only, and wiped at the end.
class ProgressLine {
 public:
  explicit ProgressLine(const Terminal& terminal) : shown_(terminal.output_is_tty) {}
  ~ProgressLine() { write(""); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void write(const std::string& line) const {
    if (!shown_) return;
    fmt::print("\r\x1b[K{}", line);
    std::fflush(stdout);
  }

 private:
  bool shown_;
};

}  // namespace unaided
