// The grading process. Started by a grader inside a sandbox with one socket (descriptor 3); loads
// LibTorch, the header library and a kata's checks once, then forks a child for every check asked
// for, several at a time, and sends each verdict as it falls. It keeps nothing between requests but
// children that wait for a check; these know nothing of the last.
// With kAlone it does one task by itself and ends (alone.h).
// It is not dumpable, so that a child cannot write its memory through /proc, and has no
// capabilities. Requests: {type: "run", …}, {type: "main", …}, {type: "cancel"}. Replies: ready,
// verdict, done.
#include <dlfcn.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "../fault.h"
#include "../protocol.h"
#include "../worker_link.h"
#include "alone.h"
#include "check_library.h"
#include "filter.h"
#include "large_pages.h"
#include "probe.h"
#include "standbys.h"
#include "supervised_child.h"
#include "warm_up.h"

namespace unaided {

namespace {

using nlohmann::json;

constexpr int kSocketFd = 3;
constexpr int kTickMs = 4;
constexpr int kQuietMs = 100;  // after which the next request is prepared for
constexpr std::size_t kCheckOutputBytes = 2048;
constexpr std::size_t kSanitizerOutputBytes = 16 << 10;
constexpr std::size_t kMainOutputBytes = 64 << 10;

void drop_capabilities() {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (syscall(SYS_capset, &header, none.data()) != 0) throw_errno("cannot drop capabilities");
}

void* load(const std::string& path, int flags) {
  void* library = dlopen(path.c_str(), flags);
  if (library == nullptr) throw Fault("cannot load " + path + ": " + dlerror());
  return library;
}

const UnaidedCheckLibrary* load_checks(const std::string& path) {
  // Lazily bound: the attempt, which defines what the checks call, is loaded later and in a child.
  void* library = load(path, RTLD_LAZY | RTLD_LOCAL);
  using Entry = const UnaidedCheckLibrary* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "unaided_check_library"));
  if (entry == nullptr) throw Fault(path + " is not a library of checks");
  return entry();
}

json check_json(const UnaidedCheck& check) {
  return {{"level", check.level},
          {"behaviour", check.behaviour},
          {"name", check.name},
          {"example", check.example},
          {"slow", check.slow}};
}

Limits limits_from(const json& message) {
  return {message.at("wall_ms"), message.at("cpu_ms"), message.at("memory_mb"),
          message.at("output_kb"), message.at("file_mb")};
}

class Worker {
 public:
  explicit Worker(const UnaidedCheckLibrary* library) : library_(library), standbys_(library) {}

  void announce() const {
    json checks = json::array();
    for (int i = 0; i < library_->count; ++i) checks.push_back(check_json(library_->checks[i]));
    send_frame(kSocketFd, {{"type", "ready"}, {"checks", checks}});
  }

  /// Serves until the grader closes the socket.
  void serve() {
    while (const auto request = next_request()) {
      const std::string type = request->at("type");
      if (type == "run") run_checks(*request);
      if (type == "main") run_main(*request);
      // A cancel that comes here has missed its request, which is done already.
    }
  }

 private:
  /// Waits for it, and uses the time.
  std::optional<json> next_request() {
    pollfd socket{kSocketFd, POLLIN, 0};
    for (int wait_ms = kQuietMs; standbys_.wants_more(); wait_ms = 0) {
      if (poll(&socket, 1, wait_ms) != 0) break;
      standbys_.add_one();
    }
    return receive_frame(kSocketFd, reader_, -1);
  }

  static bool on_card(const json& request) { return request.at("device") == kCudaDevice; }

  std::unique_ptr<SupervisedChild> start(int check, const json& request, std::size_t output_bytes) {
    ChildTask task;
    task.check = check;
    task.name = check < 0 ? "main" : full_name(library_->checks[check]);
    task.attempt = request.at("attempt");
    task.device = request.at("device");
    task.seed = request.at("seed");
    auto child = standbys_.take(limits_from(request.at("limits")),
                                {.sanitized = request.at("sanitized"), .card = on_card(request)});
    child->start(task, output_bytes);
    return child;
  }

  void run_checks(const json& request) {
    const std::vector<int> indices = chosen_checks(*library_, request);
    std::deque<int> waiting(indices.begin(), indices.end());
    const std::size_t parallel = request.at("parallel");
    const bool sanitized = request.at("sanitized");
    const std::size_t output_bytes = sanitized ? kSanitizerOutputBytes : kCheckOutputBytes;
    std::vector<std::unique_ptr<SupervisedChild>> running;
    bool cancelled = false;
    while (!cancelled && (!waiting.empty() || !running.empty())) {
      while (!waiting.empty() && running.size() < parallel) {
        running.push_back(start(waiting.front(), request, output_bytes));
        waiting.pop_front();
      }
      cancelled = wait_for_news(running);
      std::erase_if(running, [&](const auto& child) {
        if (!child->observe()) return false;
        send_verdict(request, *child);
        return true;
      });
    }
    send_frame(kSocketFd, {{"type", "done"}, {"id", request.at("id")}});
    if (!sanitized && !on_card(request))
      standbys_.expect(indices.size(), limits_from(request.at("limits")));
  }

  void run_main(const json& request) {
    std::vector<std::unique_ptr<SupervisedChild>> running;
    running.push_back(start(/*check=*/-1, request, kMainOutputBytes));
    while (!wait_for_news(running)) {
      if (!running[0]->observe()) continue;
      send_verdict(request, *running[0]);
      break;
    }
    send_frame(kSocketFd, {{"type", "done"}, {"id", request.at("id")}});
  }

  /// Waits for a child or the grader, at most one tick. True when the request was cancelled.
  bool wait_for_news(const std::vector<std::unique_ptr<SupervisedChild>>& running) {
    std::vector<pollfd> fds{{kSocketFd, POLLIN, 0}};
    for (const auto& child : running) {
      for (const pollfd& entry : child->poll_set()) fds.push_back(entry);
    }
    poll(fds.data(), fds.size(), kTickMs);
    if (fds[0].revents == 0) return false;
    const auto message = receive_frame(kSocketFd, reader_, -1);
    return !message || message->at("type") == "cancel";
  }

  void send_verdict(const json& request, const SupervisedChild& child) const {
    const ChildEnd end = child.end();
    json reply{{"type", "verdict"},
               {"id", request.at("id")},
               {"outcome", outcome_row(end.outcome).id},
               {"message", end.message},
               {"output", end.output},
               {"exit_status", end.exit_status},
               {"wall_ms", end.wall_ms},
               {"memory_kb", end.memory_kb},
               {"anomaly", end.anomaly}};
    if (child.check() >= 0) reply["check"] = check_json(library_->checks[child.check()]);
    send_frame(kSocketFd, reply);
  }

  const UnaidedCheckLibrary* library_;
  Standbys standbys_;
  FrameReader reader_;
};

/// Arguments: kAlone and a task, header library, checks library.
void run_watched(const std::vector<std::string>& arguments) {
  if (arguments.size() != 4) throw Fault("a worker alone has another task");
  load(arguments[2], RTLD_NOW | RTLD_GLOBAL);
  run_alone(*load_checks(arguments[3]), json::parse(arguments[1]));
}

/// Arguments: header library, checks library, forbidden operator globs.
void run_worker(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) throw Fault("unaided-worker is started by unaided, not by hand");
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  drop_capabilities();
  signal(SIGPIPE, SIG_IGN);
  for (const Reach reach : {Reach::kNothing, Reach::kDevices}) prepare_child_filter(reach);
  load(arguments[0], RTLD_NOW | RTLD_GLOBAL);
  probe::set_forbidden({arguments.begin() + 2, arguments.end()});
  probe::install();
  warm_up();
  Worker worker(load_checks(arguments[1]));
  make_memory_cheap_to_inherit();
  worker.announce();
  worker.serve();
}

}  // namespace

}  // namespace unaided

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool alone = !arguments.empty() && arguments[0] == unaided::kAlone;
    alone ? unaided::run_watched(arguments) : unaided::run_worker(arguments);
    return 0;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "unaided-worker: %s\n", fault.what());
    return 2;
  }
}
