#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unaided {

/// The sets of headers that attempts are compiled with: harness/attempt_headers/<name>.h.
inline constexpr std::string_view kHeaderSets[] = {"tensors", "json", "cuda"};

/// The devices that a kata may be for, beside the CPU.
inline constexpr std::string_view kCudaDevice = "cuda";
inline constexpr std::string_view kDevices[] = {kCudaDevice};

/// Bounds of one check, from kata.toml's [limits].
struct Limits {
  std::int64_t wall_ms = 4000;
  std::int64_t cpu_ms = 3000;
  std::int64_t memory_mb = 256;  // resident, above the idle worker's own
  std::int64_t output_kb = 64;
  std::int64_t file_mb = 8;

  bool operator==(const Limits&) const = default;
};

struct Level {
  int number = 0;  // 1-based
  std::string title;
  int par_minutes = 0;
};

/// One exercise: what kata.toml says. Every path is computed from the id, never stored.
struct Kata {
  std::string id;
  std::string title;
  std::string summary;
  std::vector<std::string> topics;  // what is practised, in an interviewer's words
  Limits limits;
  std::vector<Level> levels;  // 1 to 4
  /// Globs over operator names ("scaled_dot_product*"): watched for at run time by an operator
  /// observer and searched in the attempt's undefined symbols.
  std::vector<std::string> forbidden;
  std::string headers{kHeaderSets[0]};  // one of kHeaderSets; a device's katas have its own
  std::string device;                   // one of kDevices, or empty: the CPU
  std::vector<std::string> files;       // other files of katas/<id> that come with the statement
  std::filesystem::path root;           // holds katas/ and reference/

  std::filesystem::path folder() const;              // katas/<id>
  std::filesystem::path statement(int level) const;  // katas/<id>/levelN.md
  std::filesystem::path contract(int level) const;   // katas/<id>/levelN.h
  std::vector<std::filesystem::path> contracts() const;
  std::filesystem::path starter() const;           // katas/<id>/<attempt_name()>
  std::filesystem::path reference_folder() const;  // reference/<id>
  std::filesystem::path reference() const;         // reference/<id>/<attempt_name()>
  std::filesystem::path checks(int level) const;   // reference/<id>/checks_levelN.cpp
  std::string source_extension() const;            // ".cpp", or ".cu" for a device
  std::string attempt_name() const;                // <id><source_extension()>
  int level_count() const { return static_cast<int>(levels.size()); }
};

/// Reads katas/<id>/kata.toml below `root`. Throws Fault naming file, line and key when malformed,
/// or, for an unknown id, the nearest known one.
Kata load_kata(const std::filesystem::path& root, const std::string& id);

/// Lower-case letters, digits and underscores, a letter first, at most 32: an id is a file name, a
/// CMake target and never a path.
bool is_kata_id(const std::string& id);

/// The ids of all katas below `root`, sorted.
std::vector<std::string> kata_ids(const std::filesystem::path& root);

}  // namespace unaided
