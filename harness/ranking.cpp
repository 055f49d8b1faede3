#include "ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "render.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::size_t kFileWidthMax = 48;

bool judged(const Standing& standing) {
  return standing.exit_code < 2;
}

double share(const Standing& standing) {
  return standing.total == 0 ? 0 : static_cast<double>(standing.passed) / standing.total;
}

/// Smaller is better.
auto place_of(const Standing& standing) {
  return std::tuple(!judged(standing), -share(standing), standing.total == 0);
}

/// The end of a long path says more than its beginning.
std::string shortened(const std::string& file, const Terminal& terminal) {
  const std::string name = printable_line(file);
  if (name.size() <= kFileWidthMax) return name;
  std::size_t from = name.size() - kFileWidthMax + 1;
  while (from < name.size() && (static_cast<unsigned char>(name[from]) & 0xc0) == 0x80) ++from;
  return std::string(terminal.symbols().ellipsis) + name.substr(from);
}

std::string row(const Ranked& ranked, std::size_t file_width, std::size_t kata_width,
                const Terminal& terminal) {
  const Standing& standing = ranked.standing;
  const OutcomeRow& outcome = outcome_row(standing.outcome);
  const std::string place = ranked.rank == 0 ? "-" : std::to_string(ranked.rank);
  const std::string checks =
      standing.total == 0 ? "-" : fmt::format("{} of {}", standing.passed, standing.total);
  std::string line =
      fmt::format("{:>5}  {:<{}}  {:<{}}  {:>10}  ", place, shortened(standing.file, terminal),
                  file_width, standing.kata, kata_width, checks);
  std::string verdict(outcome.label);
  if (!standing.reason.empty()) verdict += ": " + printable_line(standing.reason);
  const std::size_t width = static_cast<std::size_t>(std::max(terminal.width, 100));
  if (terminal.output_is_tty && line.size() + 2 < width) {
    verdict = clipped(verdict, width - line.size() - 2, terminal);
  }
  return line +
         fmt::format("{} {}\n",
                     terminal.paint(outcome.colour, outcome_symbol(standing.outcome, terminal)),
                     verdict);
}

std::string counts(std::span<const Ranked> ranking) {
  int passed = 0;
  int fell_short = 0;
  for (const Ranked& ranked : ranking) {
    passed += ranked.standing.exit_code == 0;
    fell_short += ranked.standing.exit_code == 1;
  }
  const int unjudged = static_cast<int>(ranking.size()) - passed - fell_short;
  return fmt::format("{} attempts: {} passed, {} fell short, {} not judged\n", ranking.size(),
                     passed, fell_short, unjudged);
}

}  // namespace

std::vector<Ranked> rank(std::vector<Standing> standings) {
  std::stable_sort(standings.begin(), standings.end(), [](const Standing& a, const Standing& b) {
    return std::tuple(place_of(a), std::string_view(a.file)) <
           std::tuple(place_of(b), std::string_view(b.file));
  });
  std::vector<Ranked> ranking;
  for (Standing& standing : standings) {
    const bool equal = !ranking.empty() && place_of(ranking.back().standing) == place_of(standing);
    const int place = equal ? ranking.back().rank : static_cast<int>(ranking.size()) + 1;
    ranking.push_back({judged(standing) ? place : 0, std::move(standing)});
  }
  return ranking;
}

std::string render_ranking(std::span<const Ranked> ranking, const Terminal& terminal) {
  std::size_t file_width = std::string_view("attempt").size();
  std::size_t kata_width = std::string_view("kata").size();
  for (const Ranked& ranked : ranking) {
    file_width = std::max(file_width, shortened(ranked.standing.file, terminal).size());
    kata_width = std::max(kata_width, ranked.standing.kata.size());
  }
  std::string text = fmt::format("{:>5}  {:<{}}  {:<{}}  {:>10}  {}\n", "rank", "attempt",
                                 file_width, "kata", kata_width, "checks", "verdict");
  for (const Ranked& ranked : ranking) text += row(ranked, file_width, kata_width, terminal);
  return text + "\n" + counts(ranking);
}

}  // namespace unaided
