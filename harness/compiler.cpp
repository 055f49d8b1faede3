// From a snapshot's text to a shared object. Clang and the linker run together in one sandbox per
// attempt; what makes them fast is the header cache.
#include "compiler.h"

#include "text_file.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr int kCompileWallMsMax = 30'000;
constexpr std::size_t kDiagnosticsBytesMax = std::size_t{1} << 20;
constexpr ResourceLimits kCompileLimits{.cpu_s = 25, .address_space_mb = 4096, .file_mb = 128};

/// Attempts may define namespace kata, and try.cpp main; all else stays inside the object, so that
/// nothing in it can take the place of a function of the checks.
constexpr const char* kExports = "{ global: extern \"C++\" { kata::*; }; main; local: *; };\n";

/// Response files take quoted words; paths may hold spaces.
std::string response_file(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += "\"" + argument + "\"\n";
  return text;
}

}  // namespace

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Compiler::Compiler(const Installation& installation, const HeaderCache& headers,
                   const fs::path& scratch, const std::vector<fs::path>& contracts, bool sandbox)
    : installation_(installation), headers_(headers), scratch_(scratch), sandbox_(sandbox) {
  fs::create_directories(scratch_ / "contracts");
  for (const fs::path& contract : contracts) {
    fs::copy_file(contract, scratch_ / "contracts" / contract.filename(),
                  fs::copy_options::overwrite_existing);
  }
  std::vector<std::string> arguments = compile_arguments(installation);
  const std::vector<std::string> rest{"-Wno-everything",
                                      "-Werror=return-type",
                                      "-ferror-limit=20",
                                      "-ftemplate-backtrace-limit=1",
                                      "-fno-color-diagnostics",
                                      "-fno-crash-diagnostics",  // files of 12 MB in /tmp
                                      "-Xclang",
                                      "-fno-validate-pch",
                                      "-include-pch",
                                      headers_.header.string(),
                                      "-I",
                                      (scratch_ / "contracts").string(),
                                      "-c"};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  write_text_file(scratch_ / "compile.arguments", response_file(arguments));
  write_text_file(scratch_ / "exports", kExports);
}

SandboxPolicy Compiler::policy() const {
  SandboxPolicy policy;
  policy.read_only = installation_.libtorch_include;
  policy.read_only.push_back(headers_.folder);
  policy.read_only.push_back(scratch_);
  policy.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TMPDIR=/tmp"};
  return policy;
}

std::string Compiler::script(const std::vector<Source>& sources, const fs::path& folder,
                             const Build& build, Instrumentation instrumentation) const {
  const bool address = instrumentation == Instrumentation::kAddressSanitizer;
  const std::string clang = shell_quoted(installation_.clang.string()) + " @" +
                            shell_quoted((scratch_ / "compile.arguments").string()) +
                            (address ? " -fsanitize=address -g1" : "");
  std::string script;
  std::string waits;
  std::string objects;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const fs::path object =
        i == 0 ? build.object : fs::path(build.object.string() + std::to_string(i));
    const std::string log = shell_quoted(object.string() + ".log");
    const std::string job = std::to_string(i);
    script += clang + " " + shell_quoted((folder / sources[i].name).string()) + " -o " +
              shell_quoted(object.string()) + " >" + log + " 2>&1 & job" + job + "=$!\n";
    waits += "wait $job" + job + "; status" + job + "=$?; cat " + log + "; [ $status" + job +
             " -eq 0 ] || failed=$status" + job + "\n";
    objects += " " + shell_quoted(object.string());
  }
  return "failed=0\n" + script + waits + "[ $failed -eq 0 ] || exit $failed\nexec " +
         shell_quoted(installation_.mold.string()) +
         " -shared --version-script=" + shell_quoted((scratch_ / "exports").string()) + " -o " +
         shell_quoted(build.library.string()) + objects + "\n";
}

Build Compiler::build(const std::vector<Source>& sources, Instrumentation instrumentation,
                      const CancelToken* cancel) {
  ++count_;
  if (count_ > 2) fs::remove_all(scratch_ / std::to_string(count_ - 2));
  const fs::path folder = scratch_ / std::to_string(count_);
  const fs::path output = folder / "out";
  fs::create_directories(output);
  for (const Source& source : sources) write_text_file(folder / source.name, source.text);

  Build build;
  build.folder = folder;
  build.object = output / "attempt.o";
  build.library = output / "attempt.so";
  Command command;
  command.argv = {"/bin/sh", "-c", script(sources, folder, build, instrumentation)};
  command.limits = kCompileLimits;
  SandboxPolicy policy = this->policy();
  policy.binds.push_back({output, output, /*writable=*/true});
  const SandboxedCommand inside = sandboxed(std::move(command), policy, sandbox_);
  const RunEnd end = run_bounded(inside.command, kCompileWallMsMax, kDiagnosticsBytesMax, cancel);
  build.wall_ms = end.wall_ms;
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
  return build;
}

}  // namespace unaided
