// The near end of the resident compiler: starts it in a sandbox that can read the headers and the
// contracts and write nothing but objects into one folder, and asks it for one object at a time.
// Whatever goes wrong with it is answered by "ask stock clang": it may be slow to start, lack its
// program, die or speak nonsense, and no verdict changes.
#include "resident_compiler.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <array>

#include "compile_settings.h"
#include "fault.h"
#include "grader.h"
#include "sandbox.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kStartMsMax = 120'000;
constexpr int kSilenceMsMax = kCompileWallMsMax + 10'000;

/// What the headers' warm-up has instantiated cannot be specialised any more; in a compile of its
/// own it could.
constexpr std::string_view kTooLate = "after instantiation";

SandboxPolicy resident_policy(const Installation& installation, const HeaderCache& headers,
                              const fs::path& folder) {
  SandboxPolicy policy;
  policy.read_only = installation.libtorch_include;
  policy.read_only.push_back(headers.folder);
  policy.read_only.push_back(folder);
  policy.read_only.push_back(installation.resident());
  policy.binds.push_back({folder / "objects", folder / "objects", /*writable=*/true});
  policy.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "LD_BIND_NOW=1"};
  return policy;
}

/// The folders may lie on different file systems.
void move_file(const fs::path& from, const fs::path& to) {
  std::error_code other_file_system;
  fs::rename(from, to, other_file_system);
  if (!other_file_system) return;
  fs::copy_file(from, to);
  fs::remove(from);
}

}  // namespace

ResidentCompiler::ResidentCompiler(const Installation& installation, const HeaderCache& headers,
                                   const std::vector<fs::path>& contracts, int slots, bool sandbox)
    : folder_(runtime_folder()), contracts_(folder_.path() / "contracts", contracts) {
  fs::create_directories(folder_.path() / "objects");
  Command command;
  command.argv = {installation.resident().string(),
                  std::to_string(slots),
                  headers.warm_up.string(),
                  headers.library.string(),
                  (folder_.path() / "objects").string(),
                  fs::canonical(installation.clang).string()};
  for (const std::string& argument : attempt_arguments(installation, contracts_folder())) {
    command.argv.push_back(argument);
  }
  command.argv.insert(command.argv.end(), headers.attempt_flags.begin(),
                      headers.attempt_flags.end());
  std::vector<Descriptor> theirs;
  for (int i = 0; i < slots; ++i) {
    auto [our_end, their_end] = make_socket_pair();
    slots_.emplace_back().socket = std::move(our_end);
    command.descriptors.emplace_back(their_end.get(), kResidentSocketFd + i);
    theirs.push_back(std::move(their_end));
  }
  const SandboxPolicy policy = resident_policy(installation, headers, folder_.path());
  const SandboxedCommand inside = sandboxed(std::move(command), policy, sandbox);
  process_ = Process::start(inside.command);
}

ResidentCompiler::State ResidentCompiler::state() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kStarting) look(0);
  return state_;
}

ResidentCompiler::State ResidentCompiler::await() {
  const std::lock_guard lock(mutex_);
  while (state_ == State::kStarting) look(kStartMsMax);
  return state_;
}

void ResidentCompiler::show_contracts(int level) {
  const std::lock_guard lock(mutex_);
  contracts_.show(level);
}

std::int64_t ResidentCompiler::memory_mb() {
  const std::lock_guard lock(mutex_);
  return memory_mb_;
}

/// Each slot says once that it is ready.
void ResidentCompiler::look(int timeout_ms) {
  try {
    while (ready_slots_ < slots_.size()) {
      Slot& slot = slots_[ready_slots_];
      pollfd entry{slot.socket.get(), POLLIN, 0};
      if (poll(&entry, 1, timeout_ms) <= 0 && timeout_ms == 0) return;
      const auto ready = receive_frame(slot.socket.get(), slot.reader, 0);
      if (!ready || ready->at("type") != "ready") throw Fault("it did not start");
      memory_mb_ = ready->at("memory_mb");
      ++ready_slots_;
    }
    state_ = State::kReady;
  } catch (const std::exception&) {
    state_ = State::kGone;
  }
}

std::optional<ResidentCompiler::Answer> ResidentCompiler::compile(int slot_number,
                                                                  const fs::path& path,
                                                                  const std::string& text,
                                                                  const fs::path& object,
                                                                  const CancelToken* cancel) {
  // Escaped, a text may become twice as long.
  if (state() != State::kReady || 2 * text.size() > kFrameBytesMax) return std::nullopt;
  Slot& slot = slots_.at(static_cast<std::size_t>(slot_number));
  const json request{
      {"type", "compile"}, {"id", ++slot.last_id}, {"path", path.string()}, {"text", text}};
  bool cancelled = false;
  try {
    if (const auto reply = converse(slot, request, cancel, cancelled)) {
      return answer_of(*reply, cancelled, object);
    }
  } catch (const std::exception&) {
    // Gone, silent or talking nonsense: nothing that it says counts any more.
  }
  const std::lock_guard lock(mutex_);
  state_ = State::kGone;
  return std::nullopt;
}

void ResidentCompiler::settle(int slot) {
  if (state() != State::kReady) return;
  try {
    send_frame(slots_.at(static_cast<std::size_t>(slot)).socket.get(), {{"type", "settled"}});
  } catch (const Fault&) {
    // The next compile finds out.
  }
}

std::optional<json> ResidentCompiler::converse(Slot& slot, const json& request,
                                               const CancelToken* cancel, bool& cancelled) {
  send_frame(slot.socket.get(), request);
  for (;;) {
    std::array<pollfd, 2> fds{{{slot.socket.get(), POLLIN, 0},
                               {cancel != nullptr && !cancelled ? cancel->fd() : -1, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), kSilenceMsMax) == 0) return std::nullopt;
    if (fds[1].revents != 0) {
      cancelled = true;
      send_frame(slot.socket.get(), {{"type", "cancel"}});
    }
    if (fds[0].revents == 0) continue;
    auto reply = receive_frame(slot.socket.get(), slot.reader, kSilenceMsMax);
    if (!reply || reply->at("id") != request.at("id")) return std::nullopt;
    return reply;
  }
}

std::optional<ResidentCompiler::Answer> ResidentCompiler::answer_of(const json& reply,
                                                                    bool cancelled,
                                                                    const fs::path& object) {
  if (reply.at("type") == "died") {
    if (cancelled) return Answer{Answer::Result::kCancelled, ""};
    const int signal = reply.at("signal");
    if (signal != SIGKILL && signal != SIGXCPU) return std::nullopt;  // a crash of the compiler
    return Answer{Answer::Result::kLimit, ""};
  }
  const fs::path made = folder_.path() / "objects" / reply.at("object").get<std::string>();
  const std::string diagnostics = reply.at("diagnostics");
  if (reply.at("succeeded").get<bool>()) {
    move_file(made, object);
    return Answer{Answer::Result::kCompiled, diagnostics};
  }
  fs::remove(made);
  if (diagnostics.find(kTooLate) != std::string::npos) return std::nullopt;
  return Answer{Answer::Result::kRefused, diagnostics};
}

std::string describe_compiler(ResidentCompiler* resident) {
  if (resident == nullptr) return "clang (this build has no resident compiler: ./unaided doctor)";
  switch (resident->state()) {
    case ResidentCompiler::State::kStarting:
      return "clang, until the resident compiler is ready";
    case ResidentCompiler::State::kReady:
      return fmt::format("resident, in {} MB", resident->memory_mb());
    case ResidentCompiler::State::kGone:
      return "clang (the resident compiler has ended; the next session starts another)";
  }
  return {};
}

std::shared_ptr<ResidentCompiler> start_resident_compiler(const Installation& installation,
                                                          const Kata& kata, int slots,
                                                          bool sandbox) {
  if (!fs::exists(installation.resident())) return nullptr;
  return std::make_shared<ResidentCompiler>(
      installation, ensure_header_cache(installation, kata.headers), kata.contracts(), slots,
      sandbox && sandbox_support().available);
}

}  // namespace unaided
