#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace unaided {

/// One NVIDIA card as CUDA sees it. What the driver does not tell is -1.
struct Gpu {
  int index = 0;     // CUDA's: the N of --device cuda:N
  std::string name;  // "NVIDIA GeForce RTX 4090"
  std::string bus;   // "0000:01:00.0"
  int capability_major = 0;
  int capability_minor = 0;
  int multiprocessors = -1;
  std::int64_t memory_bytes = -1;
  std::int64_t l2_bytes = -1;
  // At the moment of asking, from NVML.
  int clock_mhz = -1;
  int clock_mhz_max = -1;
  int memory_clock_mhz = -1;
  int temperature_c = -1;

  std::string architecture() const;  // "sm_90"
};

/// Where a survey looks; tests put a root of their own and fake libraries there.
struct GpuPlaces {
  std::filesystem::path root = "/";  // of /proc, /dev and /sys
  std::string libcuda = "libcuda.so.1";
  std::string libnvml = "libnvidia-ml.so.1";
};

/// What there is of NVIDIA's cards and driver on this machine.
struct GpuSurvey {
  std::string driver;             // "580.95.05"; empty when its kernel module is not loaded
  std::string cuda;               // the newest CUDA that the driver runs, "13.0"; empty: unknown
  std::filesystem::path library;  // libcuda's file; empty when it cannot be opened
  std::vector<std::filesystem::path> nodes;  // the device nodes that CUDA opens
  std::vector<Gpu> gpus;                     // in CUDA's order
  std::string absence;  // one sentence, why nothing can be computed; empty when it can
};

/// Asks the kernel's files, then libcuda and NVML, which are opened at run time. Never throws for
/// what a machine lacks: that is `absence`.
GpuSurvey survey_gpus(const GpuPlaces& places = {});

/// The card that CUDA has under `index`. Throws Fault with the survey's cause, or with the cards
/// that there are.
const Gpu& require_gpu(const GpuSurvey& survey, int index);

/// The number N of "cuda" (0) or "cuda:N". Throws Fault for anything else.
int cuda_index(const std::string& device);

void to_json(nlohmann::json& json, const GpuSurvey& survey);

}  // namespace unaided
