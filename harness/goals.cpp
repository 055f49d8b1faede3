#include "goals.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>

#include "fault.h"
#include "ladder.h"

namespace unaided {

namespace {

constexpr std::uint64_t kSeed = 11;
constexpr const char* kRung = "fast";

Goal goal_from(const toml::table& table) {
  Goal goal;
  goal.kernel = table["kernel"].value_or("");
  goal.shape = table["shape"].value_or("");
  goal.dtype = table["dtype"].value_or("f32");
  goal.series = table["series"].value_or("cold");
  goal.against = table["against"].value_or(kBaselineRung);
  goal.avx512 = table["avx512"].value_or(0.0);
  goal.avx2 = table["avx2"].value_or(0.0);
  if (goal.kernel.empty() || goal.shape.empty()) throw Fault("a goal lacks its kernel or shape");
  return goal;
}

const BenchSeries* find_series(const BenchReport& report, const Goal& goal) {
  for (const BenchProblem& problem : report.problems) {
    const bool meant =
        problem.kernel == goal.kernel && problem.shape == goal.shape && problem.dtype == goal.dtype;
    if (!meant) continue;
    for (const BenchSeries& series : problem.series) {
      if (series.name == goal.series) return &series;
    }
  }
  return nullptr;
}

Comparison reached(const Goal& goal, const BenchReport& report) {
  const BenchSeries* series = find_series(report, goal);
  if (series == nullptr) return {};
  const auto fast = series->samples.find(kRung);
  const auto against = series->samples.find(goal.against);
  if (fast == series->samples.end() || against == series->samples.end()) return {};
  return compare_paired(paired_speeds(against->second, fast->second), kSeed);
}

}  // namespace

double Goal::at_least(const std::string& simd_level) const {
  return simd_level == "AVX512" ? avx512 : avx2;
}

std::vector<Goal> read_goals(const std::filesystem::path& file) {
  std::vector<Goal> goals;
  try {
    const toml::table table = toml::parse_file(file.string());
    const toml::array* list = table["goal"].as_array();
    if (list == nullptr) throw Fault("it has no [[goal]]");
    for (const toml::node& node : *list) {
      if (node.is_table()) goals.push_back(goal_from(*node.as_table()));
    }
  } catch (const std::exception& error) {
    throw Fault(file.string() + ": " + error.what());
  }
  return goals;
}

std::vector<GoalResult> judge_goals(const std::vector<Goal>& goals, const BenchReport& report) {
  const std::string simd_level = report.fingerprint.fact("SIMD level");
  std::vector<GoalResult> results;
  for (const Goal& goal : goals) {
    const double at_least = goal.at_least(simd_level);
    if (at_least > 0) results.push_back({goal, at_least, reached(goal, report)});
  }
  return results;
}

std::string render_goals(const std::vector<GoalResult>& results, const std::string& simd_level,
                         const Terminal& terminal) {
  std::string text =
      terminal.paint("1", "Goals of the fast rungs, LibTorch at " + simd_level) + "\n" +
      fmt::format("  {:<34} {:<9} {:>8}  {}\n", "problem", "against", "at least", "reached");
  std::size_t met = 0;
  for (const GoalResult& result : results) {
    const Goal& goal = result.goal;
    const Interval& speed = result.reached.speed;
    const std::string problem =
        fmt::format("{} {} {} {}", goal.kernel, goal.shape, goal.dtype, goal.series);
    const std::string figures = result.measured() ? fmt::format("{:.2f} [{:.2f}, {:.2f}]",
                                                                speed.median, speed.low, speed.high)
                                                  : "not measured";
    const Symbols& symbols = terminal.symbols();
    const auto mark = !result.measured() ? symbols.unknown
                      : result.met()     ? symbols.passed
                                         : symbols.failed;
    text += fmt::format("{} {:<34} {:<9} {:>8.2f}  {}\n", mark, problem, goal.against,
                        result.at_least, figures);
    met += result.met() ? 1 : 0;
  }
  return text + fmt::format("{} of {} reached.\n", met, results.size());
}

}  // namespace unaided
