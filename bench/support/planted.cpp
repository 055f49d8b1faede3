// The planted problem divides each row by the sum of its magnitudes and multiplies by a scale, so
// that the result depends on every element of the input.
#include "support/planted.h"

#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "support/input_sets.h"

namespace unaided::bench {

namespace {

constexpr std::int64_t kRows = 64;
constexpr std::int64_t kColumns = 8192;
constexpr double kErrorMax = 1e-5;              // relative to the largest element
constexpr std::int64_t kSampledEvery = 32'771;  // a cache that hashes all gains nothing
constexpr int kDeferredPieces = 16;

using Run = std::function<Tensors(const Problem&, const Tensors&)>;

Tensors solve(const Problem&, const Tensors& inputs) {
  const torch::Tensor& x = inputs[0];
  return {x / x.abs().sum(-1, /*keepdim=*/true) * inputs[1]};
}

Tensors solve_by_loops(const Problem&, const Tensors& inputs) {
  const torch::Tensor x = inputs[0].contiguous();
  torch::Tensor y = torch::empty_like(x);
  const float scale = inputs[1].item<float>();
  for (std::int64_t row = 0; row < x.size(0); ++row) {
    const float* from = x.data_ptr<float>() + row * x.size(1);
    float* to = y.data_ptr<float>() + row * x.size(1);
    double sum = 0;
    for (std::int64_t i = 0; i < x.size(1); ++i) sum += std::abs(from[i]);
    for (std::int64_t i = 0; i < x.size(1); ++i) to[i] = from[i] / static_cast<float>(sum) * scale;
  }
  return {y};
}

double error(const Tensors& inputs, const Tensors& outputs) {
  if (outputs.size() != 1 || outputs[0].sizes() != inputs[0].sizes()) return INFINITY;
  const Tensors exact = solve({}, {inputs[0].to(torch::kFloat64), inputs[1].to(torch::kFloat64)});
  const torch::Tensor off = (outputs[0].to(torch::kFloat64) - exact[0]).abs().max();
  return (off / exact[0].abs().max()).item<double>();
}

Problem problem_of(const std::string& shape, std::int64_t rows, std::int64_t columns) {
  Problem problem;
  problem.shape = shape;
  problem.dtype = "f32";
  problem.text = "rows divided by the sum of their magnitudes";
  problem.flops = 3.0 * static_cast<double>(rows * columns);
  problem.bytes_min = 2.0 * sizeof(float) * static_cast<double>(rows * columns);
  problem.limit = Limit::kCopy;
  problem.tiny = shape == "tiny";
  problem.make_inputs = [rows, columns](std::uint64_t seed) -> Tensors {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return {torch::randn({rows, columns}, generator), torch::rand({1}, generator) + 0.5};
  };
  problem.error = error;
  problem.error_max = kErrorMax;
  return problem;
}

Kernel kernel_of(const std::string& id, std::vector<Rung> rungs) {
  Kernel kernel;
  kernel.id = id;
  kernel.text = "for the tests of the measuring";
  kernel.problems = {problem_of("64x8192", kRows, kColumns), problem_of("tiny", 3, 37)};
  kernel.rungs = std::move(rungs);
  return kernel;
}

Run cached_by_pointer() {
  auto known = std::make_shared<std::map<void*, Tensors>>();
  return [known](const Problem& problem, const Tensors& inputs) -> Tensors {
    Tensors& answer = (*known)[inputs[0].data_ptr()];
    if (answer.empty()) answer = solve(problem, inputs);
    return cloned(answer);
  };
}

Run cached_by_content() {
  auto known = std::make_shared<std::map<std::vector<float>, Tensors>>();
  return [known](const Problem& problem, const Tensors& inputs) -> Tensors {
    std::vector<float> sample;
    const float* values = inputs[0].data_ptr<float>();
    for (std::int64_t i = 0; i < inputs[0].numel(); i += kSampledEvery) sample.push_back(values[i]);
    Tensors& answer = (*known)[sample];
    if (answer.empty()) answer = solve(problem, inputs);
    return cloned(answer);
  };
}

Run freed_buffer() {
  return [](const Problem&, const Tensors& inputs) -> Tensors {
    return {torch::empty_like(inputs[0])};
  };
}

Run zeroed_input() {
  return [](const Problem& problem, const Tensors& inputs) {
    const Tensors answer = solve(problem, inputs);
    torch::Tensor input = inputs[0];
    input.zero_();
    return answer;
  };
}

/// As it was in every call that a gate looks at, and zeroed in between.
Run zeroed_later() {
  auto calls = std::make_shared<int>(0);
  constexpr int kHonestCalls = 8;
  return [calls](const Problem& problem, const Tensors& inputs) {
    const Tensors answer = solve(problem, inputs);
    torch::Tensor input = inputs[0];
    if (++*calls > kHonestCalls && *calls % 2 == 0) input.zero_();
    return answer;
  };
}

Run deferred() {
  return [](const Problem& problem, const Tensors& inputs) -> Tensors {
    const Tensors answer = solve(problem, inputs);
    torch::Tensor promised = torch::zeros_like(answer[0]);
    std::thread([answer, promised] {
      for (int piece = 0; piece < kDeferredPieces; ++piece) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      std::memcpy(promised.data_ptr(), answer[0].data_ptr(), promised.nbytes());
    }).detach();
    return {promised};
  };
}

Run lower_precision() {
  return [](const Problem& problem, const Tensors& inputs) -> Tensors {
    const Tensors answer =
        solve(problem, {inputs[0].to(torch::kBFloat16), inputs[1].to(torch::kBFloat16)});
    return {answer[0].to(torch::kFloat32)};
  };
}

Run wrong_after_the_first() {
  auto called = std::make_shared<bool>(false);
  return [called](const Problem& problem, const Tensors& inputs) -> Tensors {
    const bool first = !std::exchange(*called, true);
    return first ? solve(problem, inputs) : Tensors{torch::zeros_like(inputs[0])};
  };
}

Run aliases_input() {
  return [](const Problem& problem, const Tensors& inputs) -> Tensors {
    torch::Tensor input = inputs[0];
    input.copy_(solve(problem, inputs)[0]);
    return {input};
  };
}

/// Right wherever a harness usually looks: at inputs that it has not met before.
Run right_at_the_ends() {
  auto met = std::make_shared<std::map<void*, int>>();
  constexpr int kCallsOfAGate = 4;
  return [met](const Problem& problem, const Tensors& inputs) -> Tensors {
    const bool gate = ++(*met)[inputs[0].data_ptr()] <= kCallsOfAGate;
    return gate ? solve(problem, inputs) : Tensors{torch::zeros_like(inputs[0])};
  };
}

struct CheatRow {
  const char* name;
  const char* text;
  Run (*make)();
};

constexpr CheatRow kCheats[] = {
    {"cached_by_pointer", "output cached by pointer", cached_by_pointer},
    {"cached_by_content", "output cached by content", cached_by_content},
    {"freed_buffer", "output taken from a freed buffer", freed_buffer},
    {"zeroed_input", "input zeroed", zeroed_input},
    {"zeroed_later", "input zeroed in some of the timed calls", zeroed_later},
    {"deferred", "work deferred to another thread", deferred},
    {"lower_precision", "lower precision", lower_precision},
    {"wrong_after_the_first", "wrong after the first call", wrong_after_the_first},
    {"aliases_input", "result aliasing the input", aliases_input},
    {"right_at_the_ends", "a correct first and last call around wrong ones", right_at_the_ends},
};

}  // namespace

std::vector<Cheat> planted_cheats() {
  std::vector<Cheat> cheats;
  for (const CheatRow& row : kCheats) {
    cheats.push_back({kernel_of(std::string("planted_") + row.name,
                                {{"yours", "", row.make(), {}}, {"libtorch", "", solve, {}}}),
                      row.text});
  }
  return cheats;
}

std::vector<Kernel> planted_kernels() {
  std::vector<Kernel> kernels{
      kernel_of("planted", {{"naive", "Plain loops: two divisions an element.", solve_by_loops, {}},
                            {"libtorch", "Vector instructions, three passes.", solve, {}}})};
  for (Cheat& cheat : planted_cheats()) kernels.push_back(std::move(cheat.kernel));
  return kernels;
}

}  // namespace unaided::bench
