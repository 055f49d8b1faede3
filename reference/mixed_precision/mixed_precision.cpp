#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

/// The gradients that this step is about: frozen and unused parameters have none.
std::vector<torch::Tensor> gradients_of(const Optimizer& optimizer) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : optimizer.parameters()) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

/// The length of all gradients together, as of one long vector. In float64 the squares of finite
/// float32 numbers cannot overflow, so it is finite exactly where all elements are.
double norm_of(const std::vector<torch::Tensor>& gradients) {
  double squares = 0;
  for (const torch::Tensor& gradient : gradients) {
    squares += gradient.to(torch::kFloat64).square().sum().item<double>();
  }
  return std::sqrt(squares);
}

class ScalingTrainer final : public Trainer {
 public:
  ScalingTrainer(Model& model, Optimizer& optimizer, const TrainerOptions& options)
      : model_(model),
        optimizer_(optimizer),
        options_(options),
        scaler_{options.initial_scale, 0} {}

  StepReport step(const Batch& batch) override {
    StepReport report;
    report.scale = scaler_.scale;
    report.loss = backward(batch);

    const std::vector<torch::Tensor> gradients = gradients_of(optimizer_);
    for (torch::Tensor gradient : gradients) gradient.div_(report.scale);  // before all else
    report.norm = norm_of(gradients);
    report.stepped = std::isfinite(report.norm);
    if (report.stepped) {
      const double coefficient = std::min(1.0, options_.max_norm / (report.norm + 1e-6));
      for (torch::Tensor gradient : gradients) gradient.mul_(coefficient);
      optimizer_.step();
    }
    report.stepped ? count_good_step() : back_off();
    return report;
  }

  ScalerState scaler() const override { return scaler_; }
  void set_scaler(const ScalerState& state) override { scaler_ = state; }

 private:
  /// Leaves scaled gradients, and returns the loss as it is.
  double backward(const Batch& batch) {
    optimizer_.zero_grad();  // backward() adds to what is there
    const torch::Tensor outputs = model_.forward(batch.inputs);
    const torch::Tensor wide = outputs.to(batch.targets.scalar_type());  // 300² is no float16
    const torch::Tensor loss = (wide - batch.targets).square().mean();
    (loss * scaler_.scale).backward();  // the product may be infinite; its gradients need not be
    return loss.item<double>();
  }

  void count_good_step() {
    if (++scaler_.good_steps < options_.growth_interval) return;
    scaler_ = {std::min(2 * scaler_.scale, options_.max_scale), 0};
  }

  void back_off() { scaler_ = {std::max(scaler_.scale / 2, options_.min_scale), 0}; }

  Model& model_;
  Optimizer& optimizer_;
  TrainerOptions options_;
  ScalerState scaler_;
};

}  // namespace

std::unique_ptr<Trainer> make_trainer(Model& model, Optimizer& optimizer,
                                      const TrainerOptions& options) {
  return std::make_unique<ScalingTrainer>(model, optimizer, options);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

// A checkpoint:
//   "KATACKPT"  version (4)  scale (8)  good_steps (8)  tensors  CRC-32 of all before (4)
// tensors, first the parameters, then the state:  count (8), and for each
//   dtype (8)  dimensions (8)  sizes (8 each)  its elements in row order

constexpr std::string_view kMagic = "KATACKPT";
using Reason = CheckpointError::Reason;

std::uint32_t crc32(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < entries.size(); ++i) {
      entries[i] = i;
      for (int bit = 0; bit < 8; ++bit) {
        entries[i] = (entries[i] >> 1) ^ ((entries[i] & 1) != 0 ? 0xedb88320U : 0);
      }
    }
    return entries;
  }();
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

template <typename T>
void put(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_tensors(std::string& bytes, const std::vector<torch::Tensor>& tensors) {
  put<std::int64_t>(bytes, static_cast<std::int64_t>(tensors.size()));
  for (const torch::Tensor& tensor : tensors) {
    put<std::int64_t>(bytes, static_cast<std::int64_t>(tensor.scalar_type()));
    put<std::int64_t>(bytes, tensor.dim());
    for (const std::int64_t size : tensor.sizes()) put(bytes, size);
    const torch::Tensor row = tensor.detach().contiguous();  // else data_ptr() skips or repeats
    if (row.numel() > 0) bytes.append(static_cast<const char*>(row.const_data_ptr()), row.nbytes());
  }
}

std::string encode(const Optimizer& optimizer, const Trainer& trainer) {
  const ScalerState scaler = trainer.scaler();
  std::string bytes(kMagic);
  put(bytes, kCheckpointVersion);
  put(bytes, scaler.scale);
  put(bytes, scaler.good_steps);
  put_tensors(bytes, optimizer.parameters());
  put_tensors(bytes, optimizer.state());
  put(bytes, crc32(bytes));
  return bytes;
}

/// The payload of a file whose header and checksum are right.
std::string_view validated(std::string_view file, const std::string& name) {
  constexpr std::size_t kVersionEnd = kMagic.size() + sizeof kCheckpointVersion;
  if (file.substr(0, kMagic.size()) != kMagic.substr(0, file.size())) {
    throw CheckpointError(Reason::kForeign, name + " is no checkpoint");
  }
  if (file.size() < kVersionEnd) throw CheckpointError(Reason::kDamaged, name + " is cut off");

  // Before the checksum: another version may have another one, at another place.
  std::uint32_t version = 0;
  std::memcpy(&version, file.data() + kMagic.size(), sizeof version);
  if (version != kCheckpointVersion) {
    throw CheckpointError(Reason::kVersion, name + " has version " + std::to_string(version) +
                                                ", expected " + std::to_string(kCheckpointVersion));
  }
  std::uint32_t sum = 0;
  if (file.size() < kVersionEnd + sizeof sum) {
    throw CheckpointError(Reason::kDamaged, name + " is cut off");
  }
  const std::string_view summed = file.substr(0, file.size() - sizeof sum);
  std::memcpy(&sum, file.data() + summed.size(), sizeof sum);
  if (sum != crc32(summed)) {
    throw CheckpointError(Reason::kDamaged, name + " is damaged: its checksum is wrong");
  }
  return summed.substr(kVersionEnd);
}

/// Takes values off the front. The checksum was right, so this is what encode() wrote.
class Reader {
 public:
  Reader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw CheckpointError(Reason::kDamaged, name_ + " is too short");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  template <typename T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  /// Copies of what the tensors shall become; theirs are the only forms that are accepted.
  std::vector<torch::Tensor> get_like(const std::vector<torch::Tensor>& tensors) {
    require_equal(static_cast<std::int64_t>(tensors.size()));
    std::vector<torch::Tensor> values;
    for (const torch::Tensor& tensor : tensors) {
      require_equal(static_cast<std::int64_t>(tensor.scalar_type()));
      require_equal(tensor.dim());
      for (const std::int64_t size : tensor.sizes()) require_equal(size);
      torch::Tensor row = torch::empty(tensor.sizes(), tensor.scalar_type());
      const std::string_view elements = take(row.nbytes());
      if (!elements.empty()) std::memcpy(row.data_ptr(), elements.data(), elements.size());
      values.push_back(row);
    }
    return values;
  }

 private:
  void require_equal(std::int64_t of_the_run) {
    if (get<std::int64_t>() == of_the_run) return;
    throw CheckpointError(Reason::kMismatch, name_ + " is of a run with other tensors");
  }

  std::string_view bytes_;
  const std::string& name_;
};

void assign(const std::vector<torch::Tensor>& tensors, const std::vector<torch::Tensor>& values) {
  const torch::NoGradGuard no_grad;  // a leaf may change in place only where nothing records
  for (std::size_t i = 0; i < tensors.size(); ++i) torch::Tensor(tensors[i]).copy_(values[i]);
}

}  // namespace

void save_checkpoint(Disk& disk, const std::string& name, const Optimizer& optimizer,
                     const Trainer& trainer) {
  const std::string temporary = name + ".tmp";
  disk.write(temporary, encode(optimizer, trainer));  // a crash here: `name` was not touched
  disk.sync(temporary);                               // contents first, or the name is of nothing
  disk.rename(temporary, name);                       // old or new, nothing between
  disk.sync_names();                                  // until here a crash may still mean old
}

void load_checkpoint(const Disk& disk, const std::string& name, Optimizer& optimizer,
                     Trainer& trainer) {
  const std::optional<std::string> file = disk.read(name);
  if (!file) throw CheckpointError(Reason::kMissing, "there is no file " + name);
  Reader reader(validated(*file, name), name);
  const ScalerState scaler{reader.get<double>(), reader.get<std::int64_t>()};
  const std::vector<torch::Tensor> parameters = optimizer.parameters(), state = optimizer.state();
  const std::vector<torch::Tensor> new_parameters = reader.get_like(parameters);
  const std::vector<torch::Tensor> new_state = reader.get_like(state);

  assign(parameters, new_parameters);  // from here on nothing fails
  assign(state, new_state);
  trainer.set_scaler(scaler);
}

}  // namespace kata
