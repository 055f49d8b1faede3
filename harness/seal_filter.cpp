// What a seat may ask of the kernel. Unlike the filter of an attempt (worker/filter.cpp) this one
// allows by default: people debug, trace and profile in a seat. Refused is what the namespaces do
// not close: socket families that know no network namespace, io_uring (which makes sockets without
// socket()), calls of other architectures (which no rule below would see), typing into a terminal,
// keys, and what only attacks on the kernel want. clone3 hides its flags from a filter: the C
// library falls back to clone when it is not there.
#include "seal_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "fault.h"
#include "process.h"

namespace unaided {
namespace {

constexpr scmp_datum_t kInt = 0xffffffff;  // the kernel reads these arguments as 32 bits

/// UNIX 1, INET 2, INET6 10 and NETLINK 16 are left.
constexpr std::array kRefusedFamilies{0, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15};
constexpr scmp_datum_t kLastFamily = 16;

constexpr std::array<scmp_datum_t, 2> kTypingIoctls{TIOCSTI, 0x541C};  // and TIOCLINUX

constexpr std::array kUringCalls{SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
                                 SCMP_SYS(io_uring_register)};
constexpr std::array kKeyCalls{SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key)};
constexpr std::array kMountCalls{SCMP_SYS(mount),     SCMP_SYS(umount2),       SCMP_SYS(pivot_root),
                                 SCMP_SYS(chroot),    SCMP_SYS(fsopen),        SCMP_SYS(fsconfig),
                                 SCMP_SYS(fsmount),   SCMP_SYS(fspick),        SCMP_SYS(move_mount),
                                 SCMP_SYS(open_tree), SCMP_SYS(mount_setattr), SCMP_SYS(swapon),
                                 SCMP_SYS(swapoff)};
constexpr std::array kNamespaceFlags{CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
                                     CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, 0x80 /* time */};
/// Never needed, and the way of many attacks on the kernel.
constexpr std::array kNeverCalls{
    SCMP_SYS(bpf),           SCMP_SYS(userfaultfd),       SCMP_SYS(kexec_load),
    SCMP_SYS(init_module),   SCMP_SYS(finit_module),      SCMP_SYS(delete_module),
    SCMP_SYS(reboot),        SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
    SCMP_SYS(fanotify_init), SCMP_SYS(quotactl),          SCMP_SYS(acct),
    SCMP_SYS(syslog),        SCMP_SYS(vhangup),           SCMP_SYS(kexec_file_load)};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

void refuse(const Filter& filter, int error, int call, std::vector<scmp_arg_cmp> when = {}) {
  const int result =
      seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(static_cast<unsigned int>(error)), call,
                             static_cast<unsigned int>(when.size()), when.data());
  if (result != 0) {
    throw Fault("cannot build the seal's filter (rule " + std::to_string(call) + ")");
  }
}

void refuse_families(const Filter& filter) {
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) {
    for (const int family : kRefusedFamilies) {
      refuse(filter, EAFNOSUPPORT, call,
             {{0, SCMP_CMP_MASKED_EQ, kInt, static_cast<scmp_datum_t>(family)}});
    }
    refuse(filter, EAFNOSUPPORT, call, {{0, SCMP_CMP_GT, kLastFamily, 0}});
  }
}

void refuse_namespaces(const Filter& filter) {
  for (const int flag : kNamespaceFlags) {
    const auto bit = static_cast<scmp_datum_t>(flag);
    refuse(filter, EPERM, SCMP_SYS(unshare), {{0, SCMP_CMP_MASKED_EQ, bit, bit}});
    // In clone's flags the bit of the time namespace belongs to the exit signal.
    if (flag == 0x80) continue;
    refuse(filter, EPERM, SCMP_SYS(clone), {{0, SCMP_CMP_MASKED_EQ, bit, bit}});
  }
  refuse(filter, ENOSYS, SCMP_SYS(clone3));
  refuse(filter, EPERM, SCMP_SYS(setns));
}

void add_rules(const Filter& filter, const SealPlan& plan) {
  for (const int call : kNeverCalls) refuse(filter, EPERM, call);
  if (plan.holds(kFamilyFilter)) refuse_families(filter);
  if (plan.holds(kNoNamespaces)) refuse_namespaces(filter);
  if (plan.holds(kUringFilter)) {
    for (const int call : kUringCalls) refuse(filter, ENOSYS, call);
  }
  if (plan.holds(kKeyFilter)) {
    for (const int call : kKeyCalls) refuse(filter, EPERM, call);
  }
  if (plan.holds(kMountFilter)) {
    for (const int call : kMountCalls) refuse(filter, EPERM, call);
  }
  // Writes no byte and can claim the whole disk; the C library writes zeros where there is none.
  if (plan.holds(kBounds)) refuse(filter, EOPNOTSUPP, SCMP_SYS(fallocate));
  if (plan.holds(kTypingFilter)) {
    for (const scmp_datum_t request : kTypingIoctls) {
      refuse(filter, EPERM, SCMP_SYS(ioctl), {{1, SCMP_CMP_MASKED_EQ, kInt, request}});
    }
  }
}

std::string exported(const Filter& filter) {
  const Descriptor file = memory_file("filter", "");
  if (seccomp_export_bpf(filter.get(), file.get()) != 0) {
    throw Fault("cannot compile the seal's filter");
  }
  std::string bytes(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
  if (pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Fault("cannot read back the seal's filter");
  }
  return bytes;
}

}  // namespace

std::string seal_filter(const SealPlan& plan) {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!filter) throw Fault("cannot build the seal's filter");
  const std::uint32_t foreign =
      plan.holds(kForeignFilter) ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW;
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, foreign);
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  add_rules(filter, plan);
  return exported(filter);
}

}  // namespace unaided
