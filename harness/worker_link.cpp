#include "worker_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "device_choice.h"
#include "fault.h"
#include "gpu_sandbox.h"
#include "grader.h"
#include "sandbox.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kWorkerSocketFd = 3;
constexpr int kStartMsMax = 60'000;
constexpr int kSilenceMsMax = 120'000;  // longer than any check may take
constexpr std::int64_t kScratchMb = 16;
constexpr const char* kSanitizerOptions = "ASAN_OPTIONS=symbolize=0:detect_leaks=0:handle_abort=1";
// All kernels before the first is launched: loading one waits for the card, which streams that a
// check holds back do not let come to an end.
constexpr const char* kLoadEarly = "CUDA_MODULE_LOADING=EAGER";

std::string read_available(const Descriptor& pipe) {
  std::array<char, 4096> buffer;
  const ssize_t got = read(pipe.get(), buffer.data(), buffer.size());
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

CheckName check_name(const json& check, const Kata& kata) {
  const CheckName name = {check.at("level"), check.at("behaviour"), check.at("name"),
                          check.at("example"), check.at("slow")};
  if (name.level >= 1 && name.level <= kata.level_count()) return name;
  throw Fault(
      fmt::format("{}.{} of {} belongs to no level: the name of the file that has it must "
                  "begin with checks_level<K>",
                  name.behaviour, name.name, kata.id));
}

}  // namespace

SandboxPolicy worker_policy(const Installation& installation, const Kata& kata,
                            const fs::path& header_library, const fs::path& attempts,
                            Instrumentation instrumentation) {
  SandboxPolicy policy;
  policy.read_only = {installation.worker(instrumentation), installation.checks_library(kata.id),
                      installation.libtorch_lib, header_library, attempts};
  // PyPI's LibTorch finds two of NVIDIA's libraries beside its own package.
  const fs::path neighbours = installation.libtorch_lib.parent_path().parent_path() / "nvidia";
  if (fs::exists(neighbours)) policy.read_only.push_back(neighbours);
  policy.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",    "HOME=/tmp",
                        "OMP_NUM_THREADS=1",  "MKL_NUM_THREADS=1", "OMP_WAIT_POLICY=passive"};
  if (instrumentation == Instrumentation::kAddressSanitizer) {
    policy.environment.emplace_back(kSanitizerOptions);
  }
  policy.scratch_mb = kScratchMb;
  return policy;
}

void show_device(const CheckDevice& device, SandboxPolicy& policy) {
  show_gpus(device.survey, policy);
  policy.environment.emplace_back(kLoadEarly);
}

WorkerLink::WorkerLink(const Installation& installation, const Kata& kata,
                       const HeaderCache& headers, const fs::path& attempts,
                       Instrumentation instrumentation, bool sandbox, const CheckDevice* device) {
  auto [ours, theirs] = make_socket_pair();
  auto [words_read, words_write] = make_pipe();
  Command command;
  command.argv = {installation.worker(instrumentation).string(), headers.library.string(),
                  installation.checks_library(kata.id).string()};
  command.argv.insert(command.argv.end(), kata.forbidden.begin(), kata.forbidden.end());
  command.descriptors = {{theirs.get(), kWorkerSocketFd}, {words_write.get(), STDERR_FILENO}};
  SandboxPolicy policy =
      worker_policy(installation, kata, headers.library, attempts, instrumentation);
  if (device != nullptr) {
    show_device(*device, policy);
    assert_gpu_seen(installation, policy, device->gpu());
  }
  const SandboxedCommand inside = sandboxed(std::move(command), policy, sandbox);
  process_ = Process::start(inside.command);
  socket_ = std::move(ours);
  words_ = std::move(words_read);
  fcntl(words_.get(), F_SETFL, O_NONBLOCK);
  theirs.reset();
  words_write.reset();
  await_ready(kata);
}

void WorkerLink::await_ready(const Kata& kata) {
  const auto ready = receive_frame(socket_.get(), reader_, kStartMsMax);
  if (!ready || ready->value("type", "") != "ready") {
    process_.kill_and_reap();
    throw Fault("the grading worker did not start; run ./unaided doctor\n" +
                read_available(words_));
  }
  for (const json& check : ready->at("checks")) checks_.push_back(check_name(check, kata));
}

WorkerLink::End WorkerLink::ask(json request, const std::function<void(const json&)>& verdict,
                                const CancelToken* cancel) {
  const std::uint64_t id = ++last_id_;
  request["id"] = id;
  try {
    send_frame(socket_.get(), request);
    return converse(id, verdict, cancel);
  } catch (const Fault&) {
    // A worker that is gone or speaks nonsense is replaced by the caller and asked again.
    return End::kLost;
  }
}

WorkerLink::End WorkerLink::converse(std::uint64_t id,
                                     const std::function<void(const json&)>& verdict,
                                     const CancelToken* cancel) {
  bool cancelled = false;
  for (;;) {
    std::array<pollfd, 2> fds{{{socket_.get(), POLLIN, 0},
                               {cancel != nullptr && !cancelled ? cancel->fd() : -1, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), kSilenceMsMax) == 0) return End::kLost;
    if (fds[1].revents != 0) {
      cancelled = true;
      send_frame(socket_.get(), {{"type", "cancel"}});
    }
    if (fds[0].revents == 0) continue;
    // One read may bring several messages.
    auto reply = receive_frame(socket_.get(), reader_, kSilenceMsMax);
    if (!reply) return End::kLost;
    for (; reply; reply = reader_.next()) {
      if (reply->at("id") != id) return End::kLost;
      if (reply->at("type") == "done") return cancelled ? End::kCancelled : End::kDone;
      if (!cancelled) verdict(*reply);
    }
  }
}

}  // namespace unaided
