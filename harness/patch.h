#pragma once

#include <string>
#include <string_view>

namespace unaided {

/// A unified diff of one file, as `diff -u` or `git diff` write it. The words before its first line
/// that begins with "---" describe it.
struct Patch {
  std::string description;  // without blank lines around it
  std::string diff;
};

Patch split_patch(std::string_view text);

/// `text` with every hunk of `diff` applied, exactly where it says and with exactly the context it
/// shows: a patch that has drifted is a Fault naming the hunk's line, never a guess.
std::string apply_patch(std::string_view text, std::string_view diff);

}  // namespace unaided
