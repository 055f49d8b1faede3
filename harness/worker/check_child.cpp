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

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../protocol.h"
#include "filter.h"
#include "probe.h"

namespace unaided {

namespace {

constexpr int kReportFd = 3;
constexpr int kFailuresMax = 4;
constexpr std::size_t kFailureBytesMax = 4096;

void bound(decltype(RLIMIT_CPU) resource, long value) {
  // The hard limit lies above, so that the first signal is the one that names the limit.
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value) + 1};
  if (value > 0 && setrlimit(resource, &limit) != 0) _exit(kCannotConfine);
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

void confine(const ChildTask& task) {
  place_descriptors(task);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  bound(RLIMIT_CPU, task.cpu_s_max);
  if (!task.sanitized) bound(RLIMIT_DATA, task.memory_mb_max << 20);
  bound(RLIMIT_FSIZE, task.file_mb_max << 20);
  if (!install_child_filter()) _exit(kCannotConfine);
}

struct Failures {
  std::vector<std::string> texts;
};

void add_failure(void* context, const char* message) {
  auto& failures = *static_cast<Failures*>(context);
  if (failures.texts.size() >= kFailuresMax) return;
  failures.texts.emplace_back(std::string(message).substr(0, kFailureBytesMax));
}

void flush_output() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

[[noreturn]] void run_main(void* attempt) {
  using Main = int (*)(int, char**);
  const auto entry = reinterpret_cast<Main>(dlsym(attempt, "main"));
  if (entry == nullptr) {
    std::fputs("try.cpp defines no main\n", stderr);
    _exit(kCannotLoad);
  }
  std::string name = "try";
  char* argv[] = {name.data(), nullptr};
  const int status = entry(1, argv);
  flush_output();
  _exit(status);
}

}  // namespace

void run_check_child(const ChildTask& task) {
  probe::set_seed(task.seed);
  at::manual_seed(task.seed);
  confine(task);
  void* attempt = dlopen(task.attempt.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (attempt == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::fflush(stderr);
    _exit(kCannotLoad);
  }
  if (task.check < 0) run_main(attempt);

  Failures failures;
  const int ran = task.library->run(task.check, add_failure, &failures);
  dlclose(attempt);
  flush_output();
  send_frame(kReportFd, {{"nonce", task.nonce},
                         {"check", task.name},
                         {"ran", ran},
                         {"failures", failures.texts},
                         {"forbidden", probe::forbidden_call_seen()},
                         {"refused_bytes", probe::refused_allocation_bytes()}});
  _exit(0);
}

}  // namespace unaided
