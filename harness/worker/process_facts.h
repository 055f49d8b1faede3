#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace unaided {

/// What /proc says of a process.
struct ProcessFacts {
  std::int64_t private_kb = 0;  // all that it makes the machine keep, so not mapped files
  std::int64_t address_space_kb = 0;
  std::int64_t threads = 0;
};

/// `process` is a number or "self". All zero when there is no such process.
ProcessFacts read_facts(const std::string& process);

/// Processor time of all its threads, the dead ones too; 0 when there is no such process.
double cpu_ms(pid_t pid);

}  // namespace unaided
