#pragma once

#include <filesystem>
#include <vector>

#include "process.h"
#include "seal.h"
#include "seal_probe.h"

namespace unaided {

/// What an escape would reach: listeners, a socket, a key, a process, a segment of shared memory,
/// planted for as long as this lives; and the files that are here and must be absent inside.
class SealControls {
 public:
  /// Throws Fault when this machine has not even a loopback.
  SealControls(const SealPlan& plan, const SealMachine& machine);
  ~SealControls();
  SealControls(const SealControls&) = delete;
  SealControls& operator=(const SealControls&) = delete;

  const SealTargets& targets() const { return targets_; }
  /// To be passed on to what is started, so that it could be inherited.
  int descriptor() const { return planted_.get(); }

 private:
  void plant_sockets();
  void plant_memory();

  SealTargets targets_;
  std::vector<Descriptor> listeners_;
  Descriptor planted_;
  Process process_;
  int segment_ = -1;
};

}  // namespace unaided
