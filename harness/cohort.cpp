// Many attempts, one after another on each thread. What could make one of them the end of all is a
// value here: a file that is no text, a judge that failed, an interrupt. Reports go to the sink and
// are forgotten, so memory grows by a row for each attempt.
#include "cohort.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "fault.h"
#include "parallel.h"

namespace unaided {
namespace {

constexpr int kFaultsInARowMax = 3;
constexpr std::size_t kReasonBytesMax = 200;

bool begins_with_id(const std::string& name, const std::string& id) {
  return name.starts_with(id) &&
         (name.size() == id.size() ||
          std::string_view("-_.").find(name[id.size()]) != std::string::npos);
}

/// The longest id that `name` begins with, as a word.
std::string id_in_name(const std::string& name, std::span<const std::string> ids) {
  std::string best;
  for (const std::string& id : ids) {
    if (begins_with_id(name, id) && id.size() > best.size()) best = id;
  }
  return best;
}

std::string reason_of(const GradeReport& report) {
  for (const CheckVerdict& verdict : report.checks) {
    if (verdict.outcome == Outcome::kPassed) continue;
    return verdict.check.behaviour + "." + verdict.check.name;
  }
  return report.message.substr(0, std::min(report.message.find('\n'), kReasonBytesMax));
}

/// The judge of one thread, made when it is first needed and again after each fault.
class RenewedJudge {
 public:
  RenewedJudge(const std::function<CohortJudge()>& make_judge, std::atomic<int>& faults_in_a_row)
      : make_judge_(make_judge), faults_in_a_row_(faults_in_a_row) {}

  GradeReport judge(const CohortAttempt& attempt) {
    try {
      if (!judge_) judge_ = make_judge_();
      GradeReport report = judge_(attempt);
      faults_in_a_row_ = 0;
      return report;
    } catch (const Fault& fault) {
      judge_ = nullptr;
      if (++faults_in_a_row_ >= kFaultsInARowMax) throw;
      return unjudged(attempt, Outcome::kFault, fault.what());
    }
  }

 private:
  const std::function<CohortJudge()>& make_judge_;
  std::atomic<int>& faults_in_a_row_;
  CohortJudge judge_;
};

}  // namespace

std::vector<Standing> grade_cohort(
    std::span<const CohortAttempt> attempts, int jobs,
    const std::function<CohortJudge()>& make_judge,
    const std::function<void(const CohortAttempt&, const GradeReport&)>& sink,
    const CancelToken& interrupt) {
  std::vector<Standing> standings(attempts.size());
  std::atomic<int> faults_in_a_row = 0;
  std::mutex mutex;  // guards the calls of sink
  const auto make_work = [&]() -> ItemWork {
    const auto judge = std::make_shared<RenewedJudge>(make_judge, faults_in_a_row);
    return [&, judge](std::size_t i) {
      GradeReport report;
      if (!interrupt.cancelled()) report = judge->judge(attempts[i]);
      if (interrupt.cancelled()) report = unjudged(attempts[i], Outcome::kNotRun, "interrupted");
      standings[i] = standing_of(attempts[i], report);
      const std::lock_guard lock(mutex);
      sink(attempts[i], report);
    };
  };
  do_in_parallel(attempts.size(), jobs, make_work);
  return standings;
}

std::string kata_of_file(const std::filesystem::path& file, std::span<const std::string> kata_ids) {
  const std::string named = id_in_name(file.filename().string(), kata_ids);
  if (!named.empty()) return named;
  for (std::filesystem::path folder = std::filesystem::absolute(file).lexically_normal();
       folder.has_relative_path(); folder = folder.parent_path()) {
    const std::string name = folder.filename().string();
    if (std::find(kata_ids.begin(), kata_ids.end(), name) != kata_ids.end()) return name;
  }
  return "";
}

Standing standing_of(const CohortAttempt& attempt, const GradeReport& report) {
  Standing standing;
  standing.file = attempt.file.string();
  standing.kata = attempt.kata;
  standing.outcome = report.outcome;
  standing.passed = report.passed_count();
  standing.total = static_cast<int>(report.checks.size());
  standing.exit_code = exit_code(report);
  standing.reason = reason_of(report);
  return standing;
}

GradeReport unjudged(const CohortAttempt& attempt, Outcome outcome, std::string why) {
  GradeReport report;
  report.kata = attempt.kata;
  report.outcome = outcome;
  report.message = std::move(why);
  return report;
}

int exit_code(std::span<const Standing> standings) {
  int code = 0;
  for (const Standing& standing : standings) code = std::max(code, standing.exit_code);
  return code;
}

}  // namespace unaided
