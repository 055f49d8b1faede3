#pragma once

#include <filesystem>

#include "kata.h"
#include "session_store.h"

namespace unaided {

/// Writes what is worth showing of a session that is over into `target`, a new or empty folder:
///   README.md         kata, levels, format, score, time, seal, toolchain, a table of verdicts
///   <kata>.cpp        the attempt that counts
///   report.json       its report (docs/json.md), where it was judged
///   environment.json  the toolchain that judged it, how it was sealed
///   seal.json         what was seen of each channel, in a sealed session
///   ladder.json, ladder.txt  its times beside LibTorch's, where `debrief --bench` took them
/// Never the checks, the reference or what other attempts there were. Throws Fault while the
/// session goes on, when it has no attempt, and when `target` holds something.
void export_session(const SessionFolder& folder, const Kata& kata,
                    const std::filesystem::path& target);

}  // namespace unaided
