#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace unaided {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal
/// string alignment, the restricted Damerau-Levenshtein distance).
int edit_distance(std::string_view a, std::string_view b);

/// The candidate that `word` most likely meant, ignoring case; nothing when none is near (more than
/// a third of the word's letters differ). The first one wins a tie.
std::optional<std::string> nearest_spelling(std::string_view word,
                                            std::span<const std::string> candidates);

/// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace unaided
