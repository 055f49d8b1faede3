// From a snapshot's text to a shared object. Clang and the linker run together in one sandbox per
// attempt; what makes them fast is the header cache.
#include "compiler.h"

#include "compile_settings.h"
#include "fault.h"
#include "resident_compiler.h"
#include "text_file.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr const char* kContracts = "contracts";  // the folder that they are copied into
constexpr const char* kDeviceSource = ".cu";

/// Response files take quoted words; paths may hold spaces.
std::string response_file(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += "\"" + argument + "\"\n";
  return text;
}

/// Names of files in `folder`, without it.
std::string without(std::string text, const fs::path& folder) {
  const std::string prefix = folder.string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
}

CompilePurpose to_judge(const Installation& installation, const HeaderCache& headers,
                        const fs::path& scratch) {
  CompilePurpose purpose;
  purpose.arguments = attempt_arguments(installation, scratch / kContracts);
  purpose.arguments.insert(purpose.arguments.end(), {"-Xclang", "-fno-validate-pch", "-include-pch",
                                                     headers.header.string()});
  purpose.arguments.insert(purpose.arguments.end(), headers.attempt_flags.begin(),
                           headers.attempt_flags.end());
  purpose.exports = kAttemptExports;
  purpose.read_only = {headers.folder};
  purpose.limits = kCompileLimits;
  purpose.wall_ms_max = kCompileWallMsMax;
  return purpose;
}

}  // namespace

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string only_symbol(const std::string& symbol) {
  return "{ global: " + symbol + "; local: *; };\n";
}

Compiler::Compiler(const Installation& installation, const HeaderCache& headers,
                   const fs::path& scratch, const std::vector<fs::path>& contracts, bool sandbox)
    : Compiler(installation, to_judge(installation, headers, scratch), scratch, contracts,
               sandbox) {}

Compiler Compiler::for_timing(const Installation& installation, const fs::path& scratch,
                              const std::vector<fs::path>& contracts, const std::string& symbol,
                              bool sandbox) {
  CompilePurpose purpose;
  purpose.arguments = timed_attempt_arguments(installation, scratch / kContracts);
  purpose.exports = only_symbol(symbol);
  purpose.limits = kTimedCompileLimits;
  purpose.wall_ms_max = kTimedCompileWallMsMax;
  return Compiler(installation, std::move(purpose), scratch, contracts, sandbox);
}

Compiler Compiler::for_device(const Installation& installation, const DeviceCompiler& device,
                              const fs::path& scratch, const std::vector<fs::path>& contracts,
                              const std::string& exports, bool sandbox) {
  CompilePurpose purpose;
  purpose.arguments = timed_attempt_arguments(installation, scratch / kContracts);
  purpose.device_command = device_command(installation, device, scratch / kContracts);
  purpose.device_linker = device_linker(installation, device.toolkit);
  purpose.exports = exports;
  purpose.read_only = {device.toolkit.folder};
  purpose.limits = kTimedCompileLimits;
  purpose.wall_ms_max = kTimedCompileWallMsMax;
  return Compiler(installation, std::move(purpose), scratch, contracts, sandbox);
}

Compiler::Compiler(const Installation& installation, CompilePurpose purpose,
                   const fs::path& scratch, const std::vector<fs::path>& contracts, bool sandbox)
    : installation_(installation),
      purpose_(std::move(purpose)),
      scratch_(scratch),
      contracts_(scratch / kContracts, contracts),
      sandbox_(sandbox) {
  purpose_.arguments.emplace_back("-c");
  write_text_file(scratch_ / "compile.arguments", response_file(purpose_.arguments));
  write_text_file(scratch_ / "exports", purpose_.exports);
}

Build Compiler::build(const std::vector<Source>& sources, Instrumentation instrumentation,
                      const CancelToken* cancel, ResidentCompiler* resident, int slot) {
  const double start_ms = monotonic_ms();
  contracts_.show(level_shown_);
  ++count_;
  if (count_ > 2) fs::remove_all(scratch_ / std::to_string(count_ - 2));
  const fs::path folder = scratch_ / std::to_string(count_);
  const fs::path output = folder / "out";
  fs::create_directories(output);
  std::vector<Unit> units;
  for (const Source& source : sources) {
    units.push_back({&source, folder / source.name, output / (source.name + ".o")});
    write_text_file(units.back().path, source.text);
  }

  Build build;
  build.object = units.at(0).object;
  build.library = output / "attempt.so";
  const bool said = resident != nullptr && compile_resident(units, *resident, slot, cancel, build);
  if (!said) {
    const std::string script = compile_script(units, instrumentation) + link_script(units, build);
    run_script(script, output, cancel, build);
  } else if (build.result == Build::Result::kBuilt) {
    run_script(link_script(units, build), output, cancel, build);
  }
  build.diagnostics = without(without(build.diagnostics, folder), contracts_.path());
  build.wall_ms = monotonic_ms() - start_ms;
  return build;
}

/// False when stock clang must be asked.
bool Compiler::compile_resident(const std::vector<Unit>& units, ResidentCompiler& resident,
                                int slot, const CancelToken* cancel, Build& build) const {
  using Answer = ResidentCompiler::Answer;
  resident.show_contracts(level_shown_);
  for (const Unit& unit : units) {
    const auto answer = resident.compile(slot, unit.path, unit.source->text, unit.object, cancel);
    if (!answer) return false;
    build.diagnostics += without(answer->diagnostics, resident.contracts_folder());
    switch (answer->result) {
      case Answer::Result::kCompiled:
        break;
      case Answer::Result::kRefused:
        build.result = Build::Result::kRefused;
        break;
      case Answer::Result::kLimit:
        build.result = Build::Result::kLimit;
        return true;
      case Answer::Result::kCancelled:
        build.result = Build::Result::kCancelled;
        return true;
    }
  }
  return true;
}

void Compiler::run_script(const std::string& script, const fs::path& output,
                          const CancelToken* cancel, Build& build) const {
  Command command;
  command.argv = {"/bin/sh", "-c", script};
  command.limits = purpose_.limits;
  SandboxPolicy policy = this->policy();
  policy.binds.push_back({output, output, /*writable=*/true});
  const SandboxedCommand inside = sandboxed(std::move(command), policy, sandbox_);
  const RunEnd end =
      run_bounded(inside.command, purpose_.wall_ms_max, kDiagnosticsBytesMax, cancel);
  build.diagnostics = end.output;
  switch (end.reason) {
    case RunEnd::Reason::kExited:
      build.result = end.exit_status == 0 ? Build::Result::kBuilt : Build::Result::kRefused;
      break;
    case RunEnd::Reason::kCancelled:
      build.result = Build::Result::kCancelled;
      break;
    case RunEnd::Reason::kSignalled:
    case RunEnd::Reason::kWallLimit:
    case RunEnd::Reason::kOutputLimit:
      build.result = Build::Result::kLimit;
      break;
  }
}

/// All at once, their messages in the order of the units.
std::string Compiler::compile_script(const std::vector<Unit>& units,
                                     Instrumentation instrumentation) const {
  const bool address = instrumentation == Instrumentation::kAddressSanitizer;
  const std::string clang = shell_quoted(installation_.clang.string()) + " @" +
                            shell_quoted((scratch_ / "compile.arguments").string()) +
                            (address ? " -fsanitize=address -g1" : "");
  const std::string nvcc = shell_words(purpose_.device_command);
  std::string starts = "failed=0\n";
  std::string waits;
  for (const Unit& unit : units) {
    const std::string log = shell_quoted(unit.object.string() + ".log");
    const std::string job = std::to_string(&unit - units.data());
    const bool device = !nvcc.empty() && unit.path.extension() == kDeviceSource;
    starts += (device ? nvcc : clang) + " " + shell_quoted(unit.path.string()) + " -o " +
              shell_quoted(unit.object.string()) + " >" + log + " 2>&1 & job" + job + "=$!\n";
    waits += "wait $job" + job + "; status" + job + "=$?; cat " + log + "; [ $status" + job +
             " -eq 0 ] || failed=$status" + job + "\n";
  }
  return starts + waits + "[ $failed -eq 0 ] || exit $failed\n";
}

std::string Compiler::link_script(const std::vector<Unit>& units, const Build& build) const {
  const std::string outcome =
      shell_quoted((scratch_ / "exports").string()) + " -o " + shell_quoted(build.library.string());
  std::string script =
      purpose_.device_linker.empty()
          ? "exec " + shell_quoted(installation_.mold.string()) + " -shared --version-script="
          : "exec " + shell_words(purpose_.device_linker) + " -Wl,--version-script=";
  script += outcome;
  for (const Unit& unit : units) script += " " + shell_quoted(unit.object.string());
  return script + (purpose_.device_linker.empty() ? "\n" : " -lcudart_static\n");
}

SandboxPolicy Compiler::policy() const {
  SandboxPolicy policy;
  policy.read_only = installation_.libtorch_include;
  policy.read_only.insert(policy.read_only.end(), purpose_.read_only.begin(),
                          purpose_.read_only.end());
  policy.read_only.push_back(scratch_);
  policy.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TMPDIR=/tmp"};
  return policy;
}

}  // namespace unaided
