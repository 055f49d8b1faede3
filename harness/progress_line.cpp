#include "progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "terminal.h"

namespace unaided {

ProgressLine::ProgressLine() : shown_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  write("");
}

void ProgressLine::write(std::string_view line) const {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
}

void ProgressCount::step(std::string_view name) {
  ++done_;
  line_.write(fmt::format("{}: {} of {}: {:.50}", what_, done_, total_, printable_line(name)));
}

}  // namespace unaided
