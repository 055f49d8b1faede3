#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace unaided {

/// A day of the candidate's own calendar (the time zone of the process), as days since 1970-01-01:
/// differences count days.
using Day = std::int64_t;

Day local_day(std::int64_t utc_ms);

/// "2026-12-15".
std::string day_text(Day day);

/// Reads what day_text() writes; nothing for another text or a day that no calendar has.
std::optional<Day> parse_day(std::string_view text);

/// "Tuesday".
std::string_view weekday(Day day);

/// A past day as people say it: "earlier today", "yesterday", "last Tuesday" within a week, else
/// "on 2026-11-03".
std::string past_day_text(Day day, Day today);

/// "2026-11-21 14:05", in the candidate's time zone.
std::string local_minute_text(std::int64_t utc_ms);

}  // namespace unaided
