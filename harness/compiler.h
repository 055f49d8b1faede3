#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "header_cache.h"
#include "installation.h"
#include "sandbox.h"

namespace unaided {

class CancelToken;

/// "'text'", for a shell.
std::string shell_quoted(const std::string& text);

/// One source text to compile, by the name under which messages show it.
struct Source {
  std::string name;  // "attention.cpp"
  std::string text;
};

struct Build {
  enum class Result { kBuilt, kRefused, kLimit, kCancelled };
  Result result = Result::kBuilt;
  std::string diagnostics;        // the compiler's words, whole
  std::filesystem::path folder;   // of the sources, as the compiler saw it
  std::filesystem::path object;   // of the first source
  std::filesystem::path library;  // the linked shared object
  double wall_ms = 0;
};

/// Compiles and links attempts, alone and in a sandbox: they see the contracts, LibTorch's and the
/// system's headers, and can write into their own output folder only.
class Compiler {
 public:
  /// `scratch` is a private folder of the caller; `contracts` are copied beside the attempt.
  Compiler(const Installation& installation, const HeaderCache& headers,
           const std::filesystem::path& scratch,
           const std::vector<std::filesystem::path>& contracts, bool sandbox);

  /// Compiles every source (at once) and links them into one shared object that exports namespace
  /// kata and main. Each call writes into a folder of its own number and removes that of
  /// the call before last.
  Build build(const std::vector<Source>& sources, Instrumentation instrumentation,
              const CancelToken* cancel);

 private:
  std::string script(const std::vector<Source>& sources,
                     const std::filesystem::path& sources_folder, const Build& build,
                     Instrumentation instrumentation) const;
  SandboxPolicy policy() const;

  Installation installation_;
  HeaderCache headers_;
  std::filesystem::path scratch_;
  bool sandbox_;
  std::uint64_t count_ = 0;
};

}  // namespace unaided
