#pragma once

#include <string>

#include "check_library.h"

namespace unaided {

/// The name of a process that waits for its check.
inline constexpr const char* kStandbyName = "standby";

/// What is certain of a child before it knows its check.
struct ChildConfinement {
  int command_fd = -1;  // where the child reads its task
  int report_fd = -1;
  int output_fd = -1;
  long cpu_s_max = 0;
  long memory_mb_max = 0;         // private and writable
  long address_space_mb_max = 0;  // all; 0 for none
  long file_mb_max = 0;           // 0 for none
  bool card = false;   // to use one, which needs more than limits without a card would leave
  bool early = false;  // nobody waits yet: time to touch what checks commonly write to
};

/// What a child is to do.
struct ChildTask {
  int check = -1;       // index in the library; -1: call the attempt's main
  std::string name;     // "Behaviour.Name", sent back in the completion record
  std::string nonce;    // sent back too; fresh for every child
  std::string attempt;  // path of the shared object
  std::string device;   // as in GradeReport: what a device's kata runs on
  unsigned long long seed = 0;
};

/// Sends the task to a child that waits. If that is gone its death will tell, and nothing is said.
void send_task(int command_fd, const ChildTask& task);

/// Confines this process and waits for its task; then becomes the check: loads the attempt, runs
/// the check and the attempt's static destructors, sends one record and ends. The record of a check
/// that ran is {nonce, check, ran, failures, forbidden, refused_bytes}, with exit status 0; that of
/// a child which never came so far is {nonce, check, unconfined}, {nonce, check, deviceless} or
/// {nonce, check, unloaded}, with the reason. An exception of the attempt's that nobody catches
/// ends the process. Without a task it ends in silence.
[[noreturn]] void run_check_child(const UnaidedCheckLibrary* library,
                                  const ChildConfinement& confinement) noexcept;

}  // namespace unaided
