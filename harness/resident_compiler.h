#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "contract_folder.h"
#include "header_cache.h"
#include "installation.h"
#include "process.h"
#include "protocol.h"
#include "temporary_folder.h"

namespace unaided {

class CancelToken;

struct Kata;

/// The descriptor of the first slot's socket in the resident process.
inline constexpr int kResidentSocketFd = 3;
inline constexpr int kResidentSlotsMax = 4;

/// A compiler that stays in memory with a set of headers read, seen from the grader. It takes 15 s
/// to get ready; until then, and whenever it cannot say, ask stock clang, which is also the
/// compiler of record. Each slot serves one caller at a time, different slots at once.
class ResidentCompiler {
 public:
  /// Starts it and returns at once. `contracts` are the kata's, by level. The
  /// process lives as long as the thread that calls this, and as this object.
  ResidentCompiler(const Installation& installation, const HeaderCache& headers,
                   const std::vector<std::filesystem::path>& contracts, int slots, bool sandbox);

  enum class State { kStarting, kReady, kGone };
  State state();
  /// Waits until it is no longer starting.
  State await();
  /// What it holds in memory while it waits; 0 when it is not ready.
  std::int64_t memory_mb();

  struct Answer {
    enum class Result { kCompiled, kRefused, kLimit, kCancelled };
    Result result = Result::kCompiled;
    std::string diagnostics;
  };
  /// Compiles `text`, shown in messages as `path`, into `object`. Nothing when it cannot say: not
  /// ready, gone, or an attempt that crashed the compiler or runs into what it does differently.
  std::optional<Answer> compile(int slot, const std::filesystem::path& path,
                                const std::string& text, const std::filesystem::path& object,
                                const CancelToken* cancel);

  /// What followed from the last answer is over: the next compile may be made ready.
  void settle(int slot);

  /// Where attempts' `#include "level1.h"` is found, once that is shown.
  const std::filesystem::path& contracts_folder() const { return contracts_.path(); }
  /// As Compiler::show_contracts().
  void show_contracts(int level);

 private:
  struct Slot {
    Descriptor socket;
    FrameReader reader;
    std::uint64_t last_id = 0;
  };

  void look(int timeout_ms);
  std::optional<nlohmann::json> converse(Slot& slot, const nlohmann::json& request,
                                         const CancelToken* cancel, bool& cancelled);
  std::optional<Answer> answer_of(const nlohmann::json& reply, bool cancelled,
                                  const std::filesystem::path& object);

  TemporaryFolder folder_;
  ContractFolder contracts_;
  std::vector<Slot> slots_;
  Process process_;
  std::mutex mutex_;  // guards what follows
  State state_ = State::kStarting;
  std::size_t ready_slots_ = 0;
  std::int64_t memory_mb_ = 0;
};

/// One for the attempts of `kata`; null where the build has none.
std::shared_ptr<ResidentCompiler> start_resident_compiler(const Installation& installation,
                                                          const Kata& kata, int slots,
                                                          bool sandbox = true);

/// Which compiler serves saves, in words: the resident one and its memory, or stock clang and why.
std::string describe_compiler(ResidentCompiler* resident);

}  // namespace unaided
