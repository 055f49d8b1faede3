#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "seal.h"

// A seat: the sandbox in which a candidate's shell and editor run. A terminal outside starts
// `unaided seat`, which becomes bubblewrap; bubblewrap says on a descriptor which process is the
// first one inside, and all that is seen of a seat from outside begins there.
namespace unaided {

/// What a pane or any other terminal runs: `unaided seat` of the plan in `plan_file`, with `argv`
/// inside. Where `info_file` is not empty, it will hold what read_seat_info() reads.
std::vector<std::string> seat_command(const std::filesystem::path& program,
                                      const std::filesystem::path& plan_file,
                                      const std::filesystem::path& info_file,
                                      const std::vector<std::string>& argv);

/// Becomes bubblewrap with `argv` inside: every other descriptor is closed, the environment is
/// empty. Throws Fault when bubblewrap is not there, or when a link in the session's home could
/// lead a dotfile elsewhere. Returns never.
[[noreturn]] void take_seat(const SealPlan& plan, const std::filesystem::path& info_file,
                            const std::vector<std::string>& argv);

struct SeatInfo {
  pid_t pid = 0;                    // the first process inside, as numbered outside
  std::uint64_t pid_namespace = 0;  // as in /proc/<pid>/ns/pid
};

/// Nothing while bubblewrap has not written all of it.
std::optional<SeatInfo> parse_seat_info(const std::string& text);
std::optional<SeatInfo> read_seat_info(const std::filesystem::path& info_file);

/// The number of a process's namespace ("pid", "net", …); 0 when there is no such process.
std::uint64_t namespace_of(pid_t pid, const char* name);

/// Whether a process, such as the peer of a socket (SO_PEERCRED), is inside.
bool inside_seat(pid_t pid, const SeatInfo& seat);

/// Every process inside, bubblewrap's own included. Also what is to be polled to bound their
/// number.
struct SeatProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string name;     // as the process calls itself
  std::string program;  // the name of its executable
};
std::vector<SeatProcess> seat_processes(const SeatInfo& seat);

/// Whether bubblewrap is done and the program that it was asked for runs.
bool seat_started(const SeatInfo& seat);

}  // namespace unaided
