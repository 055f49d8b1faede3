#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace unaided {

class CancelToken;

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// Bounds that the kernel enforces on a process and all that it starts; 0 is no bound.
struct ResourceLimits {
  std::int64_t cpu_s = 0;
  std::int64_t address_space_mb = 0;
  std::int64_t data_mb = 0;  // private memory that can be written
  std::int64_t file_mb = 0;
  std::int64_t processes = 0;  // of this user, threads too; does not hold root
};

/// Bounds the calling process, and allows it no core file. False when the kernel refused a bound.
/// Safe between fork and exec.
bool apply_limits(const ResourceLimits& limits);

/// A program to start. Nothing is inherited but what is named here.
struct Command {
  std::vector<std::string> argv;                 // argv[0] is an absolute path
  std::vector<std::string> environment;          // "NAME=value"
  std::vector<std::pair<int, int>> descriptors;  // ours → the number it has in the child
  ResourceLimits limits;
};

/// A running program. Killed and reaped with its owner.
class Process {
 public:
  Process() = default;
  ~Process() { kill_and_reap(); }
  Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Process& operator=(Process&& other) noexcept;

  /// Starts `command` with a parent-death signal and no other descriptors than those named. Safe in
  /// a process with threads. Throws Fault when the program cannot be started.
  static Process start(const Command& command);

  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  /// Waits for the end and returns waitpid's status.
  int wait();
  void kill_and_reap();
  /// The same, once it has had this long to end by itself.
  void reap_within(int wall_ms_max);

 private:
  pid_t pid_ = -1;
};

/// How a bounded run ended.
struct RunEnd {
  enum class Reason { kExited, kSignalled, kWallLimit, kOutputLimit, kCancelled };
  Reason reason = Reason::kExited;
  int exit_status = 0;  // for kExited
  int signal = 0;       // for kSignalled
  std::string output;   // stdout and stderr together, at most output_bytes_max
  double wall_ms = 0;

  bool succeeded() const { return reason == Reason::kExited && exit_status == 0; }
};

/// Runs `command` to its end, its stdout and stderr captured, its stdin empty. Cancelling, the wall
/// limit and too much output kill it.
RunEnd run_bounded(Command command, int wall_ms_max, std::size_t output_bytes_max,
                   const CancelToken* cancel);

/// A pipe or a pair of connected stream sockets, close-on-exec.
std::pair<Descriptor, Descriptor> make_pipe();
std::pair<Descriptor, Descriptor> make_socket_pair();

/// Writes all of `bytes`. False, with errno, when that fails half-way.
bool write_all(int fd, const std::string& bytes);

/// A sealed in-memory file that holds `bytes`, at offset 0.
Descriptor memory_file(const char* name, const std::string& bytes);

/// Milliseconds of the monotonic clock.
double monotonic_ms();

}  // namespace unaided
