#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "seal.h"

// The active probe: tries each channel, as a candidate would. The same code runs outside the seat,
// where it must get through to what seal_control.h has planted, and inside, where it must not: an
// escape that fails on both sides proves nothing.
namespace unaided {

/// What has been planted, and what is to be absent. Travels as JSON.
struct SealTargets {
  int loopback_port = 0;      // TCP, 127.0.0.1
  std::string outer_address;  // IPv4 of this machine other than loopback; empty when it has none
  int outer_port = 0;
  std::string abstract_socket;  // without the leading zero byte
  std::string path_socket;
  std::string variable;    // NAME=value
  std::string descriptor;  // what /proc/self/fd/N names
  std::string process;     // an argument that no other process has
  pid_t pid = 0;           // of that process
  int shared_memory = 0;   // a System V key
  std::int64_t scratch_mb = 0;
  std::map<std::string, std::vector<std::string>> absent;  // id of the row → paths
  std::vector<std::string> unwritable;                     // folders and files
};
void to_json(nlohmann::json& json, const SealTargets& targets);
void from_json(const nlohmann::json& json, SealTargets& targets);

/// What came of trying one channel.
struct Escape {
  bool succeeded = false;
  std::string how;  // what was reached, or what refused it
};

/// Tries every channel that can be tried, each in a process of its own with a second of time. By
/// the id of the row.
std::map<std::string, Escape> try_escapes(const SealTargets& targets);
/// The channels that try_escapes() tries.
std::vector<Channel> tried_channels();

void to_json(nlohmann::json& json, const Escape& escape);
void from_json(const nlohmann::json& json, Escape& escape);

/// One way out each; for try_escapes(), which forks before it calls them.
struct EscapeAttempt {
  Channel channel;
  Escape (*attempt)(const SealTargets& targets);
};
std::span<const EscapeAttempt> network_attempts();
std::span<const EscapeAttempt> kernel_attempts();
std::span<const EscapeAttempt> file_attempts();

}  // namespace unaided
