#pragma once

#include <span>
#include <string_view>

namespace unaided {

/// How something is used, in one line. `signature` stands for what the headers do not tell.
struct ApiNote {
  std::string_view word;
  std::string_view signature;
  std::string_view example;
};

/// Sorted by word.
std::span<const ApiNote> api_notes();

}  // namespace unaided
