// The table of channels. Weakening a row removes all of its closures, so that a test can show that
// they, and not something else, are what stops the escape.
#include <algorithm>

#include "fault.h"
#include "seal.h"

namespace unaided {
namespace {

using enum SealKind;

constexpr SealRow kRows[] = {
    {Channel::kInternet, "internet", "internet, cloud models, DNS", kEnforced, kNetworkNamespace,
     "a network namespace with nothing but lo",
     "a listener on this machine's own address is refused inside; only lo, no routes",
     "bugs of the kernel"},
    {Channel::kLoopback, "loopback", "model servers on this machine", kEnforced, kNetworkNamespace,
     "a network namespace of its own", "a listener on loopback is refused inside", "none"},
    {Channel::kAbstractSockets, "abstract-sockets", "abstract sockets (X11)", kEnforced,
     kNetworkNamespace, "a network namespace of its own", "a planted socket is refused inside",
     "none"},
    {Channel::kPathSockets, "path-sockets",
     "sockets in folders (editors, ssh-agent, docker, D-Bus, the outer tmux)", kEnforced, kAbsence,
     "/tmp, /run and the home are the session's own", "a planted socket is absent inside",
     "the session's own socket, whose host trusts nothing it is sent"},
    {Channel::kVsock, "vsock", "the host of a virtual machine, other socket families", kEnforced,
     kFamilyFilter, "a system call filter: only UNIX, internet and netlink sockets",
     "a vsock socket is refused inside", "WSL is untried"},
    {Channel::kUring, "io-uring", "io_uring (around the filter)", kEnforced, kUringFilter,
     "a system call filter", "io_uring_setup is refused inside", "none"},
    {Channel::kForeignCalls, "foreign-calls", "32-bit system calls (around the filter)", kEnforced,
     kForeignFilter, "a system call filter", "a 32-bit call is refused inside", "none"},
    {Channel::kEnvironment, "environment", "keys in the environment", kEnforced, kEmptyEnvironment,
     "an empty environment and a short list of names", "a planted key is absent in every process",
     "none"},
    {Channel::kDescriptors, "descriptors", "open files of other programs", kEnforced,
     kNoDescriptors, "all descriptors are closed", "a planted descriptor is absent inside",
     "the terminal itself"},
    {Channel::kProcesses, "processes", "other processes of this machine", kEnforced, kPidNamespace,
     "a process namespace of its own", "a planted process can be neither seen nor signalled",
     "none"},
    {Channel::kDebugging, "debugging", "debugging other processes", kEnforced,
     kPidNamespace | kUserNamespace | kNoNamespaces | kNoCapabilities,
     "process and user namespaces of its own", "a planted process cannot be traced", "none"},
    {Channel::kSharedMemory, "shared-memory", "shared memory", kEnforced, kIpcNamespace,
     "an ipc namespace and a /dev/shm of its own", "a planted segment is absent inside", "none"},
    {Channel::kKeyring, "keyring", "the kernel's key ring", kEnforced, kKeyFilter,
     "a system call filter", "the key ring is refused inside", "none"},
    {Channel::kHome, "home", "files of your home", kEnforced, kAbsence,
     "the home is a new one; only listed dotfiles are in it", "a planted file is absent inside",
     "what a listed dotfile says"},
    {Channel::kMaterial, "material", "reference solutions, checks and mutants", kEnforced, kAbsence,
     "the checkout and the build are not there", "their files are absent inside", "none"},
    {Channel::kAgents, "agents", "AI tools for the command line", SealKind::kVerified, kAbsence,
     "/usr/local, /opt and the home are absent, known names in /usr are covered",
     "what is covered is absent inside; running programs are compared with a list of names",
     "a renamed tool in /usr, without a network or a model"},
    {Channel::kModels, "models", "local models and what runs them", SealKind::kVerified, kAbsence,
     "the home is empty, known folders are covered", "what is covered is absent inside",
     "a model that was hidden in /usr"},
    {Channel::kPythonPackages, "python-packages", "Python packages for models", SealKind::kVerified,
     kAbsence, "known packages are covered, others of yours absent",
     "what is covered is absent inside", "an unknown package of the distribution"},
    {Channel::kEditorPlugins, "editor-plugins", "plugins of editors, AI in shells",
     SealKind::kVerified, kAbsence, "a new home, folders of plugins are covered",
     "what is covered is absent inside", "what a listed dotfile says"},
    {Channel::kDevices, "devices", "devices (a GPU, the kernel's log, virtual machines)", kEnforced,
     kFewDevices, "a /dev of its own", "this machine's devices are absent inside", "none"},
    {Channel::kTerminal, "terminal", "typing into the outer terminal", kEnforced, kTypingFilter,
     "a terminal of its own and a system call filter", "TIOCSTI is refused inside", "none"},
    {Channel::kSystemFiles, "system-files", "writing to /usr and what is shared", kEnforced,
     kReadOnly, "everything but the workspace, the home and /tmp is read-only",
     "writing is refused inside; the list of mounts", "none"},
    {Channel::kCapabilities, "capabilities", "privileges, mounting", kEnforced,
     kNoCapabilities | kMountFilter | kNoNamespaces, "no capabilities, and a system call filter",
     "mounting is refused inside; the capability sets are empty", "none"},
    {Channel::kNamespaces, "namespaces", "further user namespaces", kEnforced, kNoNamespaces,
     "a limit of 0 and a system call filter", "making one is refused inside", "none"},
    {Channel::kLeftBehind, "left-behind", "a process left behind", kEnforced, kParentDeath,
     "everything inside dies with the session's host", "this project's own tests",
     "until then, as many processes as the host allows"},
    {Channel::kDisk, "disk", "filling the disk", kEnforced, kBounds,
     "/tmp and /dev/shm have a size, files are limited, the host ends what fills the workspace",
     "the size of /tmp inside", "1 GB each of the workspace and the home"},
    {Channel::kClipboard, "clipboard", "the clipboard, pasting", kNotVerifiable, 0,
     "the screen drops what programs send to the clipboard", "",
     "what your terminal pastes looks like typing"},
    {Channel::kElsewhere, "elsewhere",
     "another window, a phone, another machine, another person, a forged report", kNotVerifiable, 0,
     "nothing", "", "all of it; whoever is root on this machine can forge everything"},
};

}  // namespace

std::span<const SealRow> seal_rows() {
  return kRows;
}

const SealRow& seal_row(Channel channel) {
  return kRows[static_cast<std::size_t>(channel)];
}

Channel seal_channel(const std::string& id) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [&id](const SealRow& candidate) { return candidate.id == id; });
  if (row == std::end(kRows)) throw Fault("the seal has no channel '" + id + "'");
  return row->channel;
}

bool SealPlan::holds(Closure closure) const {
  return std::none_of(weakened.begin(), weakened.end(), [closure](Channel channel) {
    return (seal_row(channel).closures & closure) != 0;
  });
}

}  // namespace unaided
