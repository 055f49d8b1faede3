#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

class ScalingTrainer : public Trainer {
 public:
  ScalingTrainer(Model& model, Optimizer& optimizer, const TrainerOptions& options)
      : model_(model),
        optimizer_(optimizer),
        options_(options),
        scaler_{options.initial_scale, 0} {}

  StepReport step(const Batch& batch) override {
    optimizer_.zero_grad();
    StepReport report;
    report.scale = scaler_.scale;
    report.loss = backward(batch);  // leaves unscaled gradients behind

    const torch::NoGradGuard no_grad;
    const std::vector<torch::Tensor> gradients = defined_gradients();
    const bool finite = std::all_of(gradients.begin(), gradients.end(), [](const torch::Tensor& g) {
      return torch::isfinite(g).all().item<bool>();
    });
    if (!finite) {
      report.norm = std::numeric_limits<double>::infinity();
      scaler_ = {std::max(scaler_.scale / 2, options_.min_scale), 0};
      return report;
    }

    report.norm = norm(gradients);
    const double factor = options_.max_norm / (report.norm + 1e-6);
    if (factor < 1) {
      for (torch::Tensor g : gradients) g.mul_(factor);
    }
    optimizer_.step();
    report.stepped = true;
    if (++scaler_.good_steps >= options_.growth_interval) {
      scaler_ = {std::min(2 * scaler_.scale, options_.max_scale), 0};
    }
    return report;
  }

  ScalerState scaler() const override { return scaler_; }
  void set_scaler(const ScalerState& state) override { scaler_ = state; }

 private:
  /// Forward, loss and scaled backward; parameters reached get their gradient / scale. Returns the
  /// loss, not scaled.
  double backward(const Batch& batch) {
    const torch::AutoGradMode record(true);
    const torch::Tensor outputs = model_.forward(batch.inputs);
    const torch::Tensor loss =
        (outputs.to(batch.targets.scalar_type()) - batch.targets).square().mean();

    std::vector<torch::Tensor> trained;
    for (const torch::Tensor& p : optimizer_.parameters()) {
      if (p.requires_grad()) trained.push_back(p);
    }
    // d(scale · loss) is a backward that starts with scale instead of 1: the scaled loss itself,
    // which may overflow, is never needed. grad() leaves all other leaves (the batch) alone.
    const std::vector<torch::Tensor> scaled =
        torch::autograd::grad({loss}, trained, {torch::full_like(loss, scaler_.scale)},
                              /*retain_graph=*/false, /*create_graph=*/false,
                              /*allow_unused=*/true);

    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < trained.size(); ++i) {
      // A new tensor: what autograd hands out may share memory with something else.
      if (scaled[i].defined()) trained[i].mutable_grad() = scaled[i].div(scaler_.scale);
    }
    return loss.item<double>();
  }

  std::vector<torch::Tensor> defined_gradients() const {
    std::vector<torch::Tensor> gradients;
    for (const torch::Tensor& p : optimizer_.parameters()) {
      if (p.grad().defined()) gradients.push_back(p.grad());
    }
    return gradients;
  }

  static double norm(const std::vector<torch::Tensor>& gradients) {
    double squares = 0;
    for (const torch::Tensor& g : gradients) {
      squares += g.to(torch::kFloat64).square().sum().item<double>();
    }
    return std::sqrt(squares);
  }

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

// The file, all numbers little-endian:
//   magic (8 bytes)  version u32  size of the whole file u64
//   scale f64  good_steps i64
//   twice, parameters and state: count u64, then per tensor
//     dtype i32  dimensions u64  sizes i64…  elements, row by row
//   CRC-64 of all bytes before it
constexpr std::string_view kMagic = "KATACKPT";
constexpr std::size_t kPreamble = 8 + sizeof(std::uint32_t);
constexpr std::size_t kHeader = kPreamble + sizeof(std::uint64_t);
constexpr std::size_t kChecksum = sizeof(std::uint64_t);

using Reason = CheckpointError::Reason;

[[noreturn]] void fail(Reason reason, const std::string& name, const std::string& why) {
  throw CheckpointError(reason, "checkpoint \"" + name + "\": " + why);
}

/// CRC-64/XZ.
std::uint64_t checksum(std::string_view bytes) {
  static const std::array<std::uint64_t, 256> table = [] {
    std::array<std::uint64_t, 256> t{};
    for (std::uint64_t i = 0; i < t.size(); ++i) {
      std::uint64_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xC96C5795D7870F42ull : 0);
      t[i] = crc;
    }
    return t;
  }();
  std::uint64_t crc = ~std::uint64_t{0};
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

template <typename T>
void put(std::string& out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

template <typename T>
T get(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// The same memory as integers: copies move bits, whatever they mean, and no autograd looks on.
torch::Tensor as_bits(const torch::Tensor& tensor) {
  const auto integer = [&] {
    switch (tensor.element_size()) {
      case 1:
        return torch::kUInt8;
      case 2:
        return torch::kInt16;
      case 4:
        return torch::kInt32;
      case 8:
        return torch::kInt64;
      default:
        throw std::invalid_argument("checkpoint: unsupported dtype");
    }
  }();
  return tensor.detach().view(integer);
}

void put_tensors(std::string& out, const std::vector<torch::Tensor>& tensors) {
  put<std::uint64_t>(out, tensors.size());
  for (const torch::Tensor& tensor : tensors) {
    put<std::int32_t>(out, static_cast<std::int32_t>(tensor.scalar_type()));
    put<std::uint64_t>(out, static_cast<std::uint64_t>(tensor.dim()));
    for (const std::int64_t size : tensor.sizes()) put<std::int64_t>(out, size);
    if (tensor.numel() == 0) continue;
    const torch::Tensor bits = as_bits(tensor).contiguous();
    out.append(static_cast<const char*>(bits.const_data_ptr()), bits.nbytes());
  }
}

std::string encode(const Optimizer& optimizer, const Trainer& trainer) {
  std::string out(kMagic);
  put<std::uint32_t>(out, kCheckpointVersion);
  put<std::uint64_t>(out, 0);  // the size, once it is known
  const ScalerState scaler = trainer.scaler();
  put<double>(out, scaler.scale);
  put<std::int64_t>(out, scaler.good_steps);
  put_tensors(out, optimizer.parameters());
  put_tensors(out, optimizer.state());
  const std::uint64_t size = out.size() + kChecksum;
  std::memcpy(out.data() + kPreamble, &size, sizeof(size));
  put<std::uint64_t>(out, checksum(out));
  return out;
}

/// Throws unless the file is, byte for byte, one that encode() made.
void check_whole(const std::string& name, std::string_view file) {
  if (file.substr(0, kMagic.size()) != kMagic.substr(0, file.size())) {
    fail(Reason::kForeign, name, "not a checkpoint");
  }
  if (file.size() >= kPreamble &&
      get<std::uint32_t>(file.substr(kMagic.size())) != kCheckpointVersion) {
    fail(Reason::kVersion, name, "unknown version");
  }
  if (file.size() < kHeader + kChecksum) fail(Reason::kDamaged, name, "cut off");
  if (get<std::uint64_t>(file.substr(kPreamble)) != file.size()) {
    fail(Reason::kDamaged, name, "wrong size");
  }
  const std::size_t end = file.size() - kChecksum;
  if (get<std::uint64_t>(file.substr(end)) != checksum(file.substr(0, end))) {
    fail(Reason::kDamaged, name, "wrong checksum");
  }
}

/// Reads what lies between header and checksum, never past its end.
class Reader {
 public:
  Reader(const std::string& name, std::string_view bytes) : name_(name), bytes_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) fail(Reason::kDamaged, name_, "ends too early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  template <typename T>
  T number() {
    return get<T>(take(sizeof(T)));
  }

  void expect_end() const {
    if (!bytes_.empty()) fail(Reason::kDamaged, name_, "goes on after its end");
  }

 private:
  const std::string& name_;
  std::string_view bytes_;
};

struct Change {
  torch::Tensor to, from;
};

/// Appends what has to be copied where; nothing is changed yet.
void stage_tensors(Reader& reader, const std::string& name,
                   const std::vector<torch::Tensor>& tensors, std::vector<Change>& changes) {
  if (reader.number<std::uint64_t>() != tensors.size()) {
    fail(Reason::kMismatch, name, "another number of tensors");
  }
  for (const torch::Tensor& tensor : tensors) {
    bool same = reader.number<std::int32_t>() == static_cast<std::int32_t>(tensor.scalar_type());
    same = reader.number<std::uint64_t>() == static_cast<std::uint64_t>(tensor.dim()) && same;
    // Sizes are compared one by one, so that nothing is ever allocated by a number from the file.
    for (std::int64_t d = 0; same && d < tensor.dim(); ++d) {
      same = reader.number<std::int64_t>() == tensor.size(d);
    }
    if (!same) fail(Reason::kMismatch, name, "a tensor of another shape or dtype");
    if (tensor.numel() == 0) continue;

    const torch::Tensor to = as_bits(tensor);
    const std::string_view bytes = reader.take(to.nbytes());
    const torch::Tensor from = torch::empty(to.sizes(), to.scalar_type());
    std::memcpy(from.mutable_data_ptr(), bytes.data(), bytes.size());
    changes.push_back({to, from});
  }
}

}  // namespace

void save_checkpoint(Disk& disk, const std::string& name, const Optimizer& optimizer,
                     const Trainer& trainer) {
  const std::string bytes = encode(optimizer, trainer);
  const std::string temporary = name + ".checkpoint-being-written";
  try {                            // A crash after this line leaves …
    disk.write(temporary, bytes);  // the old file; next to it nothing, or anything
    disk.sync(temporary);          // the old file; next to it nothing, or the new one
    disk.rename(temporary, name);  // the old file or the new one, whose bytes are safe
    disk.sync_names();             // the new one
  } catch (const DiskError&) {
    try {
      disk.remove(temporary);  // a full disk can use the room
    } catch (const DiskError&) {
      // The next save overwrites it.
    }
    throw;
  }
}

void load_checkpoint(const Disk& disk, const std::string& name, Optimizer& optimizer,
                     Trainer& trainer) {
  const std::optional<std::string> file = disk.read(name);
  if (!file) fail(Reason::kMissing, name, "no such file");
  check_whole(name, *file);

  const std::string_view body(file->data() + kHeader, file->size() - kHeader - kChecksum);
  Reader reader(name, body);
  ScalerState scaler;
  scaler.scale = reader.number<double>();
  scaler.good_steps = reader.number<std::int64_t>();
  std::vector<Change> changes;
  stage_tensors(reader, name, optimizer.parameters(), changes);
  stage_tensors(reader, name, optimizer.state(), changes);
  reader.expect_end();

  for (Change& change : changes) change.to.copy_(change.from);
  trainer.set_scaler(scaler);
}

}  // namespace kata
