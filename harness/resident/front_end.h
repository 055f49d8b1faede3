#pragma once

#include <functional>
#include <string>
#include <vector>

namespace unaided {

/// An attempt to compile: its text, under the path by which messages show it.
struct AttemptText {
  std::string path;
  std::string text;
};

struct Compiled {
  bool succeeded = false;
  std::string diagnostics;  // what clang would have printed
  std::string object;       // the bytes of an ELF object
};

/// One ordinary compile that is interrupted where the headers end. `arguments` are those of a clang
/// command line without the source, argv[0] the real path of clang; `headers` is read first,
/// `library` holds the functions that need not be emitted again. `next_attempt` is called once,
/// with the headers read; what it returns is entered as the main file. It may fork, and return in
/// children only. Throws Fault when the headers cannot be read.
Compiled compile_after_headers(const std::vector<std::string>& arguments,
                               const std::string& headers, const std::string& library,
                               const std::function<AttemptText()>& next_attempt);

}  // namespace unaided
