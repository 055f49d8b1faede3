#include "process_facts.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace unaided {

ProcessFacts read_facts(const std::string& process) {
  ProcessFacts facts;
  const std::string path = "/proc/" + process + "/status";
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return facts;
  std::array<char, 256> line;
  while (std::fgets(line.data(), line.size(), file) != nullptr) {
    const std::string_view text(line.data());
    const auto number = [&](std::string_view key) {
      return text.starts_with(key) ? std::atoll(line.data() + key.size()) : 0;
    };
    facts.private_kb +=
        number("RssAnon:") + number("RssShmem:") + number("VmPTE:") + number("VmSwap:");
    facts.address_space_kb += number("VmSize:");
    facts.threads += number("Threads:");
  }
  std::fclose(file);
  return facts;
}

double cpu_ms(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) * 1e-6;
}

}  // namespace unaided
