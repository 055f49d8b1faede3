// The resident compiler: clang with a set of headers in memory. Started by a grader inside a
// sandbox with a socket for each slot, from descriptor 3 on; see fork_server.cpp for what goes over
// them. Arguments: how many slots, the headers, their library, the folder for objects, and clang's
// command line.
#include <malloc.h>
#include <signal.h>

#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "../fault.h"
#include "../resident_compiler.h"
#include "fork_server.h"
#include "front_end.h"

namespace unaided {

namespace {

constexpr std::size_t kOwnArguments = 4;

/// A heap that neither shrinks nor scatters: what a child touched, the next will touch too.
void keep_the_heap_in_place() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 128 << 20);
}

void run_resident(const std::vector<std::string>& arguments) {
  if (arguments.size() <= kOwnArguments) {
    throw Fault("unaided-resident is started by unaided, not by hand");
  }
  keep_the_heap_in_place();
  signal(SIGPIPE, SIG_IGN);
  std::vector<int> sockets(std::stoul(arguments[0]));
  std::iota(sockets.begin(), sockets.end(), kResidentSocketFd);
  ForkServer server(sockets, arguments[3]);
  const Compiled compiled =
      compile_after_headers({arguments.begin() + kOwnArguments, arguments.end()}, arguments[1],
                            arguments[2], [&] { return server.next_attempt(); });
  if (!server.is_child()) throw Fault("the headers cannot be read\n" + compiled.diagnostics);
  server.finish(compiled);
}

}  // namespace

}  // namespace unaided

int main(int argc, char** argv) {
  try {
    unaided::run_resident({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "unaided-resident: %s\n", fault.what());
    return 2;
  }
}
