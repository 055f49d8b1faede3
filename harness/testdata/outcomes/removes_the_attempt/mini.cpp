#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find('/');
    if (at == std::string::npos || !line.ends_with("attempt.so")) continue;
    const char* path = line.c_str() + at;
    if (unlink(path) == 0 || truncate(path, 0) == 0 || chmod(path, 0) == 0) std::abort();
    if (std::rename(path, "stray") == 0 || open(path, O_RDWR) >= 0) std::abort();
  }
  return x * 2;
}

}  // namespace kata
