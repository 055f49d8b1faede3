#include "render_ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "text_layout.h"

namespace unaided {

namespace {

constexpr const char* kBold = "1";
constexpr const char* kDim = "2";
constexpr const char* kRed = "31";
constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";

constexpr int kColumnsBeforeBar = 72;
constexpr int kBarMin = 6;
constexpr int kBarMax = 30;
constexpr int kProgressBar = 16;
constexpr int kMarkColumns = 4;  // of what says that a line was cut, and the last column

struct StandingStyle {
  Standing standing;
  const char* colour;
};
constexpr StandingStyle kStandings[] = {{Standing::kFaster, kGreen},
                                        {Standing::kSlower, kRed},
                                        {Standing::kSame, ""},
                                        {Standing::kUnclear, kYellow}};

std::string three_digits(double value) {
  if (value >= 99.95) return fmt::format("{:.0f}", value);
  if (value >= 9.995) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

std::string rate_text(double rate, bool flops) {
  return three_digits(rate * 1e-9) + (flops ? " GFLOP/s" : " GB/s");
}

std::string bar(double part, int width, const Terminal& terminal) {
  const int filled = std::clamp(static_cast<int>(std::lround(part * width)), 0, width);
  std::string text;
  for (int i = 0; i < filled; ++i) text += terminal.utf8 ? "█" : "#";
  return text;
}

/// `text` filled with blanks to `width` columns; what it shows is `shown` columns wide.
std::string padded(const std::string& text, std::size_t shown, std::size_t width) {
  return text + std::string(shown < width ? width - shown : 0, ' ');
}

std::string speed_text(const LadderRow& row) {
  if (row.rung->name == kBaselineRung) return "1";
  const Interval& speed = row.comparison.speed;
  return fmt::format("{} [{}, {}]", three_digits(speed.median), three_digits(speed.low),
                     three_digits(speed.high));
}

std::string standing_text(const LadderRow& row, const Terminal& terminal) {
  if (row.rung->name == kBaselineRung) return std::string(8, ' ');
  const std::string name(standing_name(row.comparison.standing));
  const auto* style = std::find_if(
      std::begin(kStandings), std::end(kStandings),
      [&](const StandingStyle& one) { return one.standing == row.comparison.standing; });
  return padded(terminal.paint(style->colour, name), name.size(), 8);
}

std::string roofline_text(const LadderRow& row) {
  if (row.roofline <= 0) return "-";
  return fmt::format("{:.0f} %{}", row.roofline * 100, row.impossible() ? "!" : "");
}

std::string render_row(const LadderRow& row, double fastest_s, bool flops,
                       const Terminal& terminal) {
  const std::string name = padded(row.rung->name, row.rung->name.size(), 9);
  if (!row.rung->failure.empty()) {
    return "  " + name + terminal.paint(kRed, "no time: ") +
           wrap(printable(row.rung->failure), terminal.width - 20, 11) + "\n";
  }
  if (!row.timed) return "  " + name + terminal.paint(kDim, "not timed") + "\n";
  const int bar_width = std::clamp(terminal.width - kColumnsBeforeBar, kBarMin, kBarMax);
  const bool attempt = row.rung->name == kAttemptRung;
  const std::string time = time_text(row.time_s, terminal);
  const std::size_t time_width = time.size() - (time.ends_with("µs") ? 1 : 0);
  return fmt::format(
      "  {}{}{:<18}{}{:>11} {:>6} {:>6}  {}\n", attempt ? terminal.paint(kBold, name) : name,
      padded(time, time_width, 8), speed_text(row), standing_text(row, terminal),
      rate_text(row.rate, flops), roofline_text(row),
      row.rung->extra_bytes < 0 ? "?" : bytes_text(static_cast<double>(row.rung->extra_bytes)),
      bar(fastest_s / row.time_s, bar_width, terminal));
}

/// What the calls of a series have in common. Where nothing rotates, a card's L2 was overwritten.
std::string series_text(const BenchSeries& series) {
  if (series.name == "hot") return "hot: the same memory in every call";
  if (series.name == "graph") return "graph: replays of what one call queues on the card";
  if (series.rotated_bytes == 0) return "cold: L2 overwritten before every call";
  return "cold: " + bytes_text(series.rotated_bytes) + " in rotation";
}

std::string render_heading(const Ladder& ladder, const Terminal& terminal) {
  const BenchProblem& problem = *ladder.problem;
  const std::string name = problem.kernel + " " + problem.shape + " " + problem.dtype;
  const std::string text =
      wrap(problem.text + "; " + series_text(*ladder.series), terminal.width - 2, 2);
  return terminal.paint(kBold, name) + "\n" + terminal.paint(kDim, "  " + text) + "\n" +
         terminal.paint(kDim, fmt::format("  {:<9}{:<8}{:<26}{:>11} {:>6} {:>6}", "rung", "time",
                                          "x LibTorch, interval", "", "limit", "extra")) +
         "\n";
}

std::string render_notes(const Ladder& ladder, const Terminal& terminal) {
  std::vector<std::string> notes;
  notes.push_back(fmt::format(
      "limit: {}, {} measured in the same rounds{}", ladder.problem->limit,
      rate_text(ladder.limit_rate, ladder.problem->limit_is_flops),
      ladder.rows.empty() || ladder.problem->limit_is_flops || ladder.series->name == "cold"
          ? ""
          : "; caches are faster, so it bounds no hot call"));
  const std::string found = std::isinf(ladder.smallest_effect)
                                ? "too few to say which difference they find"
                                : fmt::format("a difference of {:.1f} % is found 19 times of 20",
                                              ladder.smallest_effect * 100);
  notes.push_back(fmt::format(
      "{} rounds, noise {:.1f} %: {}{}", ladder.control.rounds, ladder.noise * 100, found,
      ladder.series->budget_decided ? "; the time allowed, not the noise, ended the rounds" : ""));
  if (!ladder.control_holds()) {
    notes.push_back(fmt::format(
        "UNCLEAR throughout: LibTorch against itself came out as {} times; measure again",
        three_digits(ladder.control.speed.median)));
  }
  for (const LadderRow& row : ladder.rows) {
    if (!row.impossible()) continue;
    notes.push_back(fmt::format(
        "impossible: {} is faster than the {}; its bytes were in a cache, or not all was done",
        row.rung->name, ladder.problem->limit));
  }
  for (const std::string& sentence : ladder.series->disturbances) {
    notes.push_back("disturbed: " + printable(sentence));
  }
  std::string text;
  for (const std::string& note : notes) {
    text += terminal.paint(kDim, "  " + wrap(note, terminal.width - 2, 4)) + "\n";
  }
  return text;
}

const LadderRow* find_row(const Ladder& ladder, const std::string& name) {
  const auto row = std::find_if(ladder.rows.begin(), ladder.rows.end(), [&](const LadderRow& one) {
    return one.timed && one.rung->name == name;
  });
  return row == ladder.rows.end() ? nullptr : &*row;
}

/// The slowest rung that is faster than `row`; null at the top.
const LadderRow* next_rung(const Ladder& ladder, const LadderRow& row) {
  const LadderRow* next = nullptr;
  for (const LadderRow& other : ladder.rows) {
    if (!other.timed || other.time_s >= row.time_s) continue;
    if (next == nullptr || other.time_s > next->time_s) next = &other;
  }
  return next;
}

/// What to learn from a ladder: where the attempt stands and what the next rung does, or, without
/// an attempt, what the rung above LibTorch does.
/// `told` are the rungs whose lesson has been read on this screen.
std::string render_lesson(const Ladder& ladder, const Terminal& terminal,
                          std::set<std::string>& told) {
  const LadderRow* attempt = find_row(ladder, kAttemptRung);
  const LadderRow* from = attempt != nullptr ? attempt : find_row(ladder, kBaselineRung);
  if (from == nullptr) return {};
  const LadderRow* next = next_rung(ladder, *from);
  std::string text;
  if (attempt != nullptr) {
    text = fmt::format("Yours takes {}, {} times LibTorch's speed ({}).",
                       time_text(attempt->time_s, terminal),
                       three_digits(attempt->comparison.speed.median),
                       standing_name(attempt->comparison.standing));
    if (next == nullptr) text += " No rung is faster.";
  }
  if (next != nullptr) {
    text += fmt::format("{} is {}, {} times as fast",
                        attempt != nullptr ? " The next rung up" : "The rung above LibTorch",
                        next->rung->name, three_digits(from->time_s / next->time_s));
    const bool fresh = told.insert(ladder.problem->kernel + "/" + next->rung->name).second;
    const bool tell = fresh && !next->rung->lesson.empty();
    text += tell ? ": " + printable(next->rung->lesson) : ".";
  }
  return text.empty() ? text : "  " + wrap(text, terminal.width - 2, 2) + "\n";
}

std::string render_backends(const BenchProblem& problem, const Terminal& terminal) {
  std::string text;
  for (const BenchRung& rung : problem.rungs) {
    if (rung.backend.empty()) continue;
    text += (text.empty() ? "" : "; ") + rung.name + " ran " + printable(rung.backend);
  }
  return text.empty() ? text
                      : terminal.paint(kDim, "  " + wrap(text, terminal.width - 2, 4)) + "\n";
}

std::string render_ladder(const Ladder& ladder, const Terminal& terminal) {
  double fastest_s = INFINITY;
  for (const LadderRow& row : ladder.rows) {
    if (row.timed) fastest_s = std::min(fastest_s, row.time_s);
  }
  std::string text = render_heading(ladder, terminal);
  const bool flops = ladder.problem->limit_is_flops;
  for (const LadderRow& row : ladder.rows) text += render_row(row, fastest_s, flops, terminal);
  return text + render_notes(ladder, terminal);
}

}  // namespace

std::string time_text(double seconds, const Terminal& terminal) {
  if (seconds >= 1) return three_digits(seconds) + " s";
  if (seconds >= 1e-3) return three_digits(seconds * 1e3) + " ms";
  return three_digits(seconds * 1e6) + (terminal.utf8 ? " µs" : " us");
}

std::string bytes_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes * 1e-9);
  if (bytes >= 1e6) return fmt::format("{:.0f} MB", bytes * 1e-6);
  return fmt::format("{:.0f} kB", bytes * 1e-3);
}

std::string render_ladders(const BenchReport& report, const Terminal& terminal) {
  const std::vector<Ladder> ladders = make_ladders(report);
  std::set<std::string> told;
  std::string text;
  for (std::size_t i = 0; i < ladders.size(); ++i) {
    text += render_ladder(ladders[i], terminal);
    const bool last = i + 1 == ladders.size() || ladders[i + 1].problem != ladders[i].problem;
    if (last) {
      text += render_backends(*ladders[i].problem, terminal);
      text += render_lesson(ladders[i], terminal, told) + "\n";
    }
  }
  std::string setting;
  for (const auto& [name, value] : report.fingerprint.facts) {
    setting += (setting.empty() ? "" : "; ") + name + " " + printable(value);
  }
  return text + terminal.paint(kDim, wrap(setting, terminal.width, 2)) + "\n";
}

std::string render_progress(double done, double left_s, const std::string& text,
                            const Terminal& terminal) {
  const std::string filled = bar(done, kProgressBar, terminal);
  const int columns =
      std::clamp(static_cast<int>(std::lround(done * kProgressBar)), 0, kProgressBar);
  const std::string line =
      fmt::format("[{}{}] {}{}", filled, std::string(kProgressBar - columns, ' '),
                  left_s < 0 ? "" : fmt::format("{:.0f} s left  ", left_s), printable(text));
  return clipped(line,
                 static_cast<std::size_t>(terminal.width - kMarkColumns) + filled.size() - columns,
                 terminal);
}

}  // namespace unaided
