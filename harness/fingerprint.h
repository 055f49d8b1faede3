#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace unaided {

/// What a time depends on beside the code: name and value, in the order shown.
struct Fingerprint {
  std::vector<std::pair<std::string, std::string>> facts;

  /// The value by its name; empty when there is none.
  std::string fact(const std::string& name) const;
  bool operator==(const Fingerprint&) const = default;
};

/// The machine's part: cpu, cores, governor and cache, "unknown" where the system does not tell.
Fingerprint machine_fingerprint();

/// The size of the last-level cache that one core reaches; 32 MiB where the system does not tell.
std::int64_t last_level_cache_bytes();

/// The fact of a card's clocks and temperature: it changes by the minute, so nobody compares it.
inline constexpr const char* kCardState = "card's state";

/// One sentence for each fact that differs or that only one of the two has, but for kCardState.
std::vector<std::string> fingerprint_differences(const Fingerprint& a, const Fingerprint& b);

void to_json(nlohmann::json& json, const Fingerprint& fingerprint);
/// Throws Fault when it is not what to_json() writes.
void from_json(const nlohmann::json& json, Fingerprint& fingerprint);

}  // namespace unaided
