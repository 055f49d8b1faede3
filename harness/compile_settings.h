#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cuda_toolkit.h"
#include "installation.h"
#include "process.h"

namespace unaided {

/// What one compile of an attempt may take, whoever compiles it.
inline constexpr int kCompileWallMsMax = 30'000;
inline constexpr std::size_t kDiagnosticsBytesMax = 256 << 10;
inline constexpr ResourceLimits kCompileLimits{
    .cpu_s = 25, .address_space_mb = 4096, .file_mb = 128};
/// The same for code that is to be fast.
inline constexpr int kTimedCompileWallMsMax = 180'000;
inline constexpr ResourceLimits kTimedCompileLimits{
    .cpu_s = 170, .address_space_mb = 8192, .file_mb = 128};

/// What headers and attempts must be compiled with alike: language, code generation, include paths.
std::vector<std::string> compile_arguments(const Installation& installation);

/// compile_arguments() and what holds for attempts: which messages, and where contracts are.
std::vector<std::string> attempt_arguments(const Installation& installation,
                                           const std::filesystem::path& contracts);

/// How an attempt is compiled to be timed: as whoever writes fast code would, for this machine.
inline constexpr const char* kTimedFlags = "-O3 -march=native";

/// attempt_arguments() with kTimedFlags in place of what makes compiling fast.
std::vector<std::string> timed_attempt_arguments(const Installation& installation,
                                                 const std::filesystem::path& contracts);

/// What compiles .cu files, and the cards that it makes code for.
struct DeviceCompiler {
  CudaToolkit toolkit;
  std::vector<std::string> architectures;  // "86", "90a"
};

/// nvcc with all but the source and the object: optimised, with line numbers for the tools that
/// watch kernels, the host's part by the compiler of all attempts.
std::vector<std::string> device_command(const Installation& installation,
                                        const DeviceCompiler& compiler,
                                        const std::filesystem::path& contracts);

/// The linker of shared objects with what that made, less version script, objects and libraries.
/// The compiler's driver, since nvcc's code calls atexit, which only that links.
std::vector<std::string> device_linker(const Installation& installation,
                                       const CudaToolkit& toolkit);

/// What the worker calls in an attempt for a card, whose CUDA runtime is its own: to start that
/// runtime (the result is CUDA's), and what it noted last, or null.
inline constexpr const char* kStartCuda = "unaided_start_cuda";
inline constexpr const char* kCudaError = "unaided_cuda_error";

/// The C++ source of these two, to be linked with the attempt.
std::string device_companion();

/// The version script `exports` with these two.
std::string device_exports(const std::string& exports);

}  // namespace unaided
