#include "kata_material.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "drill.h"
#include "fault.h"
#include "patch.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSourceBytesMax = 1'000'000;
constexpr std::size_t kFileCountMax = 500;

/// Reads the two folders of one kata and collects what is wrong with them.
class Reader {
 public:
  explicit Reader(const Kata& kata) { material_.kata = kata; }

  KataMaterial run() {
    const Kata& kata = material_.kata;
    material_.starter = read_regions(kata.starter());
    material_.reference = read_regions(kata.reference());
    read_mutants();
    read_alternates();
    find_strays(kata.folder(), candidate_files());
    find_strays(kata.reference_folder(), hidden_files());
    return std::move(material_);
  }

 private:
  /// Once for each thing: a missing file may be noticed twice.
  void complain(const char* id, const std::string& message) {
    const Problem problem = {id, message};
    std::vector<Problem>& problems = material_.problems;
    if (std::find(problems.begin(), problems.end(), problem) == problems.end()) {
      problems.push_back(problem);
    }
  }

  /// As the user would type it in the checkout.
  std::string shown(const fs::path& file) const {
    return file.lexically_relative(material_.kata.root).string();
  }

  std::string read(const fs::path& file) {
    if (fs::is_regular_file(file)) return read_text_file(file, kSourceBytesMax);
    complain("missing", shown(file) + " is missing");
    return "";
  }

  /// A source in which every level has its marked region, in order.
  std::string read_regions(const fs::path& file) {
    std::string text = read(file);
    const Regions regions = cut_regions(text);
    std::string joined = regions.preamble;
    int expected = 0;
    for (const auto& [level, region] : regions.levels) {
      joined += region;
      if (level != ++expected) break;
    }
    const bool whole = expected == material_.kata.level_count() &&
                       static_cast<int>(regions.levels.size()) == expected && joined == text;
    if (!text.empty() && !whole) {
      complain("regions", fmt::format("{} must mark each of its levels once and in order, by the "
                                      "lines `// level 1` to `// level {}`",
                                      shown(file), material_.kata.level_count()));
    }
    return text;
  }

  /// The regular files of a folder, sorted; none when it is missing.
  std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    if (!fs::is_directory(folder)) return files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      files.push_back(entry.path());
      if (files.size() > kFileCountMax) throw Fault("too many files in " + folder.string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  void read_mutants() {
    for (const fs::path& file : files_in(material_.kata.reference_folder() / "mutants")) {
      if (file.extension() == ".patch") read_mutant(file);
    }
  }

  void read_mutant(const fs::path& file) {
    Mutant mutant;
    mutant.name = file.stem().string();
    mutant.level = level_in_name(mutant.name);
    if (mutant.level == 0) {
      complain("name", shown(file) + " must be called level<K>_<what>.patch, K a level");
      return;
    }
    mutant.blind = mutant.name.substr(std::string("level1_").size()).starts_with("blind_");
    const Patch patch = split_patch(read(file));
    mutant.description = patch.description;
    if (mutant.description.empty()) {
      complain("description", shown(file) + " must say in words, before its diff, what is wrong");
    }
    try {
      mutant.diff = patch.diff;
      mutant.source = apply_patch(material_.reference, patch.diff);
    } catch (const Fault& fault) {
      complain("patch", shown(file) + ": " + fault.what());
      return;
    }
    require_own_change(mutant, file);
    material_.mutants.push_back(std::move(mutant));
  }

  /// The level of "level2_name", or 0.
  int level_in_name(const std::string& name) const {
    for (const Level& level : material_.kata.levels) {
      if (name.starts_with(fmt::format("level{}_", level.number))) return level.number;
    }
    return 0;
  }

  /// A mutant changes its own level's region; what it changes elsewhere follows from that.
  void require_own_change(const Mutant& mutant, const fs::path& file) {
    Regions mutated = cut_regions(mutant.source);
    Regions original = cut_regions(material_.reference);
    if (mutated.levels[mutant.level] == original.levels[mutant.level]) {
      complain("patch", fmt::format("{} changes nothing in level {}", shown(file), mutant.level));
    }
  }

  void read_alternates() {
    for (const fs::path& file : files_in(material_.kata.reference_folder() / "alternates")) {
      if (file.extension() == material_.kata.source_extension()) read_alternate(file);
    }
  }

  void read_alternate(const fs::path& file) {
    Alternate alternate;
    alternate.name = file.stem().string();
    alternate.source = read(file);
    alternate.last_level = material_.kata.level_count();
    const Regions regions = cut_regions(alternate.source);
    if (!regions.levels.empty()) {
      alternate.first_level = regions.levels.begin()->first;
      alternate.last_level = regions.levels.rbegin()->first;
      const int span = alternate.last_level - alternate.first_level + 1;
      const bool contiguous = span == static_cast<int>(regions.levels.size());
      if (!contiguous || alternate.last_level > material_.kata.level_count()) {
        complain("regions", shown(file) + " must mark levels of the kata without a gap");
        return;
      }
    }
    material_.alternates.push_back(std::move(alternate));
  }

  std::set<std::string> candidate_files() const {
    const Kata& kata = material_.kata;
    std::set<std::string> names = {"README.md", "kata.toml", kata.attempt_name()};
    for (const Level& level : kata.levels) {
      names.insert(kata.statement(level.number).filename().string());
      names.insert(kata.contract(level.number).filename().string());
    }
    names.insert(kata.files.begin(), kata.files.end());
    return names;
  }

  /// Besides the files that are always there, a header that checks include, at first or second
  /// hand.
  std::set<std::string> hidden_files() {
    const Kata& kata = material_.kata;
    std::set<std::string> names = {kata.attempt_name(), "notes.md", "mutants", "alternates"};
    std::string including;
    for (const Level& level : kata.levels) {
      names.insert(kata.checks(level.number).filename().string());
      including += read(kata.checks(level.number));
    }
    std::vector<fs::path> waiting = files_in(kata.reference_folder());
    for (bool found = true; found;) {
      found = false;
      std::erase_if(waiting, [&](const fs::path& file) {
        const std::string name = file.filename().string();
        if (file.extension() != ".h" || !includes(including, name)) return false;
        names.insert(name);
        including += read(file);
        return found = true;
      });
    }
    return names;
  }

  static bool includes(const std::string& text, const std::string& name) {
    return text.find("/" + name + "\"") != std::string::npos ||
           text.find("\"" + name + "\"") != std::string::npos;
  }

  void find_strays(const fs::path& folder, const std::set<std::string>& expected) {
    for (const fs::path& file : files_in(folder)) {
      const std::string name = file.filename().string();
      const bool may_be = expected.contains(name) || name == kPatternsName;
      if (!may_be) complain("stray", shown(file) + " does not belong here");
      if (name == "mutants") find_strays_by_ending(file, ".patch");
      if (name == "alternates") find_strays_by_ending(file, material_.kata.source_extension());
    }
    for (const std::string& name : expected) {
      if (!fs::exists(folder / name)) complain("missing", shown(folder / name) + " is missing");
    }
  }

  void find_strays_by_ending(const fs::path& folder, const std::string& ending) {
    for (const fs::path& file : files_in(folder)) {
      const bool expected = file.extension() == ending && fs::is_regular_file(file);
      if (!expected) complain("stray", shown(file) + " does not belong here");
    }
  }

  KataMaterial material_;
};

}  // namespace

KataMaterial read_kata_material(const Kata& kata) {
  return Reader(kata).run();
}

std::optional<Mutant> find_mutant(const KataMaterial& material, const std::string& name) {
  for (const Mutant& mutant : material.mutants) {
    if (mutant.name == name) return mutant;
  }
  return std::nullopt;
}

std::string solved_levels(std::string_view reference, int level) {
  const Regions regions = cut_regions(reference);
  std::string text = regions.preamble;
  for (const auto& [number, region] : regions.levels) {
    if (number <= level) text += region;
  }
  return text;
}

}  // namespace unaided
