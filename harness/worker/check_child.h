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
  std::string device;      // as in GradeReport: what a device's kata runs on
  bool sanitized = false;  // AddressSanitizer reserves more address space than any limit allows
  int report_fd = -1;
  int output_fd = -1;
  long cpu_s_max = 0;
  long memory_mb_max = 0;         // private and writable
  long address_space_mb_max = 0;  // all
  long file_mb_max = 0;
};

/// Becomes the check: confines this process, loads the attempt, runs the check and the attempt's
/// static destructors, sends one record and ends. The record of a check that ran is {nonce, check,
/// ran, failures, forbidden, refused_bytes}, with exit status 0; that of a child which never came
/// so far is {nonce, check, unconfined} or {nonce, check, unloaded}, with the reason. An exception
/// of the attempt's that nobody catches ends the process.
[[noreturn]] void run_check_child(const ChildTask& task) noexcept;

}  // namespace unaided
