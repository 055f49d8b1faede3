#include "clock.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "fault.h"

namespace unaided {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

std::int64_t read_clock_ms(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) throw_errno("cannot read the clock");
  return time.tv_sec * kMsPerSecond + time.tv_nsec / 1'000'000;
}

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

Moment later(Moment moment, std::int64_t ms) {
  moment.boot_ms += ms;
  moment.utc_ms += ms;
  return moment;
}

Elapsed elapsed(const Moment& from, const Moment& to) {
  const bool same_boot = !from.boot_id.empty() && from.boot_id == to.boot_id;
  if (same_boot) return {to.boot_ms - from.boot_ms, false};
  return {to.utc_ms - from.utc_ms, true};
}

std::string utc_text(std::int64_t utc_ms) {
  const std::int64_t fraction_ms = ((utc_ms % kMsPerSecond) + kMsPerSecond) % kMsPerSecond;
  const std::time_t seconds = (utc_ms - fraction_ms) / kMsPerSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     fraction_ms);
}

std::optional<std::int64_t> parse_utc(std::string_view text) {
  std::tm parts{};
  int fraction_ms = 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d+00:00", &parts.tm_year,
                  &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec,
                  &fraction_ms) != 7) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::int64_t utc_ms = timegm(&parts) * kMsPerSecond + fraction_ms;
  if (utc_text(utc_ms) != text) return std::nullopt;
  return utc_ms;
}

std::string duration_text(std::int64_t ms) {
  const std::int64_t seconds = ms > 0 ? ms / kMsPerSecond : 0;
  const std::int64_t hours = seconds / 3600;
  const std::int64_t minutes = seconds / 60 % 60;
  if (hours == 0) return fmt::format("{}:{:02}", minutes, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", hours, minutes, seconds % 60);
}

void to_json(nlohmann::json& json, const Moment& moment) {
  json = {
      {"utc", utc_text(moment.utc_ms)}, {"boot_ms", moment.boot_ms}, {"boot_id", moment.boot_id}};
}

void from_json(const nlohmann::json& json, Moment& moment) {
  const auto utc_ms = parse_utc(json.at("utc").get<std::string>());
  if (!utc_ms) throw Fault("not a UTC time: " + json.at("utc").get<std::string>());
  moment = {json.at("boot_id").get<std::string>(), json.at("boot_ms").get<std::int64_t>(), *utc_ms};
}

Moment SystemClock::now() const {
  static const std::string boot_id = read_boot_id();
  return {boot_id, read_clock_ms(CLOCK_BOOTTIME), read_clock_ms(CLOCK_REALTIME)};
}

void FakeClock::reboot(std::int64_t off_ms) {
  now_.boot_id += "+";
  now_.boot_ms = 1;
  now_.utc_ms += off_ms;
}

}  // namespace unaided
