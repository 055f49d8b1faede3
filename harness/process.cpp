// Starting programs and bounding them. The child between fork and exec calls nothing but
// async-signal-safe functions, because the host that starts compilers also runs a grading thread.
#include "process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "fault.h"
#include "grader.h"

namespace unaided {

namespace {

constexpr int kExecFailed = 127;

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

bool set_limit(decltype(RLIMIT_CPU) resource, std::int64_t value) {
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return value <= 0 || setrlimit(resource, &limit) == 0;
}

/// Moves the wanted descriptors to their numbers; exec closes all others. The sources are first
/// moved out of the way of the targets.
void place_descriptors(std::array<std::pair<int, int>, 16>& wanted, std::size_t count) {
  int highest = 2;
  for (std::size_t i = 0; i < count; ++i) highest = std::max(highest, wanted[i].second);
  for (std::size_t i = 0; i < count; ++i) {
    wanted[i].first = fcntl(wanted[i].first, F_DUPFD_CLOEXEC, highest + 1);
  }
  syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  for (std::size_t i = 0; i < count; ++i) dup2(wanted[i].first, wanted[i].second);
}

void restore_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) signal(number, SIG_DFL);
}

[[noreturn]] void become(const Command& command, char** argv, char** environment, pid_t parent,
                         std::array<std::pair<int, int>, 16> wanted, std::size_t count) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kExecFailed);
  setsid();  // a group of its own to kill, and no terminal to type into
  restore_signals();
  place_descriptors(wanted, count);
  apply_limits(command.limits);
  execve(argv[0], argv, environment);
  _exit(kExecFailed);
}

std::array<std::pair<int, int>, 16> wanted_descriptors(const Command& command, int null_fd,
                                                       std::size_t& count) {
  std::array<std::pair<int, int>, 16> wanted{};
  count = 0;
  for (int standard = 0; standard <= 2; ++standard) {
    const bool named = std::any_of(command.descriptors.begin(), command.descriptors.end(),
                                   [&](const auto& pair) { return pair.second == standard; });
    if (!named) wanted[count++] = {null_fd, standard};
  }
  for (const auto& pair : command.descriptors) {
    if (count == wanted.size()) throw Fault("too many descriptors for " + command.argv[0]);
    wanted[count++] = pair;
  }
  return wanted;
}

/// Appends what the non-blocking pipe holds and closes it at its end; false when it is too much.
bool drain(Descriptor& pipe, std::string& output, std::size_t bytes_max) {
  std::array<char, 16384> buffer;
  while (pipe) {
    const ssize_t got = read(pipe.get(), buffer.data(), buffer.size());
    if (got < 0) return true;
    if (got == 0) pipe.reset();
    output.append(buffer.data(), static_cast<std::size_t>(got));
    if (output.size() <= bytes_max) continue;
    output.resize(bytes_max);
    return false;
  }
  return true;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill_and_reap();
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

Process Process::start(const Command& command) {
  if (access(command.argv.at(0).c_str(), X_OK) != 0) {
    throw_errno("cannot run " + command.argv.at(0));
  }
  const Descriptor null_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_fd) throw_errno("cannot open /dev/null");
  std::size_t count = 0;
  const auto wanted = wanted_descriptors(command, null_fd.get(), count);
  std::vector<char*> argv = pointers(command.argv);
  std::vector<char*> environment = pointers(command.environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw_errno("cannot start " + command.argv[0]);
  if (pid == 0) become(command, argv.data(), environment.data(), parent, wanted, count);
  Process process;
  process.pid_ = pid;
  return process;
}

bool apply_limits(const ResourceLimits& limits) {
  const rlimit no_core{0, 0};
  const bool core = setrlimit(RLIMIT_CORE, &no_core) == 0;
  const bool cpu = set_limit(RLIMIT_CPU, limits.cpu_s);
  const bool memory = set_limit(RLIMIT_AS, limits.address_space_mb << 20);
  const bool data = set_limit(RLIMIT_DATA, limits.data_mb << 20);
  const bool file = set_limit(RLIMIT_FSIZE, limits.file_mb << 20);
  const bool processes = set_limit(RLIMIT_NPROC, limits.processes);
  return core && cpu && memory && data && file && processes;
}

int Process::wait() {
  int status = 0;
  while (pid_ > 0 && waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

void Process::kill_and_reap() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  wait();
}

void Process::reap_within(int wall_ms_max) {
  if (pid_ <= 0) return;
  const Descriptor death(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  pollfd ended{death.get(), POLLIN, 0};
  poll(&ended, 1, wall_ms_max);
  kill_and_reap();
}

RunEnd run_bounded(Command command, int wall_ms_max, std::size_t output_bytes_max,
                   const CancelToken* cancel) {
  auto [read_end, write_end] = make_pipe();
  command.descriptors.emplace_back(write_end.get(), 1);
  command.descriptors.emplace_back(write_end.get(), 2);
  const double start_ms = monotonic_ms();
  Process process = Process::start(command);
  write_end.reset();
  fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  const Descriptor death(static_cast<int>(syscall(SYS_pidfd_open, process.pid(), 0)));
  if (!death) throw_errno("cannot watch " + command.argv[0]);

  RunEnd end;
  bool ended = false;
  while (!ended && end.reason == RunEnd::Reason::kExited) {
    const double left_ms = start_ms + wall_ms_max - monotonic_ms();
    std::array<pollfd, 3> fds{{{death.get(), POLLIN, 0},
                               {read_end.get(), POLLIN, 0},
                               {cancel ? cancel->fd() : -1, POLLIN, 0}}};
    poll(fds.data(), fds.size(), std::max(0, static_cast<int>(left_ms) + 1));
    ended = fds[0].revents != 0;
    if (!drain(read_end, end.output, output_bytes_max)) {
      end.reason = RunEnd::Reason::kOutputLimit;
    } else if (fds[2].revents != 0) {
      end.reason = RunEnd::Reason::kCancelled;
    } else if (!ended && left_ms <= 0) {
      end.reason = RunEnd::Reason::kWallLimit;
    }
  }
  if (end.reason == RunEnd::Reason::kExited) {
    ::kill(-process.pid(), SIGKILL);  // what it left running
    const int status = process.wait();
    if (WIFSIGNALED(status)) {
      end.reason = RunEnd::Reason::kSignalled;
      end.signal = WTERMSIG(status);
    } else {
      end.exit_status = WEXITSTATUS(status);
    }
  }
  end.wall_ms = monotonic_ms() - start_ms;
  return end;
}

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> fds;
  if (pipe2(fds.data(), O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

std::pair<Descriptor, Descriptor> make_socket_pair() {
  std::array<int, 2> fds;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    throw_errno("cannot make a socket pair");
  }
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

bool write_all(int fd, const std::string& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t got = write(fd, bytes.data() + written, bytes.size() - written);
    if (got <= 0) return false;
    written += static_cast<std::size_t>(got);
  }
  return true;
}

Descriptor memory_file(const char* name, const std::string& bytes) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC));
  if (!file) throw_errno("cannot make a memory file");
  if (!write_all(file.get(), bytes)) throw_errno("cannot write a memory file");
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

double monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace unaided
