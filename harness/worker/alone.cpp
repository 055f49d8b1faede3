#include "alone.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <iostream>
#include <string>

#include "../fault.h"
#include "../worker_link.h"
#include "check_device.h"
#include "probe.h"

namespace unaided {

std::string full_name(const UnaidedCheck& check) {
  return std::string(check.behaviour) + "." + check.name;
}

std::vector<int> chosen_checks(const UnaidedCheckLibrary& library, const nlohmann::json& request) {
  const int first = request.at("first_level");
  const int last = request.at("last_level");
  const bool slow = request.at("slow");
  const std::string only = request.at("only");
  std::vector<int> indices;
  for (int i = 0; i < library.count; ++i) {
    const UnaidedCheck& check = library.checks[i];
    if (check.level < first || check.level > last || (check.slow && !slow)) continue;
    if (only.empty() || only == full_name(check)) indices.push_back(i);
  }
  return indices;
}

void run_alone(const UnaidedCheckLibrary& library, const nlohmann::json& task) {
  const std::string file = task.at("attempt");
  const std::uint64_t seed = task.at("seed");
  make_watched_device(task.at("device"));
  void* attempt = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (attempt == nullptr) throw Fault(std::string("the attempt cannot be loaded: ") + dlerror());
  introduce_attempt(attempt);
  int ran = 0;
  for (const int check : chosen_checks(library, task)) {
    probe::set_seed(seed);
    at::manual_seed(seed);
    ran += library.run(
        check, [](void*, const char*) {}, nullptr);
  }
  std::cout << '\n' << kAllRan << ran << std::endl;
}

}  // namespace unaided
