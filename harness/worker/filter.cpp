// What a check child may ask of the kernel. libseccomp compiles the large filter once in the
// worker; what needs the child's own number (signals go to nobody but oneself) or more than
// libseccomp can say is a second, small filter written by hand. A call passes only if both allow
// it.
#include "filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <map>
#include <vector>

#include "../fault.h"
#include "../process.h"

namespace unaided {

namespace {

/// These end the child: no honest attempt needs them, and a refusal might go unnoticed.
constexpr std::array kKilled{SCMP_SYS(fork),
                             SCMP_SYS(vfork),
                             SCMP_SYS(execve),
                             SCMP_SYS(execveat),
                             SCMP_SYS(ptrace),
                             SCMP_SYS(process_vm_readv),
                             SCMP_SYS(process_vm_writev),
                             SCMP_SYS(pidfd_open),
                             SCMP_SYS(pidfd_getfd),
                             SCMP_SYS(pidfd_send_signal),
                             SCMP_SYS(rt_sigqueueinfo),
                             SCMP_SYS(rt_tgsigqueueinfo),
                             SCMP_SYS(setsid),
                             SCMP_SYS(setpgid),
                             SCMP_SYS(socket),
                             SCMP_SYS(socketpair),
                             SCMP_SYS(seccomp)};

/// The last system call that these tables were written against; later ones do not exist.
constexpr std::uint32_t kLastCall = 450;  // set_mempolicy_home_node

/// These fail: with ENOSYS where a library then falls back, else with EPERM.
constexpr std::array kAbsent{SCMP_SYS(clone3), SCMP_SYS(openat2), SCMP_SYS(io_uring_setup),
                             SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)};
constexpr std::array kRefused{SCMP_SYS(creat),
                              SCMP_SYS(unlink),
                              SCMP_SYS(unlinkat),
                              SCMP_SYS(rename),
                              SCMP_SYS(renameat),
                              SCMP_SYS(renameat2),
                              SCMP_SYS(mkdir),
                              SCMP_SYS(mkdirat),
                              SCMP_SYS(rmdir),
                              SCMP_SYS(link),
                              SCMP_SYS(linkat),
                              SCMP_SYS(symlink),
                              SCMP_SYS(symlinkat),
                              SCMP_SYS(mknod),
                              SCMP_SYS(mknodat),
                              SCMP_SYS(chmod),
                              SCMP_SYS(fchmod),
                              SCMP_SYS(fchmodat),
                              SCMP_SYS(chown),
                              SCMP_SYS(fchown),
                              SCMP_SYS(fchownat),
                              SCMP_SYS(lchown),
                              SCMP_SYS(truncate),
                              SCMP_SYS(utimensat),
                              SCMP_SYS(utime),
                              SCMP_SYS(utimes),
                              SCMP_SYS(futimesat),
                              SCMP_SYS(setxattr),
                              SCMP_SYS(lsetxattr),
                              SCMP_SYS(fsetxattr),
                              SCMP_SYS(removexattr),
                              SCMP_SYS(lremovexattr),
                              SCMP_SYS(fremovexattr),
                              SCMP_SYS(mount),
                              SCMP_SYS(umount2),
                              SCMP_SYS(pivot_root),
                              SCMP_SYS(chroot),
                              SCMP_SYS(unshare),
                              SCMP_SYS(setns),
                              SCMP_SYS(bpf),
                              SCMP_SYS(userfaultfd),
                              SCMP_SYS(perf_event_open),
                              SCMP_SYS(keyctl),
                              SCMP_SYS(add_key),
                              SCMP_SYS(request_key),
                              SCMP_SYS(shmget),
                              SCMP_SYS(shmat),
                              SCMP_SYS(msgget),
                              SCMP_SYS(semget),
                              SCMP_SYS(mq_open),
                              SCMP_SYS(kcmp),
                              SCMP_SYS(process_madvise),
                              SCMP_SYS(process_mrelease),
                              SCMP_SYS(migrate_pages),
                              SCMP_SYS(move_pages),
                              SCMP_SYS(setpriority),
                              SCMP_SYS(sched_setscheduler),
                              SCMP_SYS(sched_setparam),
                              SCMP_SYS(sched_setattr),
                              SCMP_SYS(ioprio_set),
                              SCMP_SYS(name_to_handle_at),
                              SCMP_SYS(open_by_handle_at),
                              SCMP_SYS(fanotify_init),
                              SCMP_SYS(flock),
                              SCMP_SYS(memfd_secret)};

/// What a thread has in common with the others. A table of descriptors of its own would multiply
/// the bound on their number.
constexpr std::array kThreadFlags{CLONE_VM,      CLONE_FS,     CLONE_FILES,
                                  CLONE_SIGHAND, CLONE_THREAD, CLONE_SYSVSEM};

/// Who gets the signal that a descriptor raises, and which: a way around the rule on signals.
constexpr std::array kRefusedFcntl{F_SETOWN, F_SETOWN_EX, F_SETSIG};

/// Some of the others type into a terminal, eject a disk or start a watchdog.
constexpr std::array<std::uint32_t, 6> kIoctls{TCGETS,  TIOCGWINSZ, FIONREAD,
                                               FIONBIO, FIOCLEX,    FIONCLEX};

std::map<Reach, std::vector<sock_filter>> programs;

void add_rule(scmp_filter_ctx context, std::uint32_t action, int call,
              std::vector<scmp_arg_cmp> arguments = {}) {
  const int error =
      seccomp_rule_add_array(context, action, call, static_cast<unsigned int>(arguments.size()),
                             arguments.empty() ? nullptr : arguments.data());
  if (error != 0)
    throw Fault("cannot build the system call filter (rule " + std::to_string(call) + ")");
}

/// Any open that could write, for open (flags second) and openat (flags third).
void refuse_writing_opens(scmp_filter_ctx context, int call, unsigned int flags_argument) {
  for (const int flag : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC}) {
    const auto bit = static_cast<scmp_datum_t>(flag);
    add_rule(context, SCMP_ACT_ERRNO(EACCES), call,
             {{flags_argument, SCMP_CMP_MASKED_EQ, bit, bit}});
  }
}

/// Pages of shared memory outlive their mapping, where nobody counts them.
void refuse_uncounted_memory(scmp_filter_ctx context) {
  constexpr scmp_datum_t kShared = MAP_SHARED | MAP_ANONYMOUS;
  add_rule(context, SCMP_ACT_KILL_PROCESS, SCMP_SYS(mmap),
           {{3, SCMP_CMP_MASKED_EQ, kShared, kShared}});
  add_rule(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap),
           {{3, SCMP_CMP_MASKED_EQ, MAP_GROWSDOWN, MAP_GROWSDOWN}});
  add_rule(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(close_range),
           {{2, SCMP_CMP_MASKED_EQ, CLOSE_RANGE_UNSHARE, CLOSE_RANGE_UNSHARE}});
}

void add_rules(scmp_filter_ctx context, Reach reach) {
  const bool devices = reach == Reach::kDevices;
  const std::uint32_t stop = devices ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
  for (const int call : kKilled) add_rule(context, stop, call);
  for (const int call : kAbsent) add_rule(context, SCMP_ACT_ERRNO(ENOSYS), call);
  for (const int call : kRefused) add_rule(context, SCMP_ACT_ERRNO(EPERM), call);
  for (const int flag : kThreadFlags) {
    add_rule(context, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone),
             {{0, SCMP_CMP_MASKED_EQ, static_cast<scmp_datum_t>(flag), 0}});
  }
  for (const int command : kRefusedFcntl) {
    add_rule(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fcntl),
             {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, static_cast<scmp_datum_t>(command)}});
  }
  if (!devices) refuse_uncounted_memory(context);
  add_rule(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sched_setaffinity), {{0, SCMP_CMP_NE, 0, 0}});
  add_rule(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), {{0, SCMP_CMP_NE, 0, 0}});
  if (devices) return;  // nothing that is mounted can be written but the nodes
  refuse_writing_opens(context, SCMP_SYS(open), 1);
  refuse_writing_opens(context, SCMP_SYS(openat), 2);
}

std::vector<sock_filter> compile_filter(Reach reach) {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
  if (context == nullptr) throw Fault("cannot build the system call filter");
  seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  add_rules(context, reach);
  const Descriptor file = memory_file("filter", "");
  const int error = seccomp_export_bpf(context, file.get());
  seccomp_release(context);
  if (error != 0) throw Fault("cannot compile the system call filter");
  std::vector<sock_filter> compiled(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)) /
                                    sizeof(sock_filter));
  const ssize_t bytes = static_cast<ssize_t>(compiled.size() * sizeof(sock_filter));
  if (pread(file.get(), compiled.data(), static_cast<std::size_t>(bytes), 0) != bytes) {
    throw Fault("cannot read back the system call filter");
  }
  return compiled;
}

bool install(sock_filter* instructions, std::size_t count) {
  const sock_fprog filter{static_cast<unsigned short>(count), instructions};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &filter) == 0;
}

/// The rules that libseccomp cannot say. Calls newer than the tables do not exist. kill, tkill and
/// tgkill end the child unless their first argument is its own number (tkill names a thread; only
/// the first thread of the child has that number). ioctl knows the requests of kIoctls only, unless
/// devices may be reached.
std::vector<sock_filter> small_filter(std::uint32_t self, Reach reach) {
  constexpr std::uint32_t kCall = offsetof(seccomp_data, nr);
  constexpr std::uint32_t kArguments = offsetof(seccomp_data, args);
  enum Part {
    kSignal = 6,
    kIoctl = 8,
    kRefuse = kIoctl + 1 + kIoctls.size(),
    kAllow,
    kKill,
    kNone
  };
  std::vector<sock_filter> code;
  const auto load = [&](std::uint32_t offset) {
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
  };
  const auto jump = [&](std::uint16_t test, std::uint32_t value, std::size_t yes, std::size_t no) {
    const std::size_t next = code.size() + 1;
    code.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), value,
                            static_cast<std::uint8_t>(yes - next),
                            static_cast<std::uint8_t>(no - next)));
  };
  const auto give = [&](std::uint32_t answer) {
    code.push_back(BPF_STMT(BPF_RET | BPF_K, answer));
  };
  load(kCall);
  jump(BPF_JGT, kLastCall, kNone, 2);
  jump(BPF_JEQ, SYS_tgkill, kSignal, 3);
  jump(BPF_JEQ, SYS_tkill, kSignal, 4);
  jump(BPF_JEQ, SYS_kill, kSignal, 5);
  jump(BPF_JEQ, SYS_ioctl, reach == Reach::kDevices ? kAllow : kIoctl, kAllow);
  load(kArguments);
  jump(BPF_JEQ, self, kAllow, kKill);
  load(kArguments + sizeof(seccomp_data::args[0]));
  for (const std::uint32_t request : kIoctls) jump(BPF_JEQ, request, kAllow, code.size() + 1);
  give(SECCOMP_RET_ERRNO | EPERM);
  give(SECCOMP_RET_ALLOW);
  give(SECCOMP_RET_KILL_PROCESS);
  give(SECCOMP_RET_ERRNO | ENOSYS);
  return code;
}

}  // namespace

void prepare_child_filter(Reach reach) {
  programs[reach] = compile_filter(reach);
}

bool install_child_filter(Reach reach) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  auto small = small_filter(static_cast<std::uint32_t>(getpid()), reach);
  auto& program = programs[reach];
  return !program.empty() && install(small.data(), small.size()) &&
         install(program.data(), program.size());
}

}  // namespace unaided
