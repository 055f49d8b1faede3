#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

// The seal: what keeps AI assists out of a session, as data. A channel is a way by which help could
// come in; each is a row of one table that says how it is closed, how that is verified and what is
// left. A plan says what one session's seat holds; pure functions turn it into bubblewrap's
// arguments (here) and a system call filter (seal_filter.h).
namespace unaided {

enum class Channel {
  kInternet,
  kLoopback,
  kAbstractSockets,
  kPathSockets,
  kVsock,
  kUring,
  kForeignCalls,
  kEnvironment,
  kDescriptors,
  kProcesses,
  kDebugging,
  kSharedMemory,
  kKeyring,
  kHome,
  kMaterial,
  kAgents,
  kModels,
  kPythonPackages,
  kEditorPlugins,
  kDevices,
  kTerminal,
  kSystemFiles,
  kCapabilities,
  kNamespaces,
  kLeftBehind,
  kDisk,
  kClipboard,
  kElsewhere,
};

/// One thing that closes a channel. Closures overlap: a row names all that must go for it to open.
enum Closure : std::uint32_t {
  kNetworkNamespace = 1U << 0,
  kPidNamespace = 1U << 1,
  kIpcNamespace = 1U << 2,
  kUserNamespace = 1U << 3,
  kNoNamespaces = 1U << 4,  // further ones: --disable-userns and the filter
  kNoCapabilities = 1U << 5,
  kFamilyFilter = 1U << 6,
  kUringFilter = 1U << 7,
  kForeignFilter = 1U << 8,
  kKeyFilter = 1U << 9,
  kMountFilter = 1U << 10,
  kTypingFilter = 1U << 11,  // TIOCSTI, TIOCLINUX
  kEmptyEnvironment = 1U << 12,
  kNoDescriptors = 1U << 13,
  kReadOnly = 1U << 14,
  kFewDevices = 1U << 15,
  kParentDeath = 1U << 16,
  kBounds = 1U << 17,
  kAbsence = 1U << 18,  // SealPlan::hidden and the masks of this channel
};

/// What can be said of a channel at best: the kernel keeps it closed, it was only looked for, or
/// nothing on this machine can tell.
enum class SealKind { kEnforced, kVerified, kNotVerifiable };

struct SealRow {
  Channel channel;
  const char* id;    // in JSON
  const char* name;  // for people
  SealKind kind;
  std::uint32_t closures;
  const char* closed_by;
  const char* verified_by;
  const char* left;
};

/// The table, in the order of Channel.
std::span<const SealRow> seal_rows();
const SealRow& seal_row(Channel channel);
/// Throws Fault when no row has that id.
Channel seal_channel(const std::string& id);

/// What one seat holds. Everything not named is absent.
struct SealPlan {
  std::filesystem::path workspace;               // read and write, at the same place as outside
  std::filesystem::path home;                    // the session's own, read and write, at kSeatHome
  std::filesystem::path host_socket;             // at kSeatSocket; may be empty
  std::filesystem::path client;                  // the program `unaided`, at kSeatClient
  std::vector<std::filesystem::path> read_only;  // at their own places
  struct Dotfile {
    std::filesystem::path source;
    std::string name;  // below the home, such as ".vimrc"
  };
  std::vector<Dotfile> dotfiles;         // read-only
  std::vector<std::string> environment;  // "NAME=value", see allowed_environment()
  /// What must be absent, and whose row says so. Bound only when a test weakens that row.
  struct Hidden {
    Channel channel;
    std::filesystem::path path;
  };
  std::vector<Hidden> hidden;
  std::int64_t scratch_mb = 512;  // each of /tmp and /dev/shm
  std::set<Channel> weakened;     // for tests only: left open with everything that closes them

  /// Whether anything that is not weakened needs it gone: the closures of weakened rows do not
  /// hold.
  bool holds(Closure closure) const;
};

inline constexpr const char* kSeatHome = "/home/kata";
inline constexpr const char* kSeatSocket = "/run/kata/host";
inline constexpr const char* kSeatClient = "/run/kata/unaided";
/// No file that is written in a seat may be larger.
inline constexpr std::int64_t kSeatFileMbMax = 256;

void to_json(nlohmann::json& json, const SealPlan& plan);
void from_json(const nlohmann::json& json, SealPlan& plan);

/// The NAME=value of `environment` that a seat may have: the terminal's, the language's and the
/// choice of an editor.
std::vector<std::string> allowed_environment(const std::vector<std::string>& environment);

/// What bubblewrap's arguments need to know of the machine, so that making them is pure.
struct SealMachine {
  std::vector<std::string> system;                         // system_arguments() of sandbox.h
  std::vector<SealPlan::Hidden> masked_folders;            // those that exist below /usr
  std::vector<SealPlan::Hidden> masked_files;              // the same, covered by /dev/null
  std::vector<std::filesystem::path> returned;             // folders of /usr/local that are kept
  std::vector<std::pair<std::string, std::string>> links;  // links kept there: target, place
};
SealMachine look_at_machine();

/// The names under which AI tools for the command line are installed.
std::span<const char* const> agent_names();

/// Descriptors that bubblewrap finds its inputs at.
inline constexpr int kSeatArgumentsFd = 10;
inline constexpr int kSeatFilterFd = 11;
inline constexpr int kSeatInfoFd = 12;
/// Files that are made up for the seat: descriptor, place, text.
struct SeatFile {
  int fd;
  const char* place;
  const char* text;
};
std::span<const SeatFile> seat_files();

/// bubblewrap's arguments for `plan`, without the program that is to run. Pure.
std::vector<std::string> seal_arguments(const SealPlan& plan, const SealMachine& machine);

}  // namespace unaided
