#pragma once

#include <exception>
#include <string>
#include <type_traits>

namespace support {

/// Empty if the call throws nothing, else what it throws, in words.
template <typename Call>
std::string thrown_by(Call&& call) {
  try {
    call();
    return "";
  } catch (const std::exception& error) {
    return std::string("an exception: \"") + error.what() + "\"";
  } catch (...) {
    return "something that is not a std::exception";
  }
}

/// Empty if the call throws an E, and with this what() if one is given; else what it does instead.
template <typename E, typename Call>
std::string done_instead_of_throwing(Call&& call, const std::string& what) {
  try {
    call();
  } catch (const E& error) {
    if constexpr (std::is_base_of_v<std::exception, E>) {
      if (!what.empty() && error.what() != what) return std::string("\"") + error.what() + "\"";
    }
    return "";
  } catch (const std::exception& error) {
    return std::string("another exception, \"") + error.what() + "\"";
  } catch (...) {
    return "something that is not a std::exception";
  }
  return "no exception";
}

}  // namespace support
