// Forks twice: the first child leaves the terminal's session, the second can never get a terminal
// again and is nobody's child to wait for. One pipe carries the news back: a single byte for ready,
// a sentence for a fault, nothing for a death.
#include "detach.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <string>

#include "fault.h"
#include "process.h"

namespace unaided {
namespace {

constexpr char kReady = '\0';
constexpr int kNewsFd = 3;

void send_news(std::string_view news) {
  while (!news.empty()) {
    const ssize_t sent = write(kNewsFd, news.data(), news.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;  // the caller is gone: nobody to tell
    news.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Leaves everything of the caller behind but the pipe, which becomes kNewsFd.
void become_detached(const std::filesystem::path& log, int news) {
  const int empty = open("/dev/null", O_RDWR);
  const int errors = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::array<int, 4> wanted = {empty, empty, errors < 0 ? empty : errors, news};
  for (int& fd : wanted) fd = fcntl(fd, F_DUPFD, kNewsFd + 1);
  for (std::size_t number = 0; number < wanted.size(); ++number) {
    dup2(wanted[number], static_cast<int>(number));
  }
  syscall(SYS_close_range, static_cast<unsigned>(kNewsFd + 1), ~0U, 0U);
  fcntl(kNewsFd, F_SETFD, FD_CLOEXEC);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  umask(077);
  if (chdir("/") != 0) _exit(1);
  prctl(PR_SET_NAME, "unaided-host");
}

[[noreturn]] void run_body(const std::function<void(const std::function<void()>& ready)>& body) {
  bool told = false;
  const auto tell_ready = [&told] {
    send_news({&kReady, 1});
    close(kNewsFd);
    told = true;
  };
  try {
    body(tell_ready);
  } catch (const std::exception& fault) {
    if (!told) send_news(fault.what());
    const std::string line = std::string("unaided: ") + fault.what() + "\n";
    if (write(STDERR_FILENO, line.data(), line.size()) < 0) _exit(1);
    _exit(1);
  }
  _exit(0);
}

std::string read_news(int fd) {
  std::string news;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return news;
    news.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

void run_detached(const std::filesystem::path& log,
                  const std::function<void(const std::function<void()>& ready)>& body) {
  auto [news, teller] = make_pipe();
  const pid_t child = fork();
  if (child < 0) throw_errno("cannot start the host");
  if (child == 0) {
    setsid();
    const pid_t host = fork();
    if (host != 0) _exit(host < 0 ? 1 : 0);
    become_detached(log, teller.get());
    run_body(body);
  }
  teller.reset();
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  const std::string told = read_news(news.get());
  if (told == std::string_view(&kReady, 1)) return;
  if (told.empty()) throw Fault("the host ended before it was ready; see " + log.string());
  throw Fault(told);
}

}  // namespace unaided
