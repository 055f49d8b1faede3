// An attempt is timed through a small file that knows how its contract's function is called. The
// two are compiled apart and linked into one shared object that exports one C function.
#include "bench_build.h"

#include <fmt/format.h>

#include "compile_settings.h"
#include "compiler.h"
#include "diagnostics.h"
#include "fault.h"
#include "sandbox.h"
#include "symbols.h"
#include "text_file.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr const char* kAttemptSymbol = "unaided_bench_attempt";  // as bench/support/kernel.h has it
constexpr std::size_t kContractBytesMax = 1 << 20;

fs::path contract_file(const Installation& installation, const BenchContract& contract) {
  return installation.root / "bench" / contract.kernel /
         fmt::format("contract_{}_level{}.cpp", contract.kata, contract.level);
}

/// Why the objects cannot be used together; empty when they can.
std::string refusal_of(const Kata& kata, const Build& build, const BenchContract& contract) {
  const ObjectSymbols attempt = read_symbols(build.object);
  const std::string forbidden = forbidden_symbol(attempt, kata.forbidden);
  if (!forbidden.empty()) {
    return fmt::format(
        "{} refers to `{}`, which this kata forbids: it would be timed against "
        "itself",
        kata.attempt_name(), forbidden);
  }
  const fs::path asked =
      build.object.parent_path() / (contract_file({}, contract).filename().string() + ".o");
  const auto missing = missing_functions(read_symbols(asked), attempt);
  if (missing.empty()) return {};
  return fmt::format("{} does not define `{}`, through which {} is timed", kata.attempt_name(),
                     missing[0], contract.kernel);
}

/// What compiles an attempt at `kata` to be timed, and how that is called.
std::pair<Compiler, std::string> compiler_for(const Installation& installation, const Kata& kata,
                                              const fs::path& scratch, const Gpu* gpu) {
  const bool sandbox = sandbox_support().available;
  if (kata.device.empty()) {
    return {Compiler::for_timing(installation, scratch, kata.contracts(), kAttemptSymbol, sandbox),
            fmt::format("{} {}, no precompiled header", installation.clang.filename().string(),
                        kTimedFlags)};
  }
  if (gpu == nullptr) throw Fault(kata.id + " is timed on a card: add --device cuda");
  const ToolkitFinding finding = find_cuda_toolkit(toolkit_places(installation));
  if (!finding.toolkit) throw Fault(kata.id + " cannot be compiled: " + finding.absence);
  const std::string architecture =
      native_architecture(gpu->capability_major, gpu->capability_minor);
  return {Compiler::for_device(installation, {*finding.toolkit, {architecture}}, scratch,
                               kata.contracts(), only_symbol(kAttemptSymbol), sandbox),
          fmt::format("nvcc {} -O3 for sm_{}", finding.toolkit->version, architecture)};
}

}  // namespace

BenchBuild build_for_bench(const Installation& installation, const Kata& kata,
                           const BenchContract& contract, const std::string& source,
                           const fs::path& scratch, const Gpu* gpu, const CancelToken* cancel) {
  // What a contract's file includes lies beside the contracts as "support/kernel.h".
  const fs::path seam = scratch / "contracts" / "support";
  fs::create_directories(seam);
  for (const char* header : {"kernel.h", "current_stream.h"}) {
    fs::copy_file(installation.root / "bench" / "support" / header, seam / header,
                  fs::copy_options::overwrite_existing);
  }
  const fs::path file = contract_file(installation, contract);
  auto [compiler, how] = compiler_for(installation, kata, scratch, gpu);
  const Build build = compiler.build(
      {{kata.attempt_name(), source}, {file.filename(), read_text_file(file, kContractBytesMax)}},
      Instrumentation::kNone, cancel);
  BenchBuild result;
  result.library = build.library;
  result.wall_ms = build.wall_ms;
  result.how = how;
  switch (build.result) {
    case Build::Result::kBuilt:
      result.refusal = refusal_of(kata, build, contract);
      break;
    case Build::Result::kRefused:
      result.refusal = summarize_diagnostics(build.diagnostics, kata.attempt_name());
      break;
    case Build::Result::kLimit:
      result.refusal = "the compiler took too long, too much memory or printed too much";
      break;
    case Build::Result::kCancelled:
      result.refusal = "interrupted";
      break;
  }
  return result;
}

const BenchContract* contract_for(const std::vector<BenchContract>& contracts,
                                  const std::string& source) {
  const BenchContract* best = nullptr;
  for (const BenchContract& contract : contracts) {
    const bool mentioned = source.find(contract.function) != std::string::npos;
    if (mentioned && (best == nullptr || contract.level > best->level)) best = &contract;
  }
  return best;
}

}  // namespace unaided
