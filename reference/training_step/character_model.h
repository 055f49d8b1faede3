#pragma once

// A character model small enough to be trained in a second: eight characters of context, embedded,
// one hidden layer. Its text is katas/training_step/text.txt, put into this object when the checks
// are compiled, since a check can open no file.

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "level4.h"
#include "step_cases.h"
#include "support/random_tensors.h"

// The assembler looks for the file where the compiler looks for headers.
asm(R"(
  .pushsection .rodata
  .local training_step_text
  .local training_step_text_end
training_step_text:
  .incbin "text.txt"
training_step_text_end:
  .byte 0
  .popsection
)");

extern "C" {
extern const char training_step_text[] __attribute__((visibility("hidden")));
extern const char training_step_text_end[] __attribute__((visibility("hidden")));
}

namespace character_model {

constexpr std::int64_t kContext = 8, kWidth = 12, kHidden = 64;
constexpr double kLossMax = 1;

/// The text as ids of its characters, in order of their codes.
struct Text {
  std::vector<std::int64_t> ids;
  std::int64_t characters = 0;

  Text() {
    const std::string text(training_step_text, training_step_text_end);
    std::map<char, std::int64_t> known;
    for (const char c : text) known[c] = 0;
    for (auto& [c, id] : known) id = characters++;
    for (const char c : text) ids.push_back(known[c]);
  }

  /// `rows` places of the text: kContext characters, and the one that follows. Every seventh
  /// target does not count.
  kata::Batch batch(support::RandomTensors& random, std::int64_t rows) const {
    torch::Tensor inputs = torch::empty({rows, kContext}, torch::kInt64);
    torch::Tensor targets = torch::empty({rows}, torch::kInt64);
    const auto last = static_cast<std::int64_t>(ids.size()) - kContext - 1;
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t start = random.integer(0, last);
      for (std::int64_t c = 0; c <= kContext; ++c) {
        const std::int64_t id = ids[static_cast<std::size_t>(start + c)];
        if (c < kContext) inputs.data_ptr<std::int64_t>()[r * kContext + c] = id;
        if (c == kContext) targets.data_ptr<std::int64_t>()[r] = r % 7 == 6 ? -100 : id;
      }
    }
    return {inputs, targets};
  }
};

class Network : public kata::Model {
 public:
  Network(support::RandomTensors& random, std::int64_t characters) {
    const auto weight = [&](std::int64_t out, std::int64_t in, double size) {
      return step_cases::parameter(random.normal({out, in}) * size);
    };
    parameters = {weight(characters, kWidth, 0.5), weight(kHidden, kContext * kWidth, 0.1),
                  step_cases::parameter(torch::zeros({kHidden})), weight(characters, kHidden, 0.05),
                  step_cases::parameter(torch::zeros({characters}))};
  }

  torch::Tensor forward(const torch::Tensor& inputs) override {
    const std::int64_t rows = inputs.size(0);
    const torch::Tensor x =
        parameters[0].index_select(0, inputs.reshape({-1})).reshape({rows, kContext * kWidth});
    const torch::Tensor hidden = (torch::matmul(x, parameters[1].t()) + parameters[2]).clamp_min(0);
    return torch::matmul(hidden, parameters[3].t()) + parameters[4];
  }

  std::vector<torch::Tensor> parameters;
};

/// Trains with the attempt's trainer; the mean loss of the last 20 steps. Halfway the trainer is
/// put aside, and a new one goes on from its state.
inline double last_loss(support::RandomTensors& random) {
  constexpr int kSteps = 400;
  const Text text;
  Network network(random, text.characters), second(random, text.characters);
  const kata::TrainerOptions options{
      .adamw = {.weight_decay = 0.01}, .schedule = {20, kSteps, 1e-2, 1e-4}, .max_norm = 1};
  auto trainer = kata::make_trainer(network, network.parameters, options);
  double sum = 0;
  for (int step = 0; step < kSteps; ++step) {
    if (step == kSteps / 2) {
      const auto state = trainer->state();
      trainer = kata::make_trainer(second, second.parameters, options);
      trainer->load_state(state);
    }
    std::vector<kata::Batch> batches;
    for (int i = 0; i < 4; ++i) batches.push_back(text.batch(random, 24));
    const double loss = trainer->step(batches).loss;
    if (step >= kSteps - 20) sum += loss / 20;
  }
  return sum;
}

}  // namespace character_model
