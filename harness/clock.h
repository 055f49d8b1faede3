#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace unaided {

/// One moment on both clocks: the boot clock (CLOCK_BOOTTIME: counts suspend, ignores changes of
/// the date) means something within one boot only, the wall clock survives a reboot.
struct Moment {
  std::string boot_id;       // the kernel's random id of this boot
  std::int64_t boot_ms = 0;  // since boot
  std::int64_t utc_ms = 0;   // since 1970-01-01T00:00:00+00:00

  bool operator==(const Moment&) const = default;
};

Moment later(Moment moment, std::int64_t ms);

/// The time from one moment to another, and which clock told it.
struct Elapsed {
  std::int64_t ms = 0;         // negative when `to` is the earlier one
  bool by_wall_clock = false;  // a reboot lies between: changing the date changes this figure
};
Elapsed elapsed(const Moment& from, const Moment& to);

/// RFC 3339 in UTC with its offset: "2026-11-21T14:05:09.123+00:00".
std::string utc_text(std::int64_t utc_ms);
/// Reads what utc_text() writes; nothing when `text` is something else.
std::optional<std::int64_t> parse_utc(std::string_view text);
/// "12:05", or "1:02:03" from an hour on; negative times are "0:00".
std::string duration_text(std::int64_t ms);

void to_json(nlohmann::json& json, const Moment& moment);
/// Throws Fault when `json` is not what to_json() writes.
void from_json(const nlohmann::json& json, Moment& moment);

/// Where the time comes from: the seam at which tests put a fake.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Moment now() const = 0;
};

class SystemClock : public Clock {
 public:
  Moment now() const override;
};

/// Stands still until it is told to move.
class FakeClock : public Clock {
 public:
  explicit FakeClock(Moment start) : now_(std::move(start)) {}
  Moment now() const override { return now_; }
  void advance(std::int64_t ms) { now_ = later(now_, ms); }
  /// A new boot id and a boot clock near zero, `off_ms` later on the wall.
  void reboot(std::int64_t off_ms);

 private:
  Moment now_;
};

}  // namespace unaided
