#pragma once

// The models of the checks: logits of what comes after a history.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "support/logits.h"

namespace logits {

/// The logits of what comes after this history.
using Next = std::function<Row(const Tokens& history)>;

/// Logits between −spread and spread from the whole history.
inline Next random_model(std::uint64_t key, std::int64_t vocabulary, double spread = 3) {
  return [=](const Tokens& history) { return hashed_row(key, history, vocabulary, spread); };
}

/// Logits that depend on the last token alone.
inline Next after_last_token(std::vector<Row> table) {
  return [table = std::move(table)](const Tokens& history) {
    return table.at(static_cast<std::size_t>(history.back()));
  };
}

/// The target of level 1's statement.
inline Next statement_target() {
  return after_last_token({{0, 2, 1, 0}, {1, 0, 3, 3}, {-2, -4, -3, -1}, {7, 1, 0, 0}});
}

}  // namespace logits
