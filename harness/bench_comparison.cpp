#include "bench_comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "ladder.h"
#include "render_ladder.h"

namespace unaided {

namespace {

constexpr std::uint64_t kSeed = 7;

const BenchSeries* find_series(const BenchReport& report, const std::string& problem,
                               const std::string& series) {
  for (const BenchProblem& one : report.problems) {
    if (one.name() != problem) continue;
    for (const BenchSeries& candidate : one.series) {
      if (candidate.name == series) return &candidate;
    }
  }
  return nullptr;
}

void compare_series(const std::string& problem, const BenchSeries& first, const BenchSeries& second,
                    std::vector<RungChange>& changes) {
  const auto baseline = first.samples.find(kBaselineRung);
  const auto baseline_now = second.samples.find(kBaselineRung);
  if (baseline == first.samples.end() || baseline_now == second.samples.end()) return;
  for (const auto& [rung, samples] : first.samples) {
    const auto now = second.samples.find(rung);
    const bool beside = rung == kBaselineRung || rung == kControl || rung == kRoofline;
    if (beside || now == second.samples.end()) continue;
    changes.push_back({problem, first.name, rung, median_time(samples), median_time(now->second),
                       compare_unpaired(paired_speeds(baseline_now->second, now->second),
                                        paired_speeds(baseline->second, samples), kSeed)});
  }
}

}  // namespace

std::vector<RungChange> compare_reports(const BenchReport& first, const BenchReport& second) {
  std::vector<RungChange> changes;
  for (const BenchProblem& problem : first.problems) {
    for (const BenchSeries& series : problem.series) {
      const BenchSeries* other = find_series(second, problem.name(), series.name);
      if (other != nullptr) compare_series(problem.name(), series, *other, changes);
    }
  }
  return changes;
}

std::string render_changes(const std::vector<RungChange>& changes, const Terminal& terminal) {
  std::string text;
  std::string heading;
  for (const RungChange& change : changes) {
    const std::string now = change.problem + " " + change.series;
    if (now != heading)
      text += (heading.empty() ? "" : "\n") + terminal.paint("1", printable(now)) + "\n";
    heading = now;
    text += fmt::format("  {:<9} {:>9} -> {:>9}  {:.2f} [{:.2f}, {:.2f}] times as fast  {}\n",
                        printable(change.rung), time_text(change.first_s, terminal),
                        time_text(change.second_s, terminal), change.speed.speed.median,
                        change.speed.speed.low, change.speed.speed.high,
                        standing_name(change.speed.standing));
  }
  return text + "Each time was divided by LibTorch's of its own round before it was compared.\n";
}

}  // namespace unaided
