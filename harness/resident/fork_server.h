#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "../process.h"
#include "../protocol.h"
#include "front_end.h"
#include "hot_pages.h"

namespace unaided {

/// Keeps one forked child waiting behind each socket of its slots, so that a request finds a
/// process that has everything and need only begin.
class ForkServer {
 public:
  /// `sockets` are those of the slots; objects are written into `objects`.
  ForkServer(const std::vector<int>& sockets, std::filesystem::path objects);

  /// Serves until a slot's socket is closed, and then exits the process. Returns in children, each
  /// with an attempt to compile.
  AttemptText next_attempt();

  /// True once next_attempt() has returned.
  bool is_child() const { return own_control_ >= 0; }

  /// In a child: writes the object, tells the server, and exits the process.
  [[noreturn]] void finish(const Compiled& compiled);

 private:
  struct Slot {
    int socket = -1;  // to the one who asks
    FrameReader requests;
    pid_t child = -1;
    Descriptor control;  // to the child
    FrameReader replies;
    std::filesystem::path object;           // that the child has open
    bool spent = false;                     // it has answered, and waits for its successor's turn
    std::optional<nlohmann::json> pending;  // a request that came before the successor
    std::uint64_t request = 0;              // under way; 0 is none
    double deadline_ms = 0;                 // of the request, or of being spent
    int idle_deaths = 0;
  };

  bool fork_standby(Slot& slot);
  void become_standby(int control);
  void serve_once();
  void take_request(Slot& slot);
  void begin(Slot& slot, const nlohmann::json& request);
  static void dismiss(Slot& slot);
  void take_reply(Slot& slot);
  void bury(Slot& slot);
  void answer(Slot& slot, nlohmann::json reply) const;

  std::vector<Slot> slots_;
  std::filesystem::path objects_;
  HotPages hot_pages_;
  std::uint64_t forks_ = 0;
  int own_control_ = -1;  // in a child
  Descriptor own_object_;
};

}  // namespace unaided
