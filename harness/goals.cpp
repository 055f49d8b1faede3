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
constexpr double kQuietSpread = 0.1;  // of the middle 80 % of equal things

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

/// Of each round in which both were timed, how many times as fast as `against`; may be empty.
std::vector<double> speeds_of(const BenchSeries& series, const std::string& judged,
                              const std::string& against) {
  const auto of_judged = series.samples.find(judged);
  const auto of_against = series.samples.find(against);
  if (of_judged == series.samples.end() || of_against == series.samples.end()) return {};
  return paired_speeds(of_against->second, of_judged->second);
}

/// The median of equal things' speeds with their deciles.
Interval spread_of(std::vector<double> speeds) {
  if (speeds.empty()) return {};
  std::sort(speeds.begin(), speeds.end());
  const std::size_t tenth = speeds.size() / 10;
  return {median(speeds), speeds[tenth], speeds[speeds.size() - 1 - tenth]};
}

/// "1.52 [1.48, 1.55]"; of few rounds no interval, which would be absurdly wide.
std::string figures_of(const Comparison& reached) {
  if (reached.rounds == 0) return "not measured";
  const Interval& speed = reached.speed;
  if (reached.rounds < kRoundsToTell) {
    return fmt::format("{:.2f} in {} rounds", speed.median, reached.rounds);
  }
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", speed.median, speed.low, speed.high);
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

std::vector<BenchItem> items_of(const std::vector<Goal>& goals) {
  std::vector<BenchItem> items;
  for (const Goal& goal : goals) {
    auto item = std::find_if(items.begin(), items.end(), [&](const BenchItem& one) {
      return one.kernel == goal.kernel && one.shape == goal.shape && one.dtype == goal.dtype;
    });
    if (item == items.end()) {
      item = items.insert(items.end(), BenchItem{goal.kernel, goal.shape, goal.dtype, {kRung}});
    }
    const bool named =
        std::find(item->rungs.begin(), item->rungs.end(), goal.against) != item->rungs.end();
    if (!named) item->rungs.push_back(goal.against);
  }
  return items;
}

bool GoalResult::quiet() const {
  return equal.low >= 1 - kQuietSpread && equal.high <= 1 + kQuietSpread;
}

std::vector<GoalResult> judge_goals(const std::vector<Goal>& goals, const BenchReport& report) {
  const std::string simd_level = report.fingerprint.fact("SIMD level");
  std::vector<GoalResult> results;
  for (const Goal& goal : goals) {
    const double at_least = goal.at_least(simd_level);
    if (at_least <= 0) continue;
    results.push_back({goal, at_least, {}, {}});
    const BenchSeries* series = find_series(report, goal);
    if (series == nullptr) continue;
    results.back().reached = compare_paired(speeds_of(*series, kRung, goal.against), kSeed);
    results.back().equal = spread_of(speeds_of(*series, kControl, kBaselineRung));
  }
  return results;
}

std::string render_goals(const std::vector<GoalResult>& results, const std::string& simd_level,
                         const Terminal& terminal) {
  std::string text = terminal.paint("1", "Goals of the fast rungs, LibTorch at " + simd_level) +
                     "\n" +
                     fmt::format("  {:<38} {:<9} {:>8}  {:<22} {}\n", "problem", "against",
                                 "at least", "reached, interval", "equal");
  std::size_t met = 0, noisy = 0;
  for (const GoalResult& result : results) {
    const Goal& goal = result.goal;
    const std::string problem =
        fmt::format("{} {} {} {}", goal.kernel, goal.shape, goal.dtype, goal.series);
    const std::string figures = figures_of(result.reached);
    const std::string equal = result.measured()
                                  ? fmt::format("{:.2f}-{:.2f}{}", result.equal.low,
                                                result.equal.high, result.quiet() ? "" : "!")
                                  : "";
    const Symbols& symbols = terminal.symbols();
    const auto mark = !result.measured() ? symbols.unknown
                      : result.met()     ? symbols.passed
                                         : symbols.failed;
    text += fmt::format("{} {:<38} {:<9} {:>8.2f}  {:<22} {}\n", mark, problem, goal.against,
                        result.at_least, figures, equal);
    met += result.met() ? 1 : 0;
    noisy += result.measured() && !result.quiet() ? 1 : 0;
  }
  text += fmt::format("{} of {} reached. ", met, results.size());
  text += "equal: LibTorch against itself, the middle 80 % of the rounds.\n";
  if (noisy == 0) return text;
  return text + fmt::format(
                    "{} beyond 0.90-1.10, marked !: measure again when the machine is "
                    "idle.\n",
                    noisy);
}

}  // namespace unaided
