#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  for (const char* path :
       {"stray", "../stray", "/tmp/stray", "/dev/shm/stray", "/var/tmp/stray", "/stray"}) {
    if (open(path, O_CREAT | O_WRONLY, 0600) >= 0 || creat(path, 0600) >= 0) std::abort();
    if (mkdir(path, 0700) == 0 || symlink("/", path) == 0) std::abort();
    if (mkfifo(path, 0600) == 0 || link("/proc/self/exe", path) == 0) std::abort();
  }
  if (open("/tmp", O_TMPFILE | O_RDWR, 0600) >= 0) std::abort();
  return x * 2;
}

}  // namespace kata
