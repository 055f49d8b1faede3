#include "fault.h"

#include <cerrno>
#include <cstring>

namespace unaided {

void throw_errno(const std::string& what) {
  throw Fault(what + ": " + std::strerror(errno));
}

}  // namespace unaided
