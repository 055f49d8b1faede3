#include "seal_probe.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "fault.h"
#include "process.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr unsigned int kAttemptSMax = 1;
constexpr std::size_t kAnswerBytesMax = 1024;

constexpr std::span<const EscapeAttempt> (*kFamilies[])() = {network_attempts, kernel_attempts,
                                                             file_attempts};

[[noreturn]] void attempt_and_say(const EscapeAttempt& attempt, const SealTargets& targets,
                                  int answer) {
  alarm(kAttemptSMax);
  const Escape escape = attempt.attempt(targets);
  write_all(answer, (escape.succeeded ? "+" : "-") + escape.how.substr(0, kAnswerBytesMax - 1));
  _exit(0);
}

/// An attempt may change or end the process that makes it.
Escape try_apart(const EscapeAttempt& attempt, const SealTargets& targets) {
  auto [read_end, write_end] = make_pipe();
  const pid_t pid = fork();
  if (pid < 0) throw_errno("cannot try the seal");
  if (pid == 0) attempt_and_say(attempt, targets, write_end.get());
  write_end.reset();
  std::array<char, kAnswerBytesMax> buffer;
  const ssize_t got = read(read_end.get(), buffer.data(), buffer.size());
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (got > 0) return {buffer[0] == '+', std::string(buffer.data() + 1, buffer.data() + got)};
  return {false, WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                                     : std::string("no answer")};
}

}  // namespace

void to_json(json& object, const SealTargets& targets) {
  object = {{"loopback_port", targets.loopback_port},
            {"outer_address", targets.outer_address},
            {"outer_port", targets.outer_port},
            {"abstract_socket", targets.abstract_socket},
            {"path_socket", targets.path_socket},
            {"variable", targets.variable},
            {"descriptor", targets.descriptor},
            {"process", targets.process},
            {"pid", targets.pid},
            {"shared_memory", targets.shared_memory},
            {"scratch_mb", targets.scratch_mb},
            {"absent", targets.absent},
            {"unwritable", targets.unwritable}};
}

void from_json(const json& object, SealTargets& targets) {
  object.at("loopback_port").get_to(targets.loopback_port);
  object.at("outer_address").get_to(targets.outer_address);
  object.at("outer_port").get_to(targets.outer_port);
  object.at("abstract_socket").get_to(targets.abstract_socket);
  object.at("path_socket").get_to(targets.path_socket);
  object.at("variable").get_to(targets.variable);
  object.at("descriptor").get_to(targets.descriptor);
  object.at("process").get_to(targets.process);
  object.at("pid").get_to(targets.pid);
  object.at("shared_memory").get_to(targets.shared_memory);
  object.at("scratch_mb").get_to(targets.scratch_mb);
  object.at("absent").get_to(targets.absent);
  object.at("unwritable").get_to(targets.unwritable);
}

std::map<std::string, Escape> try_escapes(const SealTargets& targets) {
  std::map<std::string, Escape> escapes;
  for (const auto family : kFamilies) {
    for (const EscapeAttempt& attempt : family()) {
      escapes[seal_row(attempt.channel).id] = try_apart(attempt, targets);
    }
  }
  return escapes;
}

std::vector<Channel> tried_channels() {
  std::vector<Channel> channels;
  for (const auto family : kFamilies) {
    for (const EscapeAttempt& attempt : family()) channels.push_back(attempt.channel);
  }
  return channels;
}

void to_json(json& object, const Escape& escape) {
  object = {{"succeeded", escape.succeeded}, {"how", escape.how}};
}

void from_json(const json& object, Escape& escape) {
  object.at("succeeded").get_to(escape.succeeded);
  object.at("how").get_to(escape.how);
}

}  // namespace unaided
