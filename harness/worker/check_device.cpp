#include "check_device.h"

#include "../emulated_device/emulated_device.h"
#include "../fault.h"
#include "../verdict.h"

namespace unaided {
namespace {

support::Device* chosen = nullptr;

}  // namespace

void make_check_device(const std::string& label, std::uint64_t seed) {
  if (label.empty()) return;
  if (label != kEmulatedDevice) throw Fault("this worker has no device '" + label + "'");
  chosen = new EmulatedDevice(seed);  // never destroyed: streams may be used in exit handlers
}

}  // namespace unaided

support::Device& support::device() {
  if (unaided::chosen == nullptr) throw unaided::Fault("this check has no device");
  return *unaided::chosen;
}
