// The server is the process that has read the headers; it is pid 1 of its sandbox, so that all of
// its children die with it. It reads nothing that an attempt wrote: requests pass through it to the
// waiting child, and what comes back is a frame that it hands on. A child may only read files and
// write to the one object file that the server opened for it; it ends after one attempt. A child
// that crashes, is killed by a limit or by a newer save costs that one answer.
//
// Requests: {type: "compile", id, path, text}, {type: "cancel"}, {type: "settled"}. Replies: ready;
// compiled, with succeeded, diagnostics and the object's name; died, with the signal; each with the
// request's id.
#include "fork_server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "../compile_settings.h"
#include "../fault.h"
#include "../worker/filter.h"

namespace unaided {

namespace {

using nlohmann::json;

constexpr int kIdleDeathsMax = 3;

/// Making the next child ready takes as long as a compile and would compete with the checks: it
/// waits until the asker says that they are over, a new request comes, or this.
constexpr int kSpentMsMax = 2000;

/// From proc(5): the second number of statm is resident pages.
std::int64_t resident_mb() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE) >> 20;
}

}  // namespace

ForkServer::ForkServer(const std::vector<int>& sockets, std::filesystem::path objects)
    : objects_(std::move(objects)) {
  for (const int socket : sockets) slots_.emplace_back().socket = socket;
  prepare_child_filter();
}

AttemptText ForkServer::next_attempt() {
  for (Slot& slot : slots_) {
    if (!fork_standby(slot)) continue;
    send_frame(slot.socket, {{"type", "ready"}, {"memory_mb", resident_mb()}});
  }
  while (own_control_ < 0) serve_once();
  FrameReader reader;
  const auto request = receive_frame(own_control_, reader, -1);
  if (!request) _exit(0);
  return {request->at("path"), request->at("text")};
}

bool ForkServer::fork_standby(Slot& slot) {
  if (own_control_ >= 0) return false;  // a child, on its way out of the loop over slots
  auto [ours, theirs] = make_socket_pair();
  slot.object = objects_ / (std::to_string(++forks_) + ".o");
  Descriptor object(open(slot.object.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!object) throw_errno("cannot create " + slot.object.string());
  const pid_t pid = fork();
  if (pid < 0) throw_errno("cannot fork");
  if (pid == 0) {
    own_object_ = std::move(object);
    ours.reset();
    become_standby(dup(theirs.get()));
    return false;
  }
  slot.child = pid;
  slot.control = std::move(ours);
  slot.replies = FrameReader();
  slot.spent = false;
  slot.deadline_ms = 0;
  return true;
}

void ForkServer::become_standby(int control) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (Slot& slot : slots_) {
    close(slot.socket);
    slot.control.reset();
  }
  if (!apply_limits(kCompileLimits) || !install_child_filter()) _exit(2);
  hot_pages_.touch();
  own_control_ = control;
}

void ForkServer::finish(const Compiled& compiled) {
  const bool written = !compiled.succeeded || write_all(own_object_.get(), compiled.object);
  if (!written) _exit(2);
  send_frame(own_control_, {{"type", "compiled"},
                            {"succeeded", compiled.succeeded},
                            {"diagnostics", compiled.diagnostics.substr(0, kDiagnosticsBytesMax)}});
  FrameReader reader;
  receive_frame(own_control_, reader, -1);  // until it is dismissed
  hot_pages_.record();
  _exit(0);
}

void ForkServer::serve_once() {
  std::vector<pollfd> fds;
  double next_ms = kCompileWallMsMax;
  for (const Slot& slot : slots_) {
    fds.push_back({slot.socket, POLLIN, 0});
    fds.push_back({slot.control.get(), POLLIN, 0});
    if (slot.deadline_ms != 0) next_ms = std::min(next_ms, slot.deadline_ms - monotonic_ms());
  }
  poll(fds.data(), fds.size(), std::max(0, static_cast<int>(next_ms)) + 1);
  for (std::size_t i = 0; i < slots_.size() && own_control_ < 0; ++i) {
    Slot& slot = slots_[i];
    if (fds[2 * i].revents != 0) take_request(slot);
    if (fds[2 * i + 1].revents != 0) take_reply(slot);
    if (slot.deadline_ms == 0 || monotonic_ms() < slot.deadline_ms) continue;
    if (slot.spent) dismiss(slot);
    if (!slot.spent) ::kill(slot.child, SIGKILL);
  }
}

void ForkServer::take_request(Slot& slot) {
  auto message = receive_frame(slot.socket, slot.requests, -1);
  if (!message) _exit(0);
  for (; message; message = slot.requests.next()) {
    const std::string type = message->at("type");
    if (type == "settled" && slot.spent) dismiss(slot);
    if (type == "cancel" && slot.request != 0) ::kill(slot.child, SIGKILL);
    if (type != "compile") continue;
    if (slot.request != 0) throw Fault("a request came while another was under way");
    slot.request = message->at("id");
    if (slot.spent) {
      slot.pending = std::move(message);
      dismiss(slot);
    } else {
      begin(slot, *message);
    }
  }
}

void ForkServer::begin(Slot& slot, const json& request) {
  slot.deadline_ms = monotonic_ms() + kCompileWallMsMax;
  send_frame(slot.control.get(), request);
}

/// Lets a spent child note its pages and end; its end brings the successor.
void ForkServer::dismiss(Slot& slot) {
  slot.deadline_ms = 0;
  shutdown(slot.control.get(), SHUT_WR);
}

void ForkServer::take_reply(Slot& slot) {
  std::optional<json> reply;
  try {
    reply = receive_frame(slot.control.get(), slot.replies, -1);
  } catch (const Fault&) {
    ::kill(slot.child, SIGKILL);  // half a frame, or none: bury() says that it died
  }
  if (!reply) return bury(slot);
  if (slot.request == 0 || slot.spent) return;
  (*reply)["object"] = slot.object.filename().string();
  answer(slot, std::move(*reply));
}

void ForkServer::bury(Slot& slot) {
  int status = 0;
  while (waitpid(slot.child, &status, 0) < 0 && errno == EINTR) {
  }
  const bool idle = slot.request == 0 && !WIFEXITED(status);
  slot.idle_deaths = idle ? slot.idle_deaths + 1 : 0;
  if (slot.idle_deaths > kIdleDeathsMax) throw Fault("children die before they have work");
  if (slot.request != 0 && !slot.spent) {
    std::error_code gone;
    std::filesystem::remove(slot.object, gone);
    answer(slot, {{"type", "died"}, {"signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0}});
  }
  hot_pages_.learn();
  if (fork_standby(slot) && slot.pending) begin(slot, *std::exchange(slot.pending, std::nullopt));
}

void ForkServer::answer(Slot& slot, json reply) const {
  reply["id"] = slot.request;
  slot.request = 0;
  slot.spent = true;
  slot.deadline_ms = monotonic_ms() + kSpentMsMax;
  send_frame(slot.socket, reply);
}

}  // namespace unaided
