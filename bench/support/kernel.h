// A kernel is what is timed: the problems that it is timed on, and its rungs, each a way to solve
// them. Everything that makes figures comparable hangs on this seam: all rungs get the same inputs
// and give their outputs as fresh tensors from LibTorch's allocator, and what they return is held
// against float64 by the kernel, not by the rung.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace unaided::bench {

using Tensors = std::vector<torch::Tensor>;

/// The limit of the machine that bounds a problem from below; each is measured beside the rungs.
enum class Limit { kMatmul, kCopy, kRead, kReadModifyWrite };

/// One size and kind of a kernel.
struct Problem {
  std::string shape;  // "S1024", "top_p_flat": what --shape chooses by
  std::string dtype;  // "f32" or "bf16"
  std::string text;   // "B1 H8 S1024 D64, causal"
  double flops = 0;
  double bytes_min = 0;  // that any solution must read and write
  Limit limit = Limit::kCopy;
  bool tiny = false;  // for smoke tests only, never timed in a ladder
  /// What the rungs need beside tensors: sizes, k, p, learning rate.
  std::map<std::string, double> parameters;
  /// Fresh random inputs; the same seed gives the same tensors.
  std::function<Tensors(std::uint64_t seed)> make_inputs;
  /// Which inputs a call changes in place; these are its first outputs.
  std::vector<int> in_place;
  /// The largest error of `outputs` against float64, from inputs as they were before the call. Of a
  /// draw: how far u lies outside the drawn token's interval of the cumulative distribution.
  std::function<double(const Tensors& inputs, const Tensors& outputs)> error;
  double error_max = 0;  // the contract's tolerance
};

/// One way to solve every problem of a kernel.
struct Rung {
  std::string name;  // "naive", "composed", "fast", "libtorch" or "yours"
  /// For the candidate: the technique that this rung adds, and the bytes or FLOPs that it saves.
  std::string lesson;
  std::function<Tensors(const Problem& problem, const Tensors& inputs)> run;
  /// What really ran, as "flash" or "AVX-512"; empty where there is nothing to tell.
  std::function<std::string(const Problem& problem, const Tensors& inputs)> backend;
  std::vector<std::string> shapes = {};  // that it can express, "tiny" or "tiny/f32"; empty: all
};

/// The contract function of a kata's level that solves a kernel's problems. How it is called is
/// written in bench/<kernel>/contract_<kata>_level<K>.cpp, which is compiled with the attempt.
struct Contract {
  std::string kata;
  int level = 0;
  std::string function;             // "masked_attention"
  std::vector<std::string> shapes;  // that it can express, as Rung::shapes
  std::string lesson = {};          // of the fast rung that is an attempt through it
};

/// What the shared object of an attempt and a contract's file exports by the name kAttemptSymbol.
/// Appends the outputs; of what is changed in place, those that the contract lets the caller see.
using Attempt = void (*)(const Problem& problem, const Tensors& inputs, Tensors& outputs);
inline constexpr const char* kAttemptSymbol = "unaided_bench_attempt";

struct Kernel {
  std::string id;    // the folder in bench/
  std::string text;  // one sentence
  std::vector<Problem> problems;
  std::vector<Rung> rungs;  // the slowest expected first; "libtorch" is the one compared with
  std::vector<Contract> contracts;
  /// Of katas in CUDA: on a card only. There the fast rung is the expert's attempt at the first's.
  std::vector<Contract> card_contracts;
};

/// All kernels, by one line each.
const std::vector<Kernel>& kernels();

}  // namespace unaided::bench
