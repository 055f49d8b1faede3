// One check child from fork to judgement. The end of a check is the death of its process, not the
// end of its pipes; a pass needs exit status 0 and exactly one completion record with the nonce and
// the name of this check and nothing after it. Time and processor time are read from clocks, memory
// from /proc every few milliseconds, since no kernel limit bounds resident memory.
#include "supervised_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "../fault.h"
#include "../symbols.h"
#include "process_facts.h"

namespace unaided {

namespace {

constexpr std::size_t kReportBytesMax = 64 << 10;
constexpr std::size_t kReadsMax = 16;  // per observation, so that a flood cannot hold the worker
constexpr std::int64_t kThreadsMax = 256;
constexpr std::int64_t kAddressSpaceSlackMb = 2048;  // the allocator reserves 64 MB for each thread
constexpr double kLookEveryMs = 4;

struct SignalRow {
  int signal;
  Outcome outcome;
  const char* sentence;
};

constexpr std::array kSignals{
    SignalRow{SIGXCPU, Outcome::kCpuLimit, "used more processor time than the check allows"},
    SignalRow{SIGXFSZ, Outcome::kFileLimit, "wrote a larger file than the check allows"},
    SignalRow{SIGSYS, Outcome::kForbiddenCall,
              "made a system call that a check may not make (a new process, another program, a "
              "socket, shared memory, a signal to or the memory of another process)"},
    SignalRow{SIGSEGV, Outcome::kCrashed,
              "crashed with SIGSEGV: memory outside any object, or a stack overflow"},
    SignalRow{SIGABRT, Outcome::kCrashed,
              "crashed with SIGABRT: abort(), a failed assertion, or an exception nobody caught"},
    SignalRow{SIGFPE, Outcome::kCrashed, "crashed with SIGFPE: integer division by zero"},
    SignalRow{SIGILL, Outcome::kCrashed,
              "crashed with SIGILL: ran into no code, often a missing return"},
    SignalRow{SIGBUS, Outcome::kCrashed, "crashed with SIGBUS: a bad memory address"},
    SignalRow{SIGTRAP, Outcome::kCrashed, "crashed with SIGTRAP"},
};

std::string fresh_nonce() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw_errno("no random bytes");
  }
  std::string text;
  for (const unsigned char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string text_of(const nlohmann::json& record, const char* key) {
  const auto& text = record.at(key);
  return text.is_string() ? text.get<std::string>() : text.dump();
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

SupervisedChild::SupervisedChild(const UnaidedCheckLibrary* library, const Limits& limits,
                                 Kind kind)
    : limits_(limits) {
  auto [command_read, command_write] = make_pipe();
  auto [report_read, report_write] = make_pipe();
  auto [output_read, output_write] = make_pipe();
  fcntl(report_read.get(), F_SETFL, O_NONBLOCK);
  fcntl(output_read.get(), F_SETFL, O_NONBLOCK);
  const ProcessFacts worker = read_facts("self");
  memory_kb_base_ = worker.private_kb;
  ChildConfinement confinement;
  confinement.command_fd = command_read.get();
  confinement.report_fd = report_write.get();
  confinement.output_fd = output_write.get();
  confinement.cpu_s_max = static_cast<long>(limits.cpu_ms / 1000 + 2);
  // Backstops for what is allocated faster than it can be seen; resident memory is what counts. The
  // first is the closer one, but can be gone around by mapping over what is mapped already.
  // CUDA maps the memory of the machine and of all cards, and files of its own.
  if (!kind.sanitized && !kind.card) {
    const std::int64_t slack_mb = limits.memory_mb * 2 + 256;
    confinement.memory_mb_max = static_cast<long>(memory_kb_base_ / 1024 + slack_mb);
    confinement.address_space_mb_max =
        static_cast<long>(worker.address_space_kb / 1024 + slack_mb + kAddressSpaceSlackMb);
  }
  confinement.file_mb_max = kind.card ? 0 : static_cast<long>(limits.file_mb);
  confinement.card = kind.card;
  confinement.early = kind.early;
  pid_ = fork();
  if (pid_ < 0) throw_errno("cannot fork a check");
  if (pid_ == 0) run_check_child(library, confinement);
  death_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!death_) throw_errno("cannot watch a check");
  command_ = std::move(command_write);
  report_ = std::move(report_read);
  output_ = std::move(output_read);
}

bool SupervisedChild::waits() const {
  pollfd death{death_.get(), POLLIN, 0};
  return command_ && poll(&death, 1, 0) == 0;
}

void SupervisedChild::start(ChildTask task, std::size_t output_bytes_kept) {
  task_ = std::move(task);
  task_.nonce = fresh_nonce();
  output_bytes_kept_ = output_bytes_kept;
  start_ms_ = monotonic_ms();
  next_look_ms_ = start_ms_ + kLookEveryMs;
  send_task(command_.get(), task_);
  command_.reset();
}

SupervisedChild::~SupervisedChild() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::array<pollfd, 3> SupervisedChild::poll_set() const {
  return {{{death_.get(), POLLIN, 0}, {report_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}}};
}

bool SupervisedChild::observe() {
  if (pid_ <= 0) return true;
  pollfd death{death_.get(), POLLIN, 0};
  const bool dead = poll(&death, 1, 0) > 0;
  read_report();
  read_output();
  if (!dead) {
    enforce_limits();
    return false;
  }
  wall_ms_ = monotonic_ms() - start_ms_;
  waitpid(pid_, &status_, 0);
  pid_ = -1;
  return true;
}

void SupervisedChild::read_output() {
  std::array<char, 16384> buffer;
  for (std::size_t i = 0; i < kReadsMax && output_; ++i) {
    const ssize_t got = read(output_.get(), buffer.data(), buffer.size());
    if (got < 0) return;
    if (got == 0) output_.reset();
    output_bytes_ += static_cast<std::size_t>(got);
    const std::size_t room = output_bytes_kept_ - std::min(output_bytes_kept_, output_text_.size());
    output_text_.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

void SupervisedChild::read_report() {
  std::array<char, 16384> buffer;
  for (std::size_t i = 0; i < kReadsMax && report_; ++i) {
    const ssize_t got = read(report_.get(), buffer.data(), buffer.size());
    if (got < 0) return;
    if (got == 0) report_.reset();
    const std::size_t room = kReportBytesMax + 1 - report_bytes_.size();
    report_bytes_.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

void SupervisedChild::enforce_limits() {
  if (killed_for_ || monotonic_ms() < next_look_ms_) return;
  next_look_ms_ = monotonic_ms() + kLookEveryMs;
  const ProcessFacts facts = read_facts(std::to_string(pid_));
  memory_kb_ = std::max(memory_kb_, facts.private_kb - memory_kb_base_);
  if (monotonic_ms() - start_ms_ > static_cast<double>(limits_.wall_ms)) {
    kill_for(Outcome::kTimeLimit, "still running after " + std::to_string(limits_.wall_ms) + " ms");
  } else if (cpu_ms(pid_) > static_cast<double>(limits_.cpu_ms)) {
    kill_for(Outcome::kCpuLimit,
             "used more than " + std::to_string(limits_.cpu_ms) + " ms of processor time");
  } else if (memory_kb_ > limits_.memory_mb * 1024) {
    kill_for(Outcome::kMemoryLimit,
             "used more than " + std::to_string(limits_.memory_mb) + " MB of memory");
  } else if (facts.threads > kThreadsMax) {
    kill_for(Outcome::kMemoryLimit,
             "started more than " + std::to_string(kThreadsMax) + " threads");
  } else if (output_bytes_ > static_cast<std::size_t>(limits_.output_kb) * 1024) {
    kill_for(Outcome::kOutputLimit,
             "printed more than " + std::to_string(limits_.output_kb) + " KB");
  }
}

void SupervisedChild::kill_for(Outcome outcome, const std::string& message) {
  ChildEnd end;
  end.outcome = outcome;
  end.message = message;
  killed_for_ = end;
  kill(pid_, SIGKILL);
}

ChildEnd SupervisedChild::end() const {
  ChildEnd end = killed_for_ ? *killed_for_ : judge_status();
  end.output = output_text_;
  end.wall_ms = wall_ms_;
  end.memory_kb = memory_kb_;
  return end;
}

ChildEnd SupervisedChild::judge_status() const {
  ChildEnd end;
  if (WIFSIGNALED(status_)) {
    const int number = WTERMSIG(status_);
    const auto row = std::find_if(kSignals.begin(), kSignals.end(),
                                  [&](const SignalRow& entry) { return entry.signal == number; });
    end.anomaly = number == SIGKILL;
    end.outcome = row == kSignals.end() ? Outcome::kCrashed : row->outcome;
    end.message = row == kSignals.end() ? std::string("ended by signal ") + sigabbrev_np(number)
                                        : std::string(row->sentence);
    return end;
  }
  end.exit_status = WEXITSTATUS(status_);
  if (output_bytes_ > static_cast<std::size_t>(limits_.output_kb) * 1024) {
    end.outcome = Outcome::kOutputLimit;
    end.message = "printed more than " + std::to_string(limits_.output_kb) + " KB";
    return end;
  }
  const nlohmann::json record = sole_record();
  if (record.contains("unconfined")) {
    end.message = "the check could not be confined: the kernel refused its limits or its filter (" +
                  text_of(record, "unconfined") + ")";
    return end;
  }
  if (record.contains("deviceless")) {
    end.message = "the check has no device: " + text_of(record, "deviceless");
    return end;
  }
  if (record.contains("unloaded")) return judge_unloaded(text_of(record, "unloaded"));
  if (task_.check >= 0) return judge_record(record);
  end.outcome = end.exit_status == 0 ? Outcome::kPassed : Outcome::kWrong;
  end.message = end.exit_status == 0 ? "" : "main returned " + std::to_string(end.exit_status);
  return end;
}

nlohmann::json SupervisedChild::sole_record() const {
  const auto none = nlohmann::json::object();
  try {
    FrameReader reader;
    reader.feed(report_bytes_);
    const auto record = reader.next();
    const bool sole = record && !reader.next() && !reader.partial();
    if (!sole || record->at("nonce") != task_.nonce || record->at("check") != task_.name) {
      return none;
    }
    return *record;
  } catch (const std::exception&) {
    return none;  // not a record of ours
  }
}

ChildEnd SupervisedChild::judge_unloaded(const std::string& why) const {
  ChildEnd end;
  end.exit_status = WEXITSTATUS(status_);
  constexpr std::string_view kUndefined = "undefined symbol: ";
  const std::size_t at = why.find(kUndefined);
  if (at != std::string::npos) {
    end.outcome = Outcome::kMissingFunction;
    end.message = "`" + qualified_name(why.substr(at + kUndefined.size())) +
                  "` is used and declared, but defined nowhere";
  } else if (why.find("allocate memory") != std::string::npos ||
             why.find("zero-fill") != std::string::npos) {
    end.outcome = Outcome::kMemoryLimit;
    end.message = "its static variables take more than " + std::to_string(limits_.memory_mb) +
                  " MB of memory";
  } else {
    end.outcome = Outcome::kMissingFunction;
    end.message = why;
  }
  return end;
}

ChildEnd SupervisedChild::judge_record(const nlohmann::json& record) const {
  ChildEnd end;
  end.exit_status = WEXITSTATUS(status_);
  end.outcome = Outcome::kIncompleteReport;
  end.message = "the process ended with status " + std::to_string(end.exit_status) +
                " before the check was complete: something called exit(), or tampered with the "
                "check's report";
  if (end.exit_status != 0) return end;
  try {
    if (record.at("ran") != 1) return end;
    const auto failures = record.at("failures").get<std::vector<std::string>>();
    const auto forbidden = record.at("forbidden").get<std::string>();
    const auto refused_bytes = record.at("refused_bytes").get<std::int64_t>();
    if (!forbidden.empty()) {
      end.outcome = Outcome::kForbiddenCall;
      end.message = "called " + forbidden + ", which this kata forbids";
    } else if (failures.empty()) {
      end.outcome = Outcome::kPassed;
      end.message.clear();
    } else {
      end.outcome = refused_bytes > 0 ? Outcome::kMemoryLimit : Outcome::kWrong;
      end.message = joined(failures);
    }
  } catch (const nlohmann::json::exception&) {
    return end;  // parts of it are missing: it stays an incomplete report
  }
  return end;
}

}  // namespace unaided
