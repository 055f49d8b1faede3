#include <sys/socket.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  socket(AF_UNIX, SOCK_STREAM, 0);
  return x * 2;
}

}  // namespace kata
