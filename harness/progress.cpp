#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "clock.h"

namespace unaided {
namespace {

using nlohmann::json;
using Times = std::vector<std::int64_t>;

constexpr int kProgressSchema = 1;
constexpr std::size_t kSparkColumns = 12;
constexpr std::string_view kFaint = "2";
constexpr std::string_view kGood = "32";
constexpr std::string_view kBad = "31";
constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kPlainBars = {"_", ".", ":", "-", "=", "+", "*", "#"};

std::int64_t median(Times times) {
  std::sort(times.begin(), times.end());
  const std::size_t half = times.size() / 2;
  return times.size() % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
}

void add_figures(LevelProgress& progress) {
  Times passes;
  for (const auto& ms : progress.pass_ms) {
    if (ms) passes.push_back(*ms);
  }
  progress.passes = static_cast<int>(passes.size());
  if (passes.empty()) return;
  progress.best_ms = *std::min_element(passes.begin(), passes.end());
  progress.last_ms = passes.back();
  progress.median_ms = median(passes);
  if (passes.size() < 2) return;
  progress.trend_ms = passes.back() - median(Times(passes.begin(), passes.end() - 1));
}

std::string time_text(const std::optional<std::int64_t>& ms) {
  return ms ? duration_text(*ms) : "-";
}

std::string trend_text(const std::optional<std::int64_t>& ms) {
  if (!ms) return "-";
  return fmt::format("{}{}", *ms < 0 ? "-" : "+", duration_text(std::abs(*ms)));
}

std::string_view trend_colour(const std::optional<std::int64_t>& ms) {
  return !ms || *ms == 0 ? "" : *ms < 0 ? kGood : kBad;
}

std::string line(const LevelProgress& level, Day today, const Terminal& terminal) {
  const LevelStanding& standing = level.standing;
  const std::string name = fmt::format("{} {}", standing.kata, standing.level);
  if (standing.tries == 0) {
    return terminal.paint(kFaint, fmt::format("{:<24} {:>6}  never tried", name,
                                              fmt::format("{}:00", level.par_minutes))) +
           "\n";
  }
  const std::string due =
      standing.due() <= today ? "due" : fmt::format("due {}", day_text(standing.due()));
  return fmt::format(
      "{:<24} {:>6} {:>8} {:>8} {:>8} {}  {:>2} of {:<3} {}{}  {}\n", name,
      fmt::format("{}:00", level.par_minutes), time_text(level.best_ms), time_text(level.last_ms),
      time_text(level.median_ms),
      terminal.paint(trend_colour(level.trend_ms),
                     fmt::format("{:>8}", trend_text(level.trend_ms))),
      level.passes, standing.tries, sparkline(level.pass_ms, kSparkColumns, terminal),
      std::string(kSparkColumns - std::min(kSparkColumns, level.pass_ms.size()), ' '), due);
}

json optional_json(const std::optional<std::int64_t>& value) {
  return value ? json(*value) : json(nullptr);
}

json level_to_json(const LevelProgress& level) {
  const LevelStanding& standing = level.standing;
  const bool tried = standing.tries > 0;
  json pass_ms = json::array();
  for (const auto& ms : level.pass_ms) pass_ms.push_back(optional_json(ms));
  return {{"kata", standing.kata},
          {"level", standing.level},
          {"par_minutes", level.par_minutes},
          {"tries", standing.tries},
          {"passes", level.passes},
          {"passed", standing.passed},
          {"best_ms", optional_json(level.best_ms)},
          {"last_ms", optional_json(level.last_ms)},
          {"median_ms", optional_json(level.median_ms)},
          {"trend_ms", optional_json(level.trend_ms)},
          {"pass_ms", pass_ms},
          {"last", tried ? json(day_text(standing.last)) : json(nullptr)},
          {"due", tried ? json(day_text(standing.due())) : json(nullptr)},
          {"interval_days", standing.interval_days}};
}

}  // namespace

std::vector<LevelProgress> level_progress(const std::vector<Kata>& katas,
                                          const std::vector<LevelTry>& tries) {
  std::vector<LevelProgress> levels;
  for (const LevelStanding& standing : level_standings(katas, tries)) {
    LevelProgress progress{.standing = standing};
    for (const Kata& kata : katas) {
      if (kata.id != standing.kata) continue;
      progress.par_minutes =
          kata.levels.at(static_cast<std::size_t>(standing.level - 1)).par_minutes;
    }
    for (const LevelTry& one : tries) {
      const bool same = one.kata == standing.kata && one.level == standing.level;
      if (same) progress.pass_ms.push_back(one.passed ? one.pass_ms : std::nullopt);
    }
    add_figures(progress);
    levels.push_back(std::move(progress));
  }
  return levels;
}

std::string render_progress(const std::vector<LevelProgress>& levels, Day today,
                            const Terminal& terminal) {
  std::string text = terminal.paint(
      kFaint, fmt::format("{:<24} {:>6} {:>8} {:>8} {:>8} {:>8}  {:<8} {:<12}", "level", "par",
                          "best", "last", "median", "trend", "passed", "tries"));
  text += "\n";
  for (const LevelProgress& level : levels) text += line(level, today, terminal);
  return text +
         "Times are those to the first save that passed; the trend is the last one less the median "
         "of those before.\n";
}

nlohmann::json progress_to_json(const std::vector<LevelProgress>& levels) {
  json rows = json::array();
  for (const LevelProgress& level : levels) rows.push_back(level_to_json(level));
  return {{"schema", kProgressSchema}, {"levels", rows}};
}

std::string sparkline(const std::vector<std::optional<std::int64_t>>& values, std::size_t columns,
                      const Terminal& terminal) {
  std::int64_t most = 1;
  for (const auto& value : values) most = std::max(most, value.value_or(0));
  std::string text;
  const auto& bars = terminal.utf8 ? kBars : kPlainBars;
  for (std::size_t i = values.size() - std::min(columns, values.size()); i < values.size(); ++i) {
    const auto& value = values[i];
    const auto top = static_cast<std::int64_t>(bars.size()) - 1;
    text += value ? bars[static_cast<std::size_t>(std::max<std::int64_t>(0, *value) * top / most)]
                  : std::string_view("x");
  }
  return text;
}

}  // namespace unaided
