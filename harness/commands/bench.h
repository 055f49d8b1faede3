#pragma once

#include <filesystem>
#include <string>

#include "../bench_report.h"
#include "../command.h"
#include "../level_span.h"

namespace unaided {

/// An attempt of a session, to be timed.
struct AttemptTiming {
  std::string kata;
  LevelSpan levels;               // whose functions are timed
  std::filesystem::path attempt;  // its text
  bool quick = false;             // seconds instead of a minute
  bool tiny = false;              // the small problems of the tests
};

/// The attempt beside the other rungs of each kernel that times a function of those levels: nothing
/// where it cannot be timed, which has then been said. Sets context.exit_code. Throws Fault when
/// there is no such kernel.
BenchReport time_attempt(CommandContext& context, const AttemptTiming& timing);

}  // namespace unaided
