#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "grader.h"
#include "process.h"

namespace unaided {

/// What judges attempts: a Grader's three functions, or a test's.
struct Judge {
  std::function<void()> warm_up;
  std::function<GradeReport(const GradeRequest&, const VerdictSink&, const CancelToken*)> grade;
  std::function<RunReport(const RunRequest&, const CancelToken*)> run;
  std::function<std::string()> compiler = {};  // which one serves saves now; from any thread
};
/// Called with a folder for the judge's temporary files.
using JudgeFactory = std::function<Judge(const std::filesystem::path& scratch)>;

/// A Grader for `kata`, as a Judge. `emulated`: as in Grader::Options.
JudgeFactory grader_judge(const Installation& installation, const Kata& kata, bool emulated);

/// One thread that owns the judge and does one job at a time, so that the host's loop never waits.
/// The thread lives as long as the host: children whose parent-death signal follows the thread that
/// started them die with the host, not before.
class GradingThread {
 public:
  using Job = std::variant<GradeRequest, RunRequest>;
  /// What a job ended with; a string is the sentence of a Fault.
  using Result = std::variant<GradeReport, RunReport, std::string>;
  using News = std::variant<CheckVerdict, Result>;

  /// `make_judge` is called, and its judge warmed up, on the thread.
  explicit GradingThread(std::function<Judge()> make_judge);
  /// Cancels what runs and waits for it to stop.
  ~GradingThread();
  GradingThread(const GradingThread&) = delete;
  GradingThread& operator=(const GradingThread&) = delete;

  /// Only while not busy().
  void start(Job job);
  /// Its result still comes.
  void cancel();
  /// From start() until take() has returned the job's Result.
  bool busy() const { return busy_; }

  /// Which compiler serves saves now, in words; empty while the judge is not made.
  std::string compiler();

  int fd() const { return arrived_.get(); }  // readable while take() has something
  std::vector<News> take();

 private:
  void work();
  void make_judge();
  Result do_job(const Job& job);
  void tell(News news);

  std::function<Judge()> make_judge_;
  std::optional<Judge> judge_;  // the thread's own
  Descriptor arrived_;
  bool busy_ = false;  // the host's own

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::function<std::string()> compiler_;
  std::optional<Job> job_;
  std::shared_ptr<CancelToken> cancel_;
  std::vector<News> news_;
  bool stop_ = false;

  std::thread thread_;
};

}  // namespace unaided
