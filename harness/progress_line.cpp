#include "progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "terminal.h"

namespace unaided {

ProgressLine::ProgressLine(std::string what, std::size_t total)
    : what_(std::move(what)), total_(total), shown_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressLine::step(std::string_view name) {
  ++done_;
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K{}: {} of {}: {:.50}", what_, done_, total_, printable_line(name));
  std::fflush(stderr);
}

}  // namespace unaided
