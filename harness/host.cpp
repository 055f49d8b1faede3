// The poll loop. What it does with each thing that happens is short; the rules are elsewhere: the
// state machine (session), who is judged next (job_queue), what a client may do (listener). What
// can fail is written in the reply to whoever asked, or told to the watchers; the loop goes on.
#include "host.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "attempt.h"
#include "detach.h"
#include "fault.h"
#include "installation.h"
#include "session_status.h"
#include "text_file.h"

namespace unaided {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int kGoodbyeMsMax = 1000;
constexpr std::int64_t kLookAgainMs = 3'600'000;  // at the latest, for the next warning

Session replay(const JournalContents& contents) {
  Session session;
  for (const json& event : contents.events) {
    session = unaided::apply(std::move(session), from_journal(event));
  }
  return session;
}

/// Signals that ask the host to go arrive on a descriptor, in no thread.
Descriptor block_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, number);
  sigprocmask(SIG_BLOCK, &wanted, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  return Descriptor(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// Fires when the session's time is over, also when the machine slept through it.
Descriptor deadline_timer(const Session& session, const Clock& clock) {
  Descriptor timer(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) throw_errno("cannot make a timer");
  const auto left = time_left(session, clock.now());
  if (!left) return timer;
  const std::int64_t wait_ms = std::max<std::int64_t>(left->ms, 1);
  itimerspec when{};
  when.it_value.tv_sec = wait_ms / 1000;
  when.it_value.tv_nsec = wait_ms % 1000 * 1'000'000;
  if (timerfd_settime(timer.get(), 0, &when, nullptr) != 0) throw_errno("cannot set a timer");
  return timer;
}

std::int64_t steady_ms() {
  return static_cast<std::int64_t>(monotonic_ms());
}

}  // namespace

ScratchFolder::ScratchFolder(fs::path path) : path_(std::move(path)) {
  fs::remove_all(path_);
  if (mkdir(path_.c_str(), 0700) != 0) throw_errno("cannot make " + path_.string());
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Host::Host(const HostSetup& setup)
    : setup_(setup),
      lock_(setup_.folder),
      journal_(setup_.folder.journal()),
      session_(replay(journal_.opened())),
      watch_(watch_workspace()),
      listener_(setup_.folder.host_socket()),
      timer_(deadline_timer(session_, *setup_.clock)),
      signals_(block_signals()),
      scratch_(setup_.folder.runtime_path(".scratch")),
      thread_([this] { return setup_.judge(scratch_.path()); }),
      seating_(setup_.folder, session_.created.sealing.sealed),
      snapshot_bytes_(snapshot_bytes_of(setup_.folder)) {
  if (session_.phase != Phase::kRunning) {
    throw Fault("session " + setup_.folder.id() + " is over: it is " +
                std::string(phase_id(session_.phase)));
  }
  const bool first_host = !fs::exists(setup_.folder.socket());
  write_durably(setup_.folder.socket(), setup_.folder.host_socket().string());
  if (!journal_.opened().repaired.empty()) {
    std::fprintf(stderr, "%s\n", journal_.opened().repaired.c_str());
  }
  const auto left = time_left(session_, setup_.clock->now());
  time_left_seen_ms_ = left ? left->ms : 0;
  if (!first_host) take_up();
}

SaveWatch Host::watch_workspace() const {
  fs::create_directories(
      setup_.folder.workspace());  // it may have been removed: `reset` refills it
  return {setup_.folder.workspace(), setup_.kata.attempt_name()};
}

void Host::run() {
  while (session_.phase == Phase::kRunning && !leaving_) poll_once();
  if (session_.ended_at) {
    leave_seat();
    json ended = {{"type", "ended"}, {"final", true}, {"status", status()}};
    listener_.send_all(watchers_, ended);
  }
  listener_.finish(kGoodbyeMsMax);
}

/// What a killed host left undone: an unjudged submit, and saves that nobody saw or judged.
void Host::take_up() {
  const Moment now = setup_.clock->now();
  record(Resumed{now});
  if (session_.toolchain != setup_.toolchain) record(ToolchainChanged{now, setup_.toolchain});
  if (!session_.open_submit.empty()) {
    judge(Purpose::kSubmit, kept_snapshot(session_.open_submit), {}, json::object());
  }
  guarded([this] {
    if (!untouched()) on_save();
  });
}

void Host::record(const Event& event) {
  Session next = unaided::apply(session_, event);
  journal_.append(to_journal(event));
  session_ = std::move(next);
}

void Host::poll_once() {
  advance();
  std::vector<pollfd> polled = {{signals_.get(), POLLIN, 0},
                                {watch_.fd(), POLLIN, 0},
                                {timer_.get(), POLLIN, 0},
                                {thread_.fd(), POLLIN, 0}};
  listener_.add_to(polled);
  const std::int64_t now_ms = steady_ms();
  const int timeout_ms = listener_.pending() ? 0 : tend(now_ms);
  if (poll(polled.data(), polled.size(), timeout_ms) < 0 && errno != EINTR) throw_errno("poll");

  if (polled[0].revents) leaving_ = true;
  if (polled[1].revents && watch_.saved()) guarded([this] { on_save(); });
  if (polled[2].revents) {
    std::uint64_t fired = 0;
    if (read(timer_.get(), &fired, sizeof fired) > 0) guarded([this] { on_deadline(); });
  }
  if (polled[3].revents) guarded([this] { take_news(); });
  for (const Listener::Message& message : listener_.exchange(steady_ms())) {
    if (session_.phase == Phase::kRunning) serve(message);
  }
  const auto gone = [this](Client client) { return !listener_.connected(client); };
  std::erase_if(watchers_, gone);
  queue_.forget(gone);
}

/// Looks after what no descriptor tells of. Returns until when there is nothing to do; -1 is for
/// ever.
int Host::tend(std::int64_t now_ms) {
  int wait_ms = -1;
  for (const int one : {listener_.timeout_ms(now_ms), warn(), bound_seat(now_ms)}) {
    if (one >= 0 && (wait_ms < 0 || one < wait_ms)) wait_ms = one;
  }
  return wait_ms;
}

int Host::warn() {
  const auto left = time_left(session_, setup_.clock->now());
  if (!left) return -1;
  const auto due = next_warning_ms(std::exchange(time_left_seen_ms_, left->ms));
  if (due && left->ms > 0 && left->ms <= *due) {
    const std::int64_t minutes = (left->ms + 59'999) / 60'000;
    const std::string text = fmt::format("{} minute{} left", minutes, minutes == 1 ? "" : "s");
    seating_.announce(text);
    tell({}, {{"type", "warning"}, {"message", text}});
  }
  const auto next = next_warning_ms(left->ms);
  return next ? static_cast<int>(std::min(left->ms - *next, kLookAgainMs)) : -1;
}

int Host::bound_seat(std::int64_t now_ms) {
  if (!session_.created.sealing.sealed) return -1;
  if (now_ms - seat_seen_ms_ < Seating::kPollMs) return Seating::kPollMs;
  seat_seen_ms_ = now_ms;
  const std::string ended = seating_.bound();
  if (!ended.empty()) tell({}, {{"type", "fault"}, {"message", ended}});
  return Seating::kPollMs;
}

void Host::guarded(const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "%s\n", fault.what());
    tell({}, {{"type", "fault"}, {"message", fault.what()}});
  }
}

void Host::on_save() {
  const Snapshot snapshot = take_snapshot();
  if (!snapshot.refusal.empty()) {
    tell({}, {{"type", "refused"}, {"message", snapshot.refusal}});
    return;
  }
  judge(Purpose::kSave, snapshot, {}, json::object());
}

/// The last snapshot in time is judged, after one more look for a save that was not seen yet. When
/// that cannot be begun, the host goes: `resume` tries again.
void Host::on_deadline() {
  if (!closing_.empty()) return;
  guarded([this] {
    if (!untouched()) take_snapshot();
  });
  closing_ = kTimeIsOver;
  leave_seat();
  leaving_ = true;
  const auto hash = counting_snapshot(session_);
  const VerdictReached* submitted = last_submit(session_);
  if (!hash || (submitted != nullptr && submitted->hash == *hash)) {
    finish(EndReason::kDeadline);
  } else {
    judge(Purpose::kDeadline, kept_snapshot(*hash), {}, json::object());
  }
  leaving_ = false;
}

/// Unsaved text is not lost, and not scored.
void Host::leave_seat() {
  guarded([this] {
    for (const std::string& name : seating_.close()) {
      std::fprintf(stderr, "rescued unsaved text: %s\n", name.c_str());
    }
  });
}

void start_host(const HostSetup& setup) {
  run_detached(setup.folder.log(), [&setup](const std::function<void()>& ready) {
    Host host(setup);
    ready();
    host.run();
  });
}

}  // namespace unaided
