#include "seal_filter.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

namespace unaided {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;

/// What the filter answers to a call: a small machine for the instructions that libseccomp uses.
std::uint32_t answer(const std::string& bytes, const seccomp_data& data) {
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    const auto jump = [&](bool yes) { at += yes ? step.jt : step.jf; };
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + step.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= step.k;
        break;
      case BPF_JMP | BPF_JA:
        at += step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(accumulator == step.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(accumulator > step.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(accumulator >= step.k);
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        ADD_FAILURE() << "an unknown instruction " << step.code;
        return 0;
    }
  }
  return 0;
}

std::uint32_t ask(const SealPlan& plan, long call, std::uint64_t first = 0,
                  std::uint64_t second = 0, std::uint32_t architecture = AUDIT_ARCH_X86_64) {
  seccomp_data data{};
  data.nr = static_cast<int>(call);
  data.arch = architecture;
  data.args[0] = first;
  data.args[1] = second;
  return answer(seal_filter(plan), data);
}

std::uint32_t refused(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

TEST(SealFilterTest, OnlyFourSocketFamiliesAreLeft) {
  for (std::uint64_t family = 0; family < 50; ++family) {
    const bool left =
        family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
    const std::uint32_t expected = left ? SECCOMP_RET_ALLOW : refused(EAFNOSUPPORT);
    EXPECT_EQ(ask({}, SYS_socket, family), expected) << family;
    EXPECT_EQ(ask({}, SYS_socketpair, family), expected) << family;
  }
}

TEST(SealFilterTest, TheUpperHalfOfAnArgumentIsNoWayRound) {
  constexpr std::uint64_t kUpper = std::uint64_t{1} << 32;
  EXPECT_EQ(ask({}, SYS_socket, kUpper | AF_VSOCK), refused(EAFNOSUPPORT));
  EXPECT_EQ(ask({}, SYS_socket, kUpper | 3), refused(EAFNOSUPPORT));
  EXPECT_EQ(ask({}, SYS_ioctl, 0, kUpper | TIOCSTI), refused(EPERM));
}

TEST(SealFilterTest, CallsThatGoRoundTheFilterAreAbsent) {
  EXPECT_EQ(ask({}, SYS_io_uring_setup), refused(ENOSYS));
  EXPECT_EQ(ask({}, SYS_clone3), refused(ENOSYS));
  EXPECT_EQ(ask({}, SYS_getpid, 0, 0, AUDIT_ARCH_I386), refused(ENOSYS));
  EXPECT_EQ(ask({}, SYS_getpid | kX32Bit), refused(ENOSYS));
}

TEST(SealFilterTest, NamespacesAreRefusedAndThreadsAreNot) {
  EXPECT_EQ(ask({}, SYS_unshare, CLONE_NEWUSER), refused(EPERM));
  EXPECT_EQ(ask({}, SYS_clone, CLONE_NEWNET | CLONE_VM), refused(EPERM));
  EXPECT_EQ(ask({}, SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_FILES), SECCOMP_RET_ALLOW);
  EXPECT_EQ(ask({}, SYS_unshare, CLONE_FILES), SECCOMP_RET_ALLOW);
  EXPECT_EQ(ask({}, SYS_setns), refused(EPERM));
}

TEST(SealFilterTest, TypingIntoTerminalsIsRefusedAndUsingThemIsNot) {
  EXPECT_EQ(ask({}, SYS_ioctl, 0, TIOCSTI), refused(EPERM));
  EXPECT_EQ(ask({}, SYS_ioctl, 0, 0x541C), refused(EPERM));
  EXPECT_EQ(ask({}, SYS_ioctl, 0, TIOCGWINSZ), SECCOMP_RET_ALLOW);
}

TEST(SealFilterTest, DebuggersAndProfilersWork) {
  for (const long call : {SYS_ptrace, SYS_process_vm_readv, SYS_perf_event_open, SYS_personality,
                          SYS_execve, SYS_fork, SYS_vfork, SYS_kill}) {
    EXPECT_EQ(ask({}, call), SECCOMP_RET_ALLOW) << call;
  }
}

TEST(SealFilterTest, KeysMountsAndWhatNobodyNeedsAreRefused) {
  for (const long call : {SYS_keyctl, SYS_add_key, SYS_mount, SYS_umount2, SYS_move_mount, SYS_bpf,
                          SYS_userfaultfd, SYS_open_by_handle_at}) {
    EXPECT_EQ(ask({}, call), refused(EPERM)) << call;
  }
}

TEST(SealFilterTest, AWeakenedRowLosesItsRuleOnly) {
  SealPlan plan;
  plan.weakened = {Channel::kVsock};
  EXPECT_EQ(ask(plan, SYS_socket, AF_VSOCK), SECCOMP_RET_ALLOW);
  EXPECT_EQ(ask(plan, SYS_io_uring_setup), refused(ENOSYS));
  plan.weakened = {Channel::kForeignCalls};
  EXPECT_EQ(ask(plan, SYS_getpid, 0, 0, AUDIT_ARCH_I386), SECCOMP_RET_ALLOW);
  EXPECT_EQ(ask(plan, SYS_socket, AF_VSOCK), refused(EAFNOSUPPORT));
}

}  // namespace
}  // namespace unaided
