#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compile_settings.h"
#include "contract_folder.h"
#include "header_cache.h"
#include "installation.h"
#include "sandbox.h"

namespace unaided {

class CancelToken;
class ResidentCompiler;

/// "'text'", for a shell.
std::string shell_quoted(const std::string& text);

/// The linker's version script of an attempt that is judged: it may define namespace kata, and
/// try.cpp main; all else stays inside, so that nothing in it can take the place of a function of
/// the checks.
inline constexpr const char* kAttemptExports =
    "{ global: extern \"C++\" { kata::*; }; main; local: *; };\n";

/// The version script of a shared object that exports one C function.
std::string only_symbol(const std::string& symbol);

/// One source text to compile, by the name under which messages show it.
struct Source {
  std::string name;  // "attention.cpp"
  std::string text;
};

struct Build {
  enum class Result { kBuilt, kRefused, kLimit, kCancelled };
  Result result = Result::kBuilt;
  std::string diagnostics;        // the compiler's words, whole, but for the folders' names
  std::filesystem::path object;   // of the first source
  std::filesystem::path library;  // the linked shared object
  double wall_ms = 0;
};

/// What differs between compiling an attempt to judge it and to time it.
struct CompilePurpose {
  std::vector<std::string> arguments;            // all but the source and the object
  std::string exports;                           // the linker's version script
  std::vector<std::filesystem::path> read_only;  // visible beside LibTorch's headers
  ResourceLimits limits;
  int wall_ms_max = 0;
  std::vector<std::string> device_command;  // of .cu files, all but source and object; or none
  std::vector<std::string> device_linker;   // of what it makes
};

/// Compiles and links attempts, alone and in a sandbox: they see the contracts, LibTorch's and the
/// system's headers, and can write into their own output folder only.
class Compiler {
 public:
  /// `scratch` is a private folder of the caller; `contracts` are the kata's, by level.
  Compiler(const Installation& installation, const HeaderCache& headers,
           const std::filesystem::path& scratch,
           const std::vector<std::filesystem::path>& contracts, bool sandbox);

  /// To time it: optimised, without a precompiled header. The shared object exports `symbol` alone.
  static Compiler for_timing(const Installation& installation, const std::filesystem::path& scratch,
                             const std::vector<std::filesystem::path>& contracts,
                             const std::string& symbol, bool sandbox);

  /// To run on a card: .cu files by nvcc, others as for_timing() has them. The library holds a CUDA
  /// runtime of its own, so that it takes nothing for CUDA's that the process has under its names.
  /// `exports` is a version script.
  static Compiler for_device(const Installation& installation, const DeviceCompiler& device,
                             const std::filesystem::path& scratch,
                             const std::vector<std::filesystem::path>& contracts,
                             const std::string& exports, bool sandbox);

  /// Compiles every source (at once) and links them into one shared object that exports namespace
  /// kata and main, or what for_timing() was told. Each call writes into a folder of its own number
  /// and removes that of the call before last. `resident`, when there is one that is ready,
  /// compiles instead of stock clang, in its slot.
  Build build(const std::vector<Source>& sources, Instrumentation instrumentation,
              const CancelToken* cancel, ResidentCompiler* resident = nullptr, int slot = 0);

  /// What the next builds may include: contracts up to this level, 0 meaning all. Never fewer than
  /// before.
  void show_contracts(int level) { level_shown_ = level; }

 private:
  Compiler(const Installation& installation, CompilePurpose purpose,
           const std::filesystem::path& scratch,
           const std::vector<std::filesystem::path>& contracts, bool sandbox);

  /// What is compiled, and into what.
  struct Unit {
    const Source* source;
    std::filesystem::path path;
    std::filesystem::path object;
  };

  bool compile_resident(const std::vector<Unit>& units, ResidentCompiler& resident, int slot,
                        const CancelToken* cancel, Build& build) const;
  void run_script(const std::string& script, const std::filesystem::path& output,
                  const CancelToken* cancel, Build& build) const;
  std::string compile_script(const std::vector<Unit>& units, Instrumentation instrumentation) const;
  std::string link_script(const std::vector<Unit>& units, const Build& build) const;
  SandboxPolicy policy() const;

  Installation installation_;
  CompilePurpose purpose_;
  std::filesystem::path scratch_;
  ContractFolder contracts_;
  int level_shown_ = 0;
  bool sandbox_;
  std::uint64_t count_ = 0;
};

}  // namespace unaided
