#include "calendar.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace unaided {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr Day kDaysOfWeek = 7;
constexpr std::array<std::string_view, kDaysOfWeek> kWeekdays = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

std::tm local_time(std::int64_t utc_ms) {
  const std::time_t seconds = static_cast<std::time_t>(utc_ms / 1000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

sys_days sys_day(Day day) {
  return sys_days(days(day));
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

}  // namespace

Day local_day(std::int64_t utc_ms) {
  const std::tm parts = local_time(utc_ms);
  const year_month_day date{std::chrono::year(parts.tm_year + 1900),
                            std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                            std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  return sys_days(date).time_since_epoch().count();
}

std::string day_text(Day day) {
  const year_month_day date(sys_day(day));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::optional<Day> parse_day(std::string_view text) {
  constexpr std::string_view kForm = "YYYY-MM-DD";
  if (text.size() != kForm.size() || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch().count();
}

std::string_view weekday(Day day) {
  return kWeekdays[std::chrono::weekday(sys_day(day)).c_encoding()];
}

std::string past_day_text(Day day, Day today) {
  if (day == today) return "earlier today";
  if (day == today - 1) return "yesterday";
  if (day < today && today - day < kDaysOfWeek) return fmt::format("last {}", weekday(day));
  return "on " + day_text(day);
}

std::string local_minute_text(std::int64_t utc_ms) {
  return fmt::format("{:%Y-%m-%d %H:%M}", local_time(utc_ms));
}

}  // namespace unaided
