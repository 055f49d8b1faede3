#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "grading_thread.h"
#include "job_queue.h"
#include "journal.h"
#include "kata.h"
#include "listener.h"
#include "seating.h"
#include "session_store.h"
#include "verdict.h"
#include "workspace.h"

namespace unaided {

/// What a host is made of.
struct HostSetup {
  SessionFolder folder;
  Kata kata;
  Toolchain toolchain;
  JudgeFactory judge;
  const Clock* clock;
};

/// A folder for temporary files, emptied of what a killed predecessor left; gone with its owner.
class ScratchFolder {
 public:
  explicit ScratchFolder(std::filesystem::path path);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The one process of a running session: owns its deadline, its journal and its verdicts. All that
/// happens comes through one poll loop (saves, requests, verdicts, the deadline, signals); grading
/// is done by one thread, so that the loop never waits. What matters is journaled before it is
/// told, so the host can be killed at any point.
///
/// Requests, each {"request": NAME, ...}, and their replies; "final" marks the last one:
///   check {"full", "seed": "N", "only"}  → judging, check*, report
///   submit                              → judging, check*, report {"ended"}
///   finish                              → judging, check*, report {"ended"}
///   run                                 → ran {"outcome", "message", "output", "exit_status"}
///   unlock                              → unlocked {"level"}
///   hint                                → hint {"number", "of", "text"}
///   screen {"command": [..], "columns"}            → screen {"socket"}; not from inside the seat
///   status                              → status {"status"}
///   reset                               → reset {"kept"}
///   abandon                             → ended
///   watch                               → status, then everything that happens, until ended
///                                         (warning {"message"} when time is short)
/// Any of them may end with refused {"message", "exit_code"}. A report and its checks hold only
/// what the session's format lets the candidate know.
class Host {
 public:
  /// Takes the session's lock, replays its journal and listens. Throws Fault, also for a session
  /// that has ended.
  explicit Host(const HostSetup& setup);

  /// Until the session ends or a signal asks the host to go; the session then can be resumed.
  void run();

 private:
  struct Snapshot {
    std::string hash;
    std::string source;
    std::string refusal;  // why there is none
    bool late = false;
  };
  using Client = Listener::ClientId;
  using Request = nlohmann::json;
  static constexpr char kTimeIsOver[] =
      "time is over: the last save before the deadline is what counts";

  void take_up();
  void record(const Event& event);
  void poll_once();
  int tend(std::int64_t now_ms);
  int warn();
  int bound_seat(std::int64_t now_ms);
  void guarded(const std::function<void()>& step);

  SaveWatch watch_workspace() const;
  bool untouched() const;
  Snapshot take_snapshot();
  Snapshot kept_snapshot(const std::string& hash) const;
  std::string refuse_late(const std::string& hash, const std::string& source);
  void store_snapshot(const std::string& hash, const std::string& source);
  static std::uintmax_t snapshot_bytes_of(const SessionFolder& folder);
  void on_save();
  void on_deadline();
  void leave_seat();

  void judge(Purpose purpose, const Snapshot& snapshot, std::vector<Client> askers,
             const Request& request);
  int contracts_seen() const;
  void advance();
  void take_news();
  void conclude(const Job& job, const GradingThread::Result& result);
  void conclude_run(const Job& job, const RunReport& ran);
  void conclude_fault(const Job& job, const std::string& fault);
  void conclude_grade(const Job& job, GradeReport report);
  void add_disagreement(const Job& job, GradeReport& report) const;
  Reveal reveal(Purpose purpose) const;
  void keep_verdict(const Job& job, const GradeReport& report);
  void end_if_due(Purpose purpose);
  void finish(EndReason reason);

  void serve(const Listener::Message& message);
  void serve_check(Client client, const Request& request);
  void serve_submit(Client client, const Request& request);
  void serve_finish(Client client, const Request& request);
  void serve_run(Client client, const Request& request);
  void serve_unlock(Client client, const Request& request);
  void serve_hint(Client client, const Request& request);
  void serve_screen(Client client, const Request& request);
  void serve_status(Client client, const Request& request);
  void serve_reset(Client client, const Request& request);
  void serve_abandon(Client client, const Request& request);
  void serve_watch(Client client, const Request& request);
  void refuse(Client client, const std::string& message, int exit_code);
  void tell(const std::vector<Client>& askers, nlohmann::json message);
  nlohmann::json status();

  HostSetup setup_;
  SessionLock lock_;
  Journal journal_;
  Session session_;
  SaveWatch watch_;
  Listener listener_;
  Descriptor timer_;
  Descriptor signals_;
  ScratchFolder scratch_;
  GradingThread thread_;
  JobQueue queue_;
  std::vector<Client> watchers_;
  Seating seating_;
  std::uintmax_t snapshot_bytes_ = 0;
  std::int64_t seat_seen_ms_ = 0;
  std::int64_t time_left_seen_ms_ = 0;
  int statement_columns_ = Screen::right_columns(160);
  std::string closing_;  // why nothing more is taken; empty while the session is open
  bool leaving_ = false;
};

/// Starts a host for the session in a process of its own and returns once it answers. Throws Fault.
void start_host(const HostSetup& setup);

}  // namespace unaided
