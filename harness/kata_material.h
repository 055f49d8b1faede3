#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kata.h"

namespace unaided {

/// What is wrong with a kata: `id` names the rule ("survivor"), for programs.
struct Problem {
  std::string id;
  std::string message;

  bool operator==(const Problem&) const = default;
};

/// The reference with one realistic bug, from mutants/level<level>_*.patch.
struct Mutant {
  std::string name;  // the patch's file name less its ending
  std::string description;
  int level = 1;
  bool blind = false;     // written from the statement alone: level<level>_blind_*.patch
  std::string source;     // the reference with it
  std::string diff = {};  // against the reference
};

/// A correct solution in another style, from alternates/*.cpp (or .cu). Covers the levels that it
/// marks with
/// `// level K`, or all when it marks none.
struct Alternate {
  std::string name;
  int first_level = 1;
  int last_level = 1;
  std::string source;
};

/// In reference/<id>/, where `dev verify --write-patterns` has made it; see failure_patterns.h.
inline constexpr char kPatternsName[] = "patterns.json";

/// All that the authors of a kata wrote which `dev verify` can judge without running it.
struct KataMaterial {
  Kata kata;
  std::string starter;
  std::string reference;
  std::vector<Mutant> mutants;
  std::vector<Alternate> alternates;
  std::vector<Problem> problems;  // of the files themselves: stray, missing, malformed
};

/// What `dev verify` asks of each level.
inline constexpr int kMutantsMin = 6;
inline constexpr int kAlternatesMin = 2;

/// Reads both folders of `kata`. What is wrong with them is a problem; Fault only when a file that
/// is there cannot be read.
KataMaterial read_kata_material(const Kata& kata);

/// The mutant of that name, as it is now; nothing when the kata has none such any more.
std::optional<Mutant> find_mutant(const KataMaterial& material, const std::string& name);

/// `reference` up to and with `level`: the solution to a drill of that level.
std::string solved_levels(std::string_view reference, int level);

}  // namespace unaided
