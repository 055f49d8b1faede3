#include "grading_thread.h"

#include <signal.h>
#include <sys/eventfd.h>

#include <exception>
#include <utility>

#include "fault.h"
#include "resident_compiler.h"

namespace unaided {
namespace {

/// Signals are the host loop's business: the thread is started with all of them blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

JudgeFactory grader_judge(const Installation& installation, const Kata& kata, bool emulated) {
  return [installation, kata, emulated](const std::filesystem::path& scratch) {
    Grader::Options options;
    options.emulated = emulated;
    options.scratch_parent = scratch;
    options.resident = start_resident_compiler(installation, kata, /*slots=*/1);
    const auto grader = std::make_shared<Grader>(installation, kata, options);
    return Judge{
        [grader] { grader->warm_up(); },
        [grader](const GradeRequest& request, const VerdictSink& sink, const CancelToken* cancel) {
          return grader->grade(request, sink, cancel);
        },
        [grader](const RunRequest& request, const CancelToken* cancel) {
          return grader->run(request, cancel);
        },
        [resident = options.resident] { return describe_compiler(resident.get()); }};
  };
}

GradingThread::GradingThread(std::function<Judge()> make_judge)
    : make_judge_(std::move(make_judge)), arrived_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!arrived_) throw_errno("cannot make an event descriptor");
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { work(); });
}

GradingThread::~GradingThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (cancel_) cancel_->cancel();
  }
  wake_.notify_one();
  thread_.join();
}

void GradingThread::start(Job job) {
  busy_ = true;
  {
    const std::lock_guard lock(mutex_);
    job_ = std::move(job);
    cancel_ = std::make_shared<CancelToken>();
  }
  wake_.notify_one();
}

void GradingThread::cancel() {
  const std::lock_guard lock(mutex_);
  if (cancel_) cancel_->cancel();
}

std::vector<GradingThread::News> GradingThread::take() {
  eventfd_t count = 0;
  eventfd_read(arrived_.get(), &count);
  std::vector<News> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(news_);
  }
  for (const News& news : taken) {
    if (std::holds_alternative<Result>(news)) busy_ = false;
  }
  return taken;
}

void GradingThread::work() {
  // A judge that cannot start is tried again by the first job, which then tells why.
  try {
    make_judge();
    judge_->warm_up();
  } catch (const std::exception&) {
    judge_.reset();
  }
  for (;;) {
    std::optional<Job> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || job_; });
      if (stop_) break;
      job.swap(job_);
    }
    tell(do_job(*job));
  }
  judge_.reset();
}

GradingThread::Result GradingThread::do_job(const Job& job) {
  std::shared_ptr<CancelToken> cancel;
  {
    const std::lock_guard lock(mutex_);
    cancel = cancel_;
  }
  try {
    if (!judge_) make_judge();
    if (const auto* run = std::get_if<RunRequest>(&job)) return judge_->run(*run, cancel.get());
    const auto sink = [this](const CheckVerdict& verdict) { tell(verdict); };
    return judge_->grade(std::get<GradeRequest>(job), sink, cancel.get());
  } catch (const std::exception& fault) {
    judge_.reset();  // whatever state it is in, the next job starts afresh
    return std::string(fault.what());
  }
}

void GradingThread::make_judge() {
  judge_ = make_judge_();
  const std::lock_guard lock(mutex_);
  compiler_ = judge_->compiler;
}

std::string GradingThread::compiler() {
  const std::lock_guard lock(mutex_);
  return compiler_ ? compiler_() : "";
}

void GradingThread::tell(News news) {
  {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
  }
  eventfd_write(arrived_.get(), 1);
}

}  // namespace unaided
