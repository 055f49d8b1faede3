#include "fingerprint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fault.h"

namespace unaided {

namespace {

constexpr const char* kUnknown = "unknown";
constexpr const char* kGovernorFile = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
constexpr std::int64_t kCacheBytesUnknown = 32 << 20;
constexpr std::size_t kFactsMax = 64;
constexpr std::size_t kFactBytesMax = 4096;

std::string first_line(const char* file) {
  std::ifstream stream(file);
  std::string line;
  return std::getline(stream, line) && !line.empty() ? line : kUnknown;
}

/// "model name : AMD EPYC", with the numbers that tell apart what is sold under one name.
std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string name = kUnknown;
  std::string numbers;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 2);
    if (line.starts_with("model name")) name = value;
    for (const char* key : {"cpu family", "model\t", "stepping"}) {
      if (line.starts_with(key)) numbers += (numbers.empty() ? "" : ".") + value;
    }
  }
  return numbers.empty() ? name : name + " (" + numbers + ")";
}

}  // namespace

std::int64_t last_level_cache_bytes() {
  // The C library's figure can be that of all cores of a socket.
  for (const char* index : {"index3", "index2"}) {
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu0/cache/{}/size", index));
    std::int64_t size = 0;
    char unit = 0;
    if (file >> size >> unit && size > 0) return size << (unit == 'M' ? 20 : 10);
  }
  const long told = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return told > 0 ? told : kCacheBytesUnknown;
}

Fingerprint machine_fingerprint() {
  return {{{"cpu", processor()},
           {"cores", std::to_string(std::thread::hardware_concurrency())},
           {"governor", first_line(kGovernorFile)},
           {"last-level cache", fmt::format("{} KiB", last_level_cache_bytes() >> 10)}}};
}

std::string Fingerprint::fact(const std::string& name) const {
  for (const auto& [key, value] : facts) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> fingerprint_differences(const Fingerprint& a, const Fingerprint& b) {
  std::vector<std::string> differences;
  for (const auto& [name, value] : a.facts) {
    const std::string other = b.fact(name);
    if (other == value || name == kCardState) continue;
    differences.push_back(other.empty() ? fmt::format("{}: {} in the first only", name, value)
                                        : fmt::format("{}: {} against {}", name, value, other));
  }
  for (const auto& [name, value] : b.facts) {
    if (!a.fact(name).empty() || name == kCardState) continue;
    differences.push_back(fmt::format("{}: {} in the second only", name, value));
  }
  return differences;
}

void to_json(nlohmann::json& json, const Fingerprint& fingerprint) {
  json = nlohmann::json::array();
  for (const auto& [name, value] : fingerprint.facts) json.push_back({name, value});
}

void from_json(const nlohmann::json& json, Fingerprint& fingerprint) {
  fingerprint.facts.clear();
  try {
    if (json.size() > kFactsMax) throw Fault("a fingerprint has too many facts");
    for (const auto& fact : json) {
      fingerprint.facts.emplace_back(fact.at(0), fact.at(1));
      if (fingerprint.facts.back().second.size() > kFactBytesMax) {
        throw Fault("a fingerprint has a fact that is too long");
      }
    }
  } catch (const nlohmann::json::exception& error) {
    throw Fault(std::string("this is no fingerprint: ") + error.what());
  }
}

}  // namespace unaided
