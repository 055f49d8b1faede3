#pragma once

#include <string>

#include "check_library.h"

namespace unaided {

/// What the worker hands to a forked child.
struct ChildTask {
  const UnaidedCheckLibrary* library = nullptr;
  int check = -1;       // index in `library`; -1: call the attempt's main
  std::string name;     // "Behaviour.Name", sent back in the completion record
  std::string nonce;    // sent back too; fresh for every child
  std::string attempt;  // path of the shared object
  unsigned long long seed = 0;
  bool sanitized = false;  // AddressSanitizer reserves more address space than any limit allows
  int report_fd = -1;
  int output_fd = -1;
  long cpu_s_max = 0;
  long memory_mb_max = 0;
  long file_mb_max = 0;
};

/// Exit statuses of a child that never came to run the check.
inline constexpr int kCannotConfine = 120;
inline constexpr int kCannotLoad = 121;

/// Becomes the check: confines this process, loads the attempt, runs the check, unloads the attempt
/// (which runs its static destructors), sends one completion record and ends with status 0.
[[noreturn]] void run_check_child(const ChildTask& task);

}  // namespace unaided
