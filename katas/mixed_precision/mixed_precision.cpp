#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

std::unique_ptr<Trainer> make_trainer(Model& /*model*/, Optimizer& /*optimizer*/,
                                      const TrainerOptions& /*options*/) {
  // TODO: a class that derives from Trainer: scale, backward, unscale, check, clip, step.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void save_checkpoint(Disk& /*disk*/, const std::string& /*name*/, const Optimizer& /*optimizer*/,
                     const Trainer& /*trainer*/) {
  // TODO: encode everything, then bring it under its name so that no crash leaves half of it.
  throw std::logic_error("level 2: not written yet");
}

void load_checkpoint(const Disk& /*disk*/, const std::string& /*name*/, Optimizer& /*optimizer*/,
                     Trainer& /*trainer*/) {
  // TODO: read, validate all of it, and only then change the run.
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata
