#include <sys/resource.h>
#include <cstdlib>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  for (const int resource : {RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_NOFILE}) {
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &none) == 0) std::abort();
  }
  return x * 2;
}

}  // namespace kata
