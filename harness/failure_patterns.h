#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kata_material.h"
#include "verification.h"

namespace unaided {

/// The checks ("CausalMask.AlignsToTheLowerRight") of its own level that each mutant gets wrong, by
/// the mutant's name. Limits that were hit are left out: they differ between machines.
using FailurePatterns = std::map<std::string, std::set<std::string>>;

/// Those that were seen.
FailurePatterns patterns_of(const Verification& verification);

/// Those of reference/<id>/patterns.json, which `dev verify --write-patterns` writes; none when a
/// kata has no such file. Throws Fault when it is malformed.
FailurePatterns read_patterns(const Kata& kata);
/// A line a mutant.
std::string patterns_text(const FailurePatterns& patterns);

/// What of the file's patterns is not what was seen. None for a kata without the file.
std::vector<Problem> stale_patterns(const FailurePatterns& known, const Verification& verification,
                                    const KataMaterial& material);

/// The mutant of `level` that fails all of `failed` and little else: at most twice as many checks.
/// Nothing when there is none, or when several fit equally well.
std::optional<std::string> matching_mutant(const FailurePatterns& patterns, int level,
                                           const std::set<std::string>& failed);

/// The checks of `level` that a report has as wrong, as patterns name them.
std::set<std::string> wrong_checks(const GradeReport& report, int level);

}  // namespace unaided
