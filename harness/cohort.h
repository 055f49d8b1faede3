#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "grader.h"
#include "verdict.h"

namespace unaided {

/// One file of many that are graded in one run.
struct CohortAttempt {
  std::filesystem::path file;
  std::string kata;
};

/// The kata that a file says it is for: the id that its name is or begins with ("attention.cpp",
/// "attention-alice.cpp"), else the innermost folder named like a kata ("attention/alice.cpp").
/// Contracts do not tell: every kata's are called level1.h. Empty when nothing does.
std::string kata_of_file(const std::filesystem::path& file, std::span<const std::string> kata_ids);

/// Judges one attempt. What the attempt does, and a file that is none, is a report; the harness's
/// own failure is a Fault.
using CohortJudge = std::function<GradeReport(const CohortAttempt&)>;

/// What a ranking keeps of a report: some hundred bytes, whatever the attempt did.
struct Standing {
  std::string file;
  std::string kata;
  Outcome outcome = Outcome::kNotRun;
  int passed = 0;
  int total = 0;
  int exit_code = 2;
  std::string reason;  // the first failed check, or the message of an attempt that ran none
};
Standing standing_of(const CohortAttempt& attempt, const GradeReport& report);

/// Grades all attempts with at most `jobs` threads, each with a judge of its own. `sink` gets each
/// report in the order of completion, one call at a time; only its standing is kept. An attempt on
/// which a judge fails is a row with the outcome `fault`, and the judge is made anew; the third
/// fault in a row is thrown, since then it is not the attempts. Once `interrupt` is cancelled the
/// rest is rows with the outcome `not_run`. Standings are in the order of the attempts.
std::vector<Standing> grade_cohort(
    std::span<const CohortAttempt> attempts, int jobs,
    const std::function<CohortJudge()>& make_judge,
    const std::function<void(const CohortAttempt&, const GradeReport&)>& sink,
    const CancelToken& interrupt);

/// The worst exit code of all.
int exit_code(std::span<const Standing> standings);

/// The report on an attempt that was not judged, and why.
GradeReport unjudged(const CohortAttempt& attempt, Outcome outcome, std::string why);

}  // namespace unaided
