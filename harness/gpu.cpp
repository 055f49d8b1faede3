// Why a card cannot be used has many causes, from the slot up to the library; they are asked in
// that order, so that the first one that holds is the one to mend.
#include "gpu.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "fault.h"
#include "gpu_driver.h"
#include "process.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kVendor = "0x10de";
constexpr const char* kDisplayClass = "0x03";
constexpr const char* kControlNode = "nvidiactl";
constexpr const char* kMemoryNode = "nvidia-uvm";
constexpr const char* kWslNode = "dxg";

std::string first_word(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  stream >> word;
  return word;
}

/// Of "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue …", the number.
std::string kernel_driver(const fs::path& root) {
  std::ifstream stream(root / "proc/driver/nvidia/version");
  std::string line;
  std::getline(stream, line);
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const bool number = word.find_first_not_of("0123456789.") == std::string::npos;
    if (number && word.find('.') != std::string::npos) return word;
  }
  return {};
}

/// The slot of a card of NVIDIA's, whether a driver is loaded or not; empty when there is none.
std::string card_on_bus(const fs::path& root) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / "sys/bus/pci/devices", error)) {
    if (first_word(entry.path() / "vendor") == kVendor &&
        first_word(entry.path() / "class").starts_with(kDisplayClass)) {
      return entry.path().filename().string();
    }
  }
  return {};
}

bool is_node_of_cuda(const std::string& name) {
  constexpr std::string_view kCard = "nvidia";
  if (name == kControlNode || name == kWslNode || name.starts_with(kMemoryNode)) return true;
  return name.size() > kCard.size() && name.starts_with(kCard) &&
         name.find_first_not_of("0123456789", kCard.size()) == std::string::npos;
}

std::vector<fs::path> nodes_of_cuda(const fs::path& root) {
  std::vector<fs::path> nodes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / "dev", error)) {
    if (is_node_of_cuda(entry.path().filename().string())) nodes.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(root / "dev/nvidia-caps", error)) {
    nodes.push_back(entry.path());
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

bool has_node(const GpuSurvey& survey, const char* name) {
  return std::any_of(survey.nodes.begin(), survey.nodes.end(),
                     [&](const fs::path& node) { return node.filename() == name; });
}

/// The first node that this user cannot open, with the reason; empty when all can be opened.
std::string closed_node(const GpuSurvey& survey) {
  for (const fs::path& node : survey.nodes) {
    if (node.parent_path().filename() == "nvidia-caps") continue;  // of partitions; often root's
    const Descriptor opened(open(node.c_str(), O_RDWR | O_CLOEXEC));
    if (!opened) return fmt::format("cannot open {}: {}", node.string(), std::strerror(errno));
  }
  return {};
}

/// What is missing between the slot and the library; empty when nothing is.
std::string missing_below_library(const GpuSurvey& survey, const fs::path& root) {
  if (has_node(survey, kWslNode)) return {};  // Windows has the driver
  const std::string slot = card_on_bus(root);
  if (survey.driver.empty() && slot.empty()) return "there is no NVIDIA card in this machine";
  if (survey.driver.empty()) {
    return fmt::format(
        "an NVIDIA card is in slot {}, but its driver is not loaded: install the distribution's "
        "package (Debian: nvidia-driver) and restart",
        slot);
  }
  if (!has_node(survey, kControlNode)) {
    return fmt::format(
        "the driver {} is loaded, but /dev/{} is missing: start the container with its GPUs, or "
        "run nvidia-modprobe",
        survey.driver, kControlNode);
  }
  return closed_node(survey);
}

}  // namespace

std::string Gpu::architecture() const {
  return fmt::format("sm_{}{}", capability_major, capability_minor);
}

GpuSurvey survey_gpus(const GpuPlaces& places) {
  GpuSurvey survey;
  survey.driver = kernel_driver(places.root);
  survey.nodes = nodes_of_cuda(places.root);
  survey.absence = missing_below_library(survey, places.root);
  if (!survey.absence.empty()) return survey;
  DriverAnswer answer = ask_driver(places.libcuda, places.libnvml);
  survey.absence = std::move(answer.failure);
  survey.library = std::move(answer.library);
  survey.cuda = std::move(answer.cuda);
  survey.gpus = std::move(answer.gpus);
  return survey;
}

const Gpu& require_gpu(const GpuSurvey& survey, int index) {
  if (!survey.absence.empty()) throw Fault("no GPU: " + survey.absence);
  if (index >= 0 && index < static_cast<int>(survey.gpus.size())) return survey.gpus[index];
  std::string known;
  for (const Gpu& gpu : survey.gpus) known += fmt::format("\n  cuda:{} {}", gpu.index, gpu.name);
  throw Fault(fmt::format("there is no cuda:{}; the driver lists{}", index, known));
}

int cuda_index(const std::string& device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (device == "cuda") return 0;
  int index = -1;
  if (device.starts_with(kPrefix)) {
    const char* end = device.data() + device.size();
    const auto [rest, error] = std::from_chars(device.data() + kPrefix.size(), end, index);
    if (error == std::errc() && rest == end && index >= 0) return index;
  }
  throw Fault("'" + device + "' is no device: cuda, or cuda:N for the card of that number");
}

void to_json(json& json, const GpuSurvey& survey) {
  json = {{"driver", survey.driver},
          {"cuda", survey.cuda},
          {"absence", survey.absence},
          {"gpus", nlohmann::json::array()}};
  for (const Gpu& gpu : survey.gpus) {
    json["gpus"].push_back({{"index", gpu.index},
                            {"name", gpu.name},
                            {"bus", gpu.bus},
                            {"architecture", gpu.architecture()},
                            {"multiprocessors", gpu.multiprocessors},
                            {"memory_bytes", gpu.memory_bytes},
                            {"l2_bytes", gpu.l2_bytes},
                            {"clock_mhz", gpu.clock_mhz},
                            {"clock_mhz_max", gpu.clock_mhz_max},
                            {"memory_clock_mhz", gpu.memory_clock_mhz},
                            {"temperature_c", gpu.temperature_c}});
  }
}

}  // namespace unaided
