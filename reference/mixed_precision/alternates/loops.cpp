// Plain loops over elements. Tensors only carry memory; autograd goes back from the outputs.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

/// The elements of a tensor in row order, as double.
std::vector<double> elements(const torch::Tensor& t) {
  const torch::Tensor row = t.detach().to(torch::kFloat64).contiguous();
  const double* first = row.const_data_ptr<double>();
  return std::vector<double>(first, first + row.numel());
}

/// A new tensor of this form with these elements.
torch::Tensor tensor_of(const std::vector<double>& values, torch::IntArrayRef sizes,
                        torch::ScalarType type) {
  torch::Tensor row = torch::empty(sizes, torch::kFloat64);
  for (size_t i = 0; i < values.size(); ++i) row.data_ptr<double>()[i] = values[i];
  return row.to(type);
}

struct LoopTrainer : Trainer {
  Model* model = nullptr;
  Optimizer* optimizer = nullptr;
  TrainerOptions options;
  ScalerState now;

  StepReport step(const Batch& batch) override {
    StepReport report;
    report.scale = now.scale;
    optimizer->zero_grad();
    {
      const torch::Tensor outputs = model->forward(batch.inputs);
      const auto y = elements(outputs), t = elements(batch.targets);
      std::vector<double> slope(y.size());
      double sum = 0;
      for (size_t i = 0; i < y.size(); ++i) {
        sum += (y[i] - t[i]) * (y[i] - t[i]);
        slope[i] = now.scale * (2 * (y[i] - t[i]) / double(y.size()));
      }
      report.loss = sum / double(y.size());
      if (batch.targets.scalar_type() == torch::kFloat32) report.loss = float(report.loss);
      outputs.backward(tensor_of(slope, outputs.sizes(), outputs.scalar_type()));
    }
    std::vector<torch::Tensor> parameters;
    for (const torch::Tensor& p : optimizer->parameters()) {
      if (p.grad().defined()) parameters.push_back(p);
    }
    double squares = 0;
    for (const torch::Tensor& p : parameters) {
      std::vector<double> g = elements(p.grad());
      for (double& each : g) {
        each /= now.scale;
        squares += each * each;
      }
      p.grad().detach().copy_(tensor_of(g, p.sizes(), p.scalar_type()));
    }
    report.norm = std::sqrt(squares);
    report.stepped = squares <= std::numeric_limits<double>::max();  // false for NaN
    if (report.stepped) {
      const double factor = options.max_norm / (report.norm + 1e-6);
      for (const torch::Tensor& p : parameters) {
        if (factor >= 1) continue;
        std::vector<double> g = elements(p.grad());
        for (double& each : g) each *= factor;
        p.grad().detach().copy_(tensor_of(g, p.sizes(), p.scalar_type()));
      }
      optimizer->step();
      now.good_steps++;
      if (now.good_steps >= options.growth_interval) {
        now.good_steps = 0;
        now.scale = now.scale * 2 > options.max_scale ? options.max_scale : now.scale * 2;
      }
    } else {
      now.good_steps = 0;
      now.scale = now.scale / 2 < options.min_scale ? options.min_scale : now.scale / 2;
    }
    return report;
  }

  ScalerState scaler() const override { return now; }
  void set_scaler(const ScalerState& state) override { now = state; }
};

std::unique_ptr<Trainer> make_trainer(Model& model, Optimizer& optimizer,
                                      const TrainerOptions& options) {
  auto trainer = std::make_unique<LoopTrainer>();
  trainer->model = &model;
  trainer->optimizer = &optimizer;
  trainer->options = options;
  trainer->now.scale = options.initial_scale;
  return trainer;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

// After the 12 bytes of the header all is text: hexadecimal words of 16 digits. The last one is a
// polynomial in all digits before, modulo 2^61 − 1.

struct Words {
  std::string text;

  void add(std::uint64_t word) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(word));
    text += digits;
  }

  void add(const std::vector<torch::Tensor>& tensors) {
    add(tensors.size());
    for (const torch::Tensor& t : tensors) {
      add(static_cast<std::uint64_t>(t.scalar_type()));
      add(static_cast<std::uint64_t>(t.dim()));
      for (const int64_t size : t.sizes()) add(static_cast<std::uint64_t>(size));
      const torch::Tensor row = t.detach().contiguous();
      const auto* bytes = static_cast<const unsigned char*>(row.const_data_ptr());
      const size_t count = row.nbytes();
      for (size_t i = 0; i < count; i += 8) {
        std::uint64_t word = 0;
        for (size_t b = 0; b < 8 && i + b < count; ++b) {
          word |= static_cast<std::uint64_t>(bytes[i + b]) << (8 * b);
        }
        add(word);
      }
    }
  }
};

std::uint64_t check_word(const std::string& text) {
  const std::uint64_t prime = (std::uint64_t{1} << 61) - 1;
  unsigned __int128 sum = 7;
  for (const char c : text) sum = (sum * 1000003 + static_cast<unsigned char>(c) + 1) % prime;
  return static_cast<std::uint64_t>(sum);
}

std::string version_bytes() {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(kCheckpointVersion >> (8 * i) & 255);
  return bytes;
}

void save_checkpoint(Disk& disk, const std::string& name, const Optimizer& optimizer,
                     const Trainer& trainer) {
  const ScalerState scaler = trainer.scaler();
  std::uint64_t scale_bits = 0;
  std::memcpy(&scale_bits, &scaler.scale, 8);
  Words words;
  words.add(scale_bits);
  words.add(static_cast<std::uint64_t>(scaler.good_steps));
  words.add(optimizer.parameters());
  words.add(optimizer.state());
  words.add(check_word(words.text));
  const std::string bytes = "KATACKPT" + version_bytes() + words.text;
  const std::string aside = name + ".0.partial";
  try {
    disk.write(aside, bytes);
    disk.sync(aside);
    if (disk.read(aside) != bytes) throw DiskError("what was written to " + name + " is not there");
    disk.sync_names();
    disk.rename(aside, name);
    disk.sync_names();
  } catch (const DiskError&) {
    try {
      disk.remove(aside);
    } catch (const DiskError&) {  // the first error says more
    }
    throw;
  }
}

void load_checkpoint(const Disk& disk, const std::string& name, Optimizer& optimizer,
                     Trainer& trainer) {
  using Reason = CheckpointError::Reason;
  const auto found = disk.read(name);
  if (!found) throw CheckpointError(Reason::kMissing, name + ": not found");
  const std::string& file = *found;
  const char magic[] = "KATACKPT";
  for (size_t i = 0; i < 8 && i < file.size(); ++i) {
    if (file[i] != magic[i]) throw CheckpointError(Reason::kForeign, name + ": foreign");
  }
  if (file.size() >= 12 && file.compare(8, 4, version_bytes()) != 0) {
    throw CheckpointError(Reason::kVersion, name + ": unknown version");
  }
  const CheckpointError damaged(Reason::kDamaged, name + ": damaged");
  if (file.size() < 12 + 16 || (file.size() - 12) % 16 != 0) throw damaged;
  std::vector<std::uint64_t> words;
  for (size_t i = 12; i < file.size(); i += 16) {
    std::uint64_t word = 0;
    for (size_t d = i; d < i + 16; ++d) {
      const char c = file[d];
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) throw damaged;
      word = word * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    words.push_back(word);
  }
  if (words.back() != check_word(file.substr(12, file.size() - 28))) throw damaged;
  words.pop_back();

  // The forms are compared on a first walk, the elements copied on a second.
  for (const bool copying : {false, true}) {
    size_t at = 2;
    const auto expect = [&](int64_t value) {
      if (at >= words.size() || words[at++] != static_cast<std::uint64_t>(value)) {
        throw CheckpointError(Reason::kMismatch, name + ": of another run");
      }
    };
    for (const auto& tensors : {optimizer.parameters(), optimizer.state()}) {
      expect(static_cast<int64_t>(tensors.size()));
      for (const torch::Tensor& t : tensors) {
        expect(static_cast<int64_t>(t.scalar_type()));
        expect(t.dim());
        for (const int64_t size : t.sizes()) expect(size);
        const torch::Tensor row = torch::empty(t.sizes(), t.scalar_type());
        auto* bytes = static_cast<unsigned char*>(row.data_ptr());
        for (size_t i = 0; copying && i < row.nbytes(); ++i) {
          bytes[i] = static_cast<unsigned char>(words[at + i / 8] >> (8 * (i % 8)) & 255);
        }
        if (copying) t.detach().copy_(row);
        at += (row.nbytes() + 7) / 8;
      }
    }
  }
  ScalerState scaler;
  std::memcpy(&scaler.scale, &words[0], 8);
  scaler.good_steps = static_cast<int64_t>(words[1]);
  trainer.set_scaler(scaler);
}

}  // namespace kata
