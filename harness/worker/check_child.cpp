// The hostile part begins here: after dlopen this process may do anything that the filter and the
// limits allow. Its word counts only through the completion record, which needs the nonce of this
// very child, and only if the process then ends with status 0.
#include "check_child.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
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
#include "../protocol.h"
#include "check_device.h"
#include "filter.h"
#include "probe.h"
#include "warm_up.h"

namespace unaided {

namespace {

constexpr int kReportFd = 3;
constexpr int kCommandFd = 4;
constexpr long kDescriptorsMax = 64;          // a memory file's bytes count nowhere else
constexpr long kDescriptorsOfCardMax = 1024;  // CUDA opens nodes many times over
constexpr int kFailuresMax = 4;
constexpr std::size_t kFailureBytesMax = 4096;

bool bound(decltype(RLIMIT_CPU) resource, long value) {
  // The hard limit lies above, so that the first signal is the one that names the limit.
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value) + 1};
  return value <= 0 || setrlimit(resource, &limit) == 0;
}

/// Standard input is empty, both outputs go to the worker, and of others two are left.
void place_descriptors(const ChildConfinement& confinement) {
  const int report = fcntl(confinement.report_fd, F_DUPFD, 64);
  const int output = fcntl(confinement.output_fd, F_DUPFD, 64);
  const int command = fcntl(confinement.command_fd, F_DUPFD, 64);
  const int null_fd = open("/dev/null", O_RDONLY);
  dup2(null_fd, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  dup2(report, kReportFd);
  dup2(command, kCommandFd);
  syscall(SYS_close_range, kCommandFd + 1, ~0U, 0U);
}

bool confine(const ChildConfinement& confinement) {
  const rlimit no_core{0, 0};
  return setrlimit(RLIMIT_CORE, &no_core) == 0 && bound(RLIMIT_CPU, confinement.cpu_s_max) &&
         bound(RLIMIT_DATA, confinement.memory_mb_max << 20) &&
         bound(RLIMIT_AS, confinement.address_space_mb_max << 20) &&
         bound(RLIMIT_FSIZE, confinement.file_mb_max << 20) &&
         bound(RLIMIT_NOFILE, confinement.card ? kDescriptorsOfCardMax : kDescriptorsMax) &&
         install_child_filter(confinement.card ? Reach::kDevices : Reach::kNothing);
}

ChildTask receive_task() {
  FrameReader reader;
  const auto message = receive_frame(kCommandFd, reader, -1);
  if (!message) _exit(0);
  close(kCommandFd);
  return {message->at("check"),   message->at("name"),   message->at("nonce"),
          message->at("attempt"), message->at("device"), message->at("seed")};
}

/// The child never comes to run the check. An attempt cannot claim this: it was not told the nonce.
[[noreturn]] void give_up(const ChildTask& task, const char* why, const std::string& text) {
  send_frame(kReportFd, {{"nonce", task.nonce}, {"check", task.name}, {why, text}});
  _exit(1);
}

template <typename Step>
void with_device(const ChildTask& task, Step&& step) {
  try {
    step();
  } catch (const Fault& fault) {
    give_up(task, "deviceless", fault.what());
  }
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

void send_task(int command_fd, const ChildTask& task) {
  try {
    send_frame(command_fd, {{"check", task.check},
                            {"name", task.name},
                            {"nonce", task.nonce},
                            {"attempt", task.attempt},
                            {"device", task.device},
                            {"seed", task.seed}});
  } catch (const Fault&) {
    return;
  }
}

void run_check_child(const UnaidedCheckLibrary* library,
                     const ChildConfinement& confinement) noexcept {
  prctl(PR_SET_NAME, kStandbyName);
  place_descriptors(confinement);
  const int refusal = confine(confinement) ? 0 : errno;
  if (confinement.early) touch_common_memory();
  const ChildTask task = receive_task();
  prctl(PR_SET_NAME, "check");
  if (refusal != 0) give_up(task, "unconfined", std::strerror(refusal));
  probe::set_seed(task.seed);
  at::manual_seed(task.seed);
  with_device(task, [&task] { make_check_device(task.device, task.seed); });
  Result result{.task = task, .failures = {}};
  // Handlers run in reverse order: those that the attempt registers come before this one.
  on_exit(finish, &result);
  void* attempt = dlopen(task.attempt.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (attempt == nullptr) give_up(task, "unloaded", dlerror());
  with_device(task, [attempt] { introduce_attempt(attempt); });
  if (task.check < 0) run_main(task, attempt);
  result.ran = library->run(task.check, add_failure, &result);
  std::exit(0);
}

}  // namespace unaided
