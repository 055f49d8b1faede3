// The hostile part begins here: after dlopen this process may do anything that the filter and the
// limits allow. Its word counts only through the completion record, which needs the nonce of this
// very child, and only if the process then ends with status 0.
#include "check_child.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../fault.h"
#include "../kata.h"
#include "../protocol.h"
#include "check_device.h"
#include "filter.h"
#include "probe.h"

namespace unaided {

namespace {

constexpr int kReportFd = 3;
constexpr long kDescriptorsMax = 64;          // a memory file's bytes count nowhere else
constexpr long kDescriptorsOfCardMax = 1024;  // CUDA opens nodes many times over
constexpr int kFailuresMax = 4;
constexpr std::size_t kFailureBytesMax = 4096;

bool bound(decltype(RLIMIT_CPU) resource, long value) {
  // The hard limit lies above, so that the first signal is the one that names the limit.
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value) + 1};
  return value <= 0 || setrlimit(resource, &limit) == 0;
}

/// Standard input is empty, both outputs go to the worker, and no other descriptor is left.
void place_descriptors(const ChildTask& task) {
  const int report = fcntl(task.report_fd, F_DUPFD, 64);
  const int output = fcntl(task.output_fd, F_DUPFD, 64);
  const int null_fd = open("/dev/null", O_RDONLY);
  dup2(null_fd, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  dup2(report, kReportFd);
  syscall(SYS_close_range, kReportFd + 1, ~0U, 0U);
}

/// CUDA maps the memory of the machine and of all cards, and files of its own, so neither is
/// bounded beside it; what is resident still is, and the sandbox has next to no place to write to.
bool confine(const ChildTask& task) {
  const rlimit no_core{0, 0};
  const bool card = task.device == kCudaDevice;
  return setrlimit(RLIMIT_CORE, &no_core) == 0 && bound(RLIMIT_CPU, task.cpu_s_max) &&
         (task.sanitized || card ||
          (bound(RLIMIT_DATA, task.memory_mb_max << 20) &&
           bound(RLIMIT_AS, task.address_space_mb_max << 20))) &&
         (card || bound(RLIMIT_FSIZE, task.file_mb_max << 20)) &&
         bound(RLIMIT_NOFILE, card ? kDescriptorsOfCardMax : kDescriptorsMax) &&
         install_child_filter();
}

/// The child never comes to run the check. An attempt cannot claim this: it was not told the nonce.
[[noreturn]] void give_up(const ChildTask& task, const char* why, const std::string& text) {
  send_frame(kReportFd, {{"nonce", task.nonce}, {"check", task.name}, {why, text}});
  _exit(1);
}

struct Result {
  const ChildTask& task;
  int ran = 0;  // how many checks came to their end
  std::vector<std::string> failures;
};

void add_failure(void* context, const char* message) {
  auto& failures = static_cast<Result*>(context)->failures;
  if (failures.size() >= kFailuresMax) return;
  failures.emplace_back(std::string(message).substr(0, kFailureBytesMax));
}

void flush_output() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

[[noreturn]] void run_main(const ChildTask& task, void* attempt) {
  using Main = int (*)(int, char**);
  const auto entry = reinterpret_cast<Main>(dlsym(attempt, "main"));
  if (entry == nullptr) give_up(task, "unloaded", "try.cpp defines no main");
  std::string name = "try";
  char* argv[] = {name.data(), nullptr};
  std::exit(entry(1, argv));
}

/// The last exit handler: the attempt's static destructors have run, LibTorch's need not.
void finish(int status, void* context) {
  const auto& result = *static_cast<Result*>(context);
  flush_output();
  if (result.ran == 0) _exit(status);
  try {
    send_frame(kReportFd, {{"nonce", result.task.nonce},
                           {"check", result.task.name},
                           {"ran", result.ran},
                           {"failures", result.failures},
                           {"forbidden", probe::forbidden_call_seen()},
                           {"refused_bytes", probe::refused_allocation_bytes()}});
  } catch (const Fault&) {
    // The attempt has closed the pipe: no record is what the worker then sees.
  }
  _exit(status);
}

}  // namespace

void run_check_child(const ChildTask& task) noexcept {
  probe::set_seed(task.seed);
  at::manual_seed(task.seed);
  place_descriptors(task);
  try {
    make_check_device(task.device, task.seed);
    if (task.device == kCudaDevice) prepare_child_filter(Reach::kDevices);
  } catch (const Fault& fault) {
    give_up(task, "deviceless", fault.what());
  }
  if (!confine(task)) give_up(task, "unconfined", std::strerror(errno));
  Result result{.task = task, .failures = {}};
  // Handlers run in reverse order: those that the attempt registers come before this one.
  on_exit(finish, &result);
  void* attempt = dlopen(task.attempt.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (attempt == nullptr) give_up(task, "unloaded", dlerror());
  if (task.check < 0) run_main(task, attempt);
  result.ran = task.library->run(task.check, add_failure, &result);
  std::exit(0);
}

}  // namespace unaided
