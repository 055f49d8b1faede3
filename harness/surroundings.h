#pragma once

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "worker/check_child.h"

// For tests: what a grading must leave as it found it. Processes count when they descend from this
// one; a process that orphans itself still does once this one is a subreaper. Folders with a number
// for a name do not count: they are builds, of which a grader keeps the last two.
namespace unaided {

struct Surroundings {
  std::multiset<std::string> processes;  // names of living descendants
  std::set<std::string> files;           // path and size

  bool operator==(const Surroundings&) const = default;
};

namespace surroundings_detail {

struct ProcessEntry {
  pid_t parent = 0;
  std::string name;
  bool alive = false;
};

inline std::map<pid_t, ProcessEntry> all_processes() {
  std::map<pid_t, ProcessEntry> found;
  DIR* folder = opendir("/proc");
  while (const dirent* entry = readdir(folder)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (close == std::string::npos || close + 4 > text.size()) continue;
    const char state = text[close + 2];
    found[pid] = {std::atoi(text.c_str() + close + 4), text.substr(open + 1, close - open - 1),
                  state != 'Z' && state != 'X'};
  }
  closedir(folder);
  return found;
}

inline bool descends(const std::map<pid_t, ProcessEntry>& all, pid_t pid, pid_t ancestor) {
  for (std::size_t step = 0; step < all.size(); ++step) {
    const auto entry = all.find(pid);
    if (entry == all.end()) return false;
    pid = entry->second.parent;
    if (pid == ancestor) return true;
  }
  return false;
}

inline bool in_numbered_folder(const std::filesystem::path& path) {
  return std::any_of(path.begin(), path.end(), [](const std::filesystem::path& part) {
    const std::string name = part.string();
    return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
  });
}

}  // namespace surroundings_detail

/// The living descendants of this process, everything below `own` folders, and what lies directly
/// in `shared` folders, where others write too, under a name with "stray" in it or one that a
/// compiler gives to what it saves of mini.cpp.
inline Surroundings surroundings(const std::vector<std::filesystem::path>& own,
                                 const std::vector<std::filesystem::path>& shared) {
  namespace fs = std::filesystem;
  Surroundings result;
  const auto all = surroundings_detail::all_processes();
  for (const auto& [pid, entry] : all) {
    const bool waits = entry.name == kStandbyName;  // for a check: it has seen no attempt
    if (entry.alive && !waits && surroundings_detail::descends(all, pid, getpid())) {
      result.processes.insert(entry.name);
    }
  }
  for (const fs::path& folder : own) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      std::string line = entry.path().string();
      if (surroundings_detail::in_numbered_folder(entry.path())) continue;
      if (entry.is_regular_file()) line += " " + std::to_string(entry.file_size());
      result.files.insert(line);
    }
  }
  for (const fs::path& folder : shared) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.find("stray") != std::string::npos || name.starts_with("mini-")) {
        result.files.insert(entry.path().string());
      }
    }
  }
  return result;
}

/// One line for each thing that is in one of them only; empty when they are equal.
inline std::string difference(const Surroundings& before, const Surroundings& after) {
  std::string text;
  const auto compare = [&](const auto& left, const auto& right, const std::string& what) {
    std::vector<std::string> lines;
    std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(lines));
    for (const std::string& line : lines) text += what + line + "\n";
  };
  compare(before.processes, after.processes, "process gone: ");
  compare(after.processes, before.processes, "process left: ");
  compare(before.files, after.files, "file gone: ");
  compare(after.files, before.files, "file left: ");
  return text;
}

}  // namespace unaided
