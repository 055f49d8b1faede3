#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>
#include <string>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  const std::string parent = "/proc/" + std::to_string(getppid());
  for (const char* name : {"/mem", "/environ", "/fd/3", "/maps"}) {
    for (const int mode : {O_RDONLY, O_RDWR, O_WRONLY}) {
      if (open((parent + name).c_str(), mode) >= 0) std::abort();
    }
  }
  return x * 2;
}

}  // namespace kata
