#pragma once

#include <string>
#include <string_view>

namespace unaided {

/// A C++ source in which nothing is left of comments and literals but blanks, line breaks, and a 0
/// where a literal begins: every other character stands where it stood.
std::string blanked(std::string_view source);

/// Whether a name may hold this character.
bool is_word_character(char c);

}  // namespace unaided
