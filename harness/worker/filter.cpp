// What a check child may ask of the kernel. libseccomp compiles the large filter once in the
// worker; the rule that signals go to nobody but oneself needs the child's own number and is a
// second, small filter written by hand. A call passes only if both allow it.
#include "filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
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
                              SCMP_SYS(fanotify_init)};

std::vector<sock_filter> program;

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

void add_rules(scmp_filter_ctx context) {
  for (const int call : kKilled) add_rule(context, SCMP_ACT_KILL_PROCESS, call);
  for (const int call : kAbsent) add_rule(context, SCMP_ACT_ERRNO(ENOSYS), call);
  for (const int call : kRefused) add_rule(context, SCMP_ACT_ERRNO(EPERM), call);
  add_rule(context, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone),
           {{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0}});
  add_rule(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), {{0, SCMP_CMP_NE, 0, 0}});
  refuse_writing_opens(context, SCMP_SYS(open), 1);
  refuse_writing_opens(context, SCMP_SYS(openat), 2);
}

std::vector<sock_filter> compile_filter() {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
  if (context == nullptr) throw Fault("cannot build the system call filter");
  seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  add_rules(context);
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

/// kill, tkill and tgkill end the child unless their first argument is its own number. (tkill names
/// a thread; only the first thread of the child has that number.)
bool install_signal_filter() {
  const auto self = static_cast<std::uint32_t>(getpid());
  constexpr std::uint32_t kCall = offsetof(seccomp_data, nr);
  constexpr std::uint32_t kTarget = offsetof(seccomp_data, args);
  std::array<sock_filter, 8> instructions{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCall),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tkill, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kTarget),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  }};
  return install(instructions.data(), instructions.size());
}

}  // namespace

void prepare_child_filter() {
  program = compile_filter();
}

bool install_child_filter() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return !program.empty() && install_signal_filter() && install(program.data(), program.size());
}

}  // namespace unaided
