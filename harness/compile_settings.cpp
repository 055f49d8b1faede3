#include "compile_settings.h"

#include <fmt/format.h>

#include <sstream>

namespace unaided {

namespace fs = std::filesystem;

namespace {

/// What an attempt may use without naming it, as harness/attempt_headers/cuda.h has it.
constexpr const char* kStandardHeaders[] = {
    "algorithm", "array",     "cassert", "cfloat",      "climits",    "cmath",
    "cstddef",   "cstdint",   "cstdio",  "cstring",     "functional", "limits",
    "numeric",   "stdexcept", "string",  "type_traits", "utility",    "vector"};

}  // namespace

std::vector<std::string> compile_arguments(const Installation& installation) {
  std::vector<std::string> arguments{"-std=c++20", "-O0", "-fPIC"};
  for (const fs::path& folder : installation.libtorch_include) {
    arguments.insert(arguments.end(), {"-isystem", folder.string()});
  }
  return arguments;
}

std::vector<std::string> attempt_arguments(const Installation& installation,
                                           const fs::path& contracts) {
  std::vector<std::string> arguments = compile_arguments(installation);
  const std::vector<std::string> rest{"-x",
                                      "c++",  // also what is called .cu
                                      "-Wno-everything",
                                      "-Werror=return-type",
                                      "-ferror-limit=20",
                                      "-ftemplate-backtrace-limit=1",
                                      "-fno-color-diagnostics",
                                      "-fno-crash-diagnostics",  // files of 12 MB in /tmp
                                      "-I",
                                      contracts.string()};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return arguments;
}

std::vector<std::string> timed_attempt_arguments(const Installation& installation,
                                                 const fs::path& contracts) {
  std::vector<std::string> arguments = attempt_arguments(installation, contracts);
  std::istringstream flags(kTimedFlags);
  for (std::string flag; flags >> flag;) arguments.push_back(flag);  // the last -O holds
  return arguments;
}

std::vector<std::string> device_command(const Installation& installation,
                                        const DeviceCompiler& compiler, const fs::path& contracts) {
  std::vector<std::string> command{compiler.toolkit.nvcc.string(),
                                   "-std=c++20",
                                   "-O3",
                                   "-lineinfo",
                                   "-w",
                                   "-Xcudafe",
                                   "--diag_error=940",  // a function that returns nothing
                                   "-ccbin",
                                   installation.clang.string(),
                                   "-Xcompiler",
                                   "-fPIC",
                                   "-I",
                                   contracts.string(),
                                   "-c"};
  for (const char* header : kStandardHeaders) command.insert(command.end(), {"-include", header});
  for (const std::string& architecture : compiler.architectures) {
    command.insert(command.end(),
                   {"-gencode", "arch=compute_" + architecture + ",code=sm_" + architecture});
  }
  return command;
}

std::vector<std::string> device_linker(const Installation& installation,
                                       const CudaToolkit& toolkit) {
  std::vector<std::string> linker{installation.clang.string(), "-shared", "-fuse-ld=mold",
                                  "-Wl,--exclude-libs,ALL"};
  for (const char* folder : {"lib", "lib64", "targets/x86_64-linux/lib"}) {
    linker.push_back("-L" + (toolkit.folder / folder).string());
  }
  return linker;
}

std::string device_exports(const std::string& exports) {
  std::string extended = exports;
  return extended.insert(extended.find("local:"),
                         std::string(kStartCuda) + "; " + kCudaError + "; ");
}

std::string device_companion() {
  return fmt::format(R"(extern "C" {{
int cudaFree(void*);
int cudaGetLastError();
const char* cudaGetErrorString(int);
int {}() {{ return cudaFree(nullptr); }}
const char* {}() {{
  const int error = cudaGetLastError();
  return error == 0 ? nullptr : cudaGetErrorString(error);
}}
}}
)",
                     kStartCuda, kCudaError);
}

}  // namespace unaided
