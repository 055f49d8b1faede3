#include "check_device.h"

#include "../emulated_device/emulated_device.h"
#include "../fault.h"
#include "../kata.h"
#include "../verdict.h"
#include "cuda_check_device.h"

namespace unaided {
namespace {

support::Device* chosen = nullptr;

}  // namespace

void make_check_device(const std::string& label, std::uint64_t seed) {
  if (label.empty()) return;
  // Never destroyed: streams may be used in exit handlers.
  if (label == kEmulatedDevice) {
    chosen = new EmulatedDevice(seed);
  } else if (label == kCudaDevice) {
    chosen = new CudaCheckDevice();
  } else {
    throw Fault("this worker has no device '" + label + "'");
  }
}

void make_watched_device(const std::string& label) {
  if (label != kCudaDevice) throw Fault("nothing watches checks on '" + label + "'");
  chosen = new CudaCheckDevice({.watched = true});
}

void introduce_attempt(void* attempt) {
  if (auto* const card = dynamic_cast<CudaCheckDevice*>(chosen)) card->adopt(attempt);
}

}  // namespace unaided

support::Device& support::device() {
  if (unaided::chosen == nullptr) throw unaided::Fault("this check has no device");
  return *unaided::chosen;
}
