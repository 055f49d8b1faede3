#include "practice_text.h"

#include <fmt/format.h>

namespace unaided {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;
constexpr std::string_view kBold = "1";
constexpr std::string_view kFaint = "2";

}  // namespace

std::string render_choice(const Choice& choice, Day today, const Terminal& terminal) {
  const std::string title =
      fmt::format("{}: {}, {} min", choice.title(), choice.format, choice.minutes);
  return fmt::format("{}\n  {}.\n", terminal.paint(kBold, title), reason_text(choice, today));
}

json choice_to_json(const Choice& choice, Day today) {
  const std::string& behaviour = choice.standing.behaviour;
  return {{"schema", kSchema},
          {"kata", choice.kata},
          {"level", choice.level},
          {"format", choice.format},
          {"minutes", choice.minutes},
          {"reason", reason_id(choice.reason)},
          {"behaviour", behaviour.empty() ? json(nullptr) : json(behaviour)},
          {"sentence", reason_text(choice, today)},
          {"command", choice.command()}};
}

std::string render_plan(const std::vector<PlannedDay>& plan, Day interview,
                        const Terminal& terminal) {
  std::string text;
  for (const PlannedDay& planned : plan) {
    const std::string day = fmt::format("{:<9} {}", weekday(planned.day), day_text(planned.day));
    if (planned.sittings.empty()) {
      text += fmt::format("{}  {}\n", day, terminal.paint(kFaint, "free: read your notes, rest"));
    }
    std::string head = day;
    for (const Choice& choice : planned.sittings) {
      const std::string what =
          fmt::format("{:<32} {:<10} {:>3} min", choice.title(), choice.format, choice.minutes);
      text +=
          fmt::format("{:<20}  {}\n", head, choice.level == 0 ? terminal.paint(kBold, what) : what);
      head.clear();
    }
  }
  return text + fmt::format("{:<9} {}  {}\n", weekday(interview), day_text(interview),
                            terminal.paint(kBold, "the interview"));
}

json plan_to_json(const std::vector<PlannedDay>& plan, Day interview) {
  json days = json::array();
  for (const PlannedDay& planned : plan) {
    json sittings = json::array();
    for (const Choice& choice : planned.sittings) {
      sittings.push_back(choice_to_json(choice, planned.day));
    }
    days.push_back({{"day", day_text(planned.day)}, {"sittings", sittings}});
  }
  return {{"schema", kSchema}, {"interview", day_text(interview)}, {"days", days}};
}

}  // namespace unaided
