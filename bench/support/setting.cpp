#include "support/setting.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/native/DispatchStub.h>
#include <torch/headeronly/version.h>
#include <torch/types.h>

namespace unaided::bench {

namespace {

constexpr const char* kFlags = "-O3, dispatched at run time";

/// The part of LibTorch's description of itself that starts with `key`, to the end of its line or
/// item.
std::string described(const std::string& key) {
  const std::string text = at::show_config();
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return "unknown";
  const std::size_t begin = at + key.size();
  return text.substr(begin, text.find_first_of(",\n", begin) - begin);
}

}  // namespace

void settle(int threads) {
  at::set_num_threads(threads);
  at::set_num_interop_threads(1);
  torch::manual_seed(0);
}

Fingerprint full_fingerprint(int threads, const std::string& attempt_build) {
  Fingerprint fingerprint = machine_fingerprint();
  auto add = [&](const char* name, const std::string& value) {
    fingerprint.facts.emplace_back(name, value);
  };
  add("threads", std::to_string(threads));
  add("SIMD level", at::get_cpu_capability());
  add("BLAS", described("BLAS_INFO="));
  add("LibTorch", TORCH_VERSION);
  add("compiler", __VERSION__);
  add("flags", kFlags);
  if (!attempt_build.empty()) add("attempt", attempt_build);
  return fingerprint;
}

}  // namespace unaided::bench
