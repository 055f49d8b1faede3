#pragma once

#include <stdexcept>
#include <string>

namespace unaided {

/// The harness, its set-up or its use is at fault: "not your code". Thrown anywhere, caught once in
/// main, which prints it and exits 2. The message says what, where and what to do next.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Fault("<what>: <strerror(errno)>").
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace unaided
