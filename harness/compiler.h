#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "installation.h"
#include "sandbox.h"

namespace unaided {

class CancelToken;

/// LibTorch's headers, parsed once: a precompiled header and a shared library of the inline
/// functions in it, so that an attempt's object holds the candidate's code alone.
struct HeaderCache {
  std::filesystem::path folder;   // in the user's cache, keyed by compiler, LibTorch and flags
  std::filesystem::path header;   // headers.pch
  std::filesystem::path library;  // headers.so, loaded by the worker after LibTorch
};

/// Finds or builds the header cache; the build takes about 20 s, is locked against other processes
/// and is announced on stderr. Throws Fault when it fails.
HeaderCache ensure_header_cache(const Installation& installation);

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
