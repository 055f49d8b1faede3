// Ways out by system calls and other processes.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "process.h"
#include "seal_probe.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUringParametersBytes = 256;  // more than any kernel's

Escape failed(const char* what) {
  return {false, std::string(what) + ": " + std::strerror(errno)};
}

Escape uring(const SealTargets&) {
  std::array<char, kUringParametersBytes> parameters{};
  const Descriptor ring(static_cast<int>(syscall(SYS_io_uring_setup, 1, parameters.data())));
  return ring ? Escape{true, "made a ring"} : failed("io_uring_setup");
}

/// getpid as a 32-bit program asks for it.
Escape foreign_call(const SealTargets&) {
#if defined(__x86_64__)
  constexpr int kGetpid = 20;
  int result = kGetpid;
  asm volatile("int $0x80" : "+a"(result) : : "memory");
  if (result == getpid()) return {true, "made a 32-bit system call"};
  errno = -result;
#else
  errno = ENOSYS;
#endif
  return failed("32-bit system call");
}

/// By its argument; 0 when no process that can be seen has it.
pid_t find_process(const SealTargets& targets) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream stream(entry.path() / "cmdline");
    const std::string words(std::istreambuf_iterator<char>(stream), {});
    // Not in our own targets, which are an argument too: there it is followed by a quote.
    if (words.find('\0' + targets.process + '\0') != std::string::npos) return pid;
  }
  return 0;
}

Escape process(const SealTargets& targets) {
  const pid_t pid = find_process(targets);
  if (pid == 0) return {false, "not in the list of processes"};
  if (kill(pid, 0) != 0) return failed("seen, but kill");
  return {true, "seen and could be killed"};
}

Escape debugging(const SealTargets& targets) {
  const pid_t found = find_process(targets);
  const pid_t pid = found > 0 ? found : targets.pid;
  if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return failed("ptrace");
  return {true, "attached to a process outside"};  // and let go of it by ending
}

Escape shared_memory(const SealTargets& targets) {
  if (shmget(targets.shared_memory, 0, 0) < 0) return failed("shmget");
  return {true, "found a segment of shared memory"};
}

Escape keyring(const SealTargets&) {
  const long ring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1);
  return ring >= 0 ? Escape{true, "opened the user's key ring"} : failed("keyctl");
}

/// In a terminal of our own, so that it works outside without typing into anybody's shell.
Escape terminal(const SealTargets&) {
  setsid();
  signal(SIGHUP, SIG_IGN);  // which the end of the terminal sends
  const Descriptor master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master || grantpt(master.get()) != 0 || unlockpt(master.get()) != 0) {
    return failed("a terminal");
  }
  const char* name = ptsname(master.get());
  const Descriptor slave(open(name != nullptr ? name : "", O_RDWR | O_CLOEXEC));
  if (!slave) return failed("a terminal");
  ioctl(slave.get(), TIOCSCTTY, 0);
  const char letter = 'x';
  if (ioctl(slave.get(), TIOCSTI, &letter) != 0) return failed("TIOCSTI");
  return {true, "typed into a terminal"};
}

bool some_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const bool counted =
        line.starts_with("CapPrm:") || line.starts_with("CapEff:") || line.starts_with("CapBnd:");
    if (counted && line.find_first_not_of("0\t ", 7) != std::string::npos) return true;
  }
  return false;
}

/// In a mount namespace of our own where one can be had; inside it is ours already.
Escape mounting(const SealTargets&) {
  const bool apart =
      unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  const bool inside = access(kSeatClient, F_OK) == 0;
  if ((apart || inside) && mount("none", "/tmp", "tmpfs", 0, nullptr) == 0) {
    return {true, "mounted a file system"};
  }
  const int error = errno;
  if (some_capabilities()) return {true, "capabilities are left"};
  errno = error;
  return failed("mount");
}

Escape namespaces(const SealTargets&) {
  if (unshare(CLONE_NEWUSER) == 0) return {true, "made a user namespace"};
  return failed("unshare");
}

constexpr EscapeAttempt kAttempts[] = {
    {Channel::kUring, uring},
    {Channel::kForeignCalls, foreign_call},
    {Channel::kProcesses, process},
    {Channel::kDebugging, debugging},
    {Channel::kSharedMemory, shared_memory},
    {Channel::kKeyring, keyring},
    {Channel::kTerminal, terminal},
    {Channel::kCapabilities, mounting},
    {Channel::kNamespaces, namespaces},
};

}  // namespace

std::span<const EscapeAttempt> kernel_attempts() {
  return kAttempts;
}

}  // namespace unaided
