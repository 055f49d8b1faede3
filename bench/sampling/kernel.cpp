// One draw from the logits of a vocabulary of 128,256, by the usual filters.
#include "support/kernel.h"

#include <array>

#include "sampling/oracle.h"
#include "sampling/rungs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::sampling {
namespace {

constexpr std::int64_t kVocabulary = 128256;

Filters filters_of(const Problem& problem) {
  Filters filters;
  filters.top_k = static_cast<std::int64_t>(problem.parameters.at("top_k"));
  filters.top_p = problem.parameters.at("top_p");
  filters.min_p = problem.parameters.at("min_p");
  return filters;
}

double error(const Filters& filters, const Tensors& inputs, const Tensors& outputs) {
  if (!has_outputs(outputs, 1)) return kIncomparable;
  const torch::Tensor& id = outputs[0];
  if (id.scalar_type() != torch::kInt64 || id.numel() != 1) return kIncomparable;
  const torch::Tensor& logits = inputs[0];
  const float* first = logits.const_data_ptr<float>();
  return draw_error({first, first + logits.numel()}, filters, inputs[1].item<double>(),
                    id.item<std::int64_t>());
}

struct Filter {
  const char* shape;
  const char* text;
  Filters filters;
};

const std::array<Filter, 4> kFilters = {{
    {"top_k", "top-k 50", {50, 1, 0}},
    {"top_p", "top-p 0.9", {0, 0.9, 0}},
    {"top_k_top_p", "top-k 50, top-p 0.9", {50, 0.9, 0}},
    {"min_p", "min-p 0.05", {0, 1, 0.05}},
}};

struct Logits {
  const char* shape;
  const char* text;
  double deviation;
  std::int64_t vocabulary;
};

// Of the flat ones the nucleus holds half the vocabulary, of the peaked ones some hundred ids.
const std::array<Logits, 3> kLogits = {{
    {"flat", "normal logits of deviation 1", 1, kVocabulary},
    {"peaked", "normal logits of deviation 4", 4, kVocabulary},
    {"tiny", "normal logits of deviation 2", 2, 5003},
}};

Problem problem(const Filter& filter, const Logits& logits) {
  Problem made;
  made.shape = std::string(filter.shape) + "_" + logits.shape;
  made.dtype = "f32";
  made.text =
      std::string(filter.text) + ", " + std::to_string(logits.vocabulary) + " " + logits.text;
  // One look at each logit, and for top-p one exponential of 13 FLOPs.
  const auto size = static_cast<double>(logits.vocabulary);
  made.flops = size * (filter.filters.top_p < 1 && filter.filters.top_k == 0 ? 15 : 1);
  made.bytes_min = sizeof(float) * size;
  made.limit = Limit::kRead;
  made.tiny = logits.vocabulary < kVocabulary;
  made.parameters = {{"top_k", static_cast<double>(filter.filters.top_k)},
                     {"top_p", filter.filters.top_p},
                     {"min_p", filter.filters.min_p}};
  made.make_inputs = [logits](std::uint64_t seed) {
    RandomTensors random(seed);
    return Tensors{random.normal({logits.vocabulary}, logits.deviation), random.uniform({1})};
  };
  made.error = [filters = filter.filters](const Tensors& inputs, const Tensors& outputs) {
    return error(filters, inputs, outputs);
  };
  made.error_max = 2e-5;  // of the cumulative distribution
  return made;
}

template <auto kDraw>
Tensors run_loops(const Problem& problem, const Tensors& inputs) {
  const torch::Tensor& logits = inputs[0];
  const std::int64_t id = kDraw(logits.const_data_ptr<float>(), logits.numel(), filters_of(problem),
                                *inputs[1].const_data_ptr<double>());
  const torch::Tensor drawn = torch::empty({1}, torch::kInt64);
  *drawn.mutable_data_ptr<std::int64_t>() = id;
  return {drawn};
}

Tensors run_composed(const Problem& problem, const Tensors& inputs) {
  return {composed(inputs[0], filters_of(problem), inputs[1])};
}

Tensors run_libtorch(const Problem& problem, const Tensors& inputs) {
  Way way = {};
  return {libtorch(inputs[0], filters_of(problem), inputs[1], way)};
}

std::string way_of_libtorch(const Problem& problem, const Tensors& inputs) {
  static const std::array<const char*, 4> kTexts = {"topk", "topk(1024)", "bisected threshold",
                                                    "nonzero"};
  Way way = {};
  libtorch(inputs[0], filters_of(problem), inputs[1], way);
  return std::string(kTexts.at(static_cast<std::size_t>(way))) + ", " +
         libtorch_backend(problem, inputs);
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "sampling";
  made.text = "one draw from the logits of a vocabulary, by top-k, top-p and min-p";
  for (const Filter& filter : kFilters) {
    for (const Logits& logits : kLogits) made.problems.push_back(problem(filter, logits));
  }
  made.rungs = {
      {"naive",
       "Sorts the ids of the whole vocabulary: 128,256 · 17 comparisons, each with two logits at "
       "random places.",
       run_loops<naive>, nullptr},
      {"composed",
       "Filters one after another, each a mask over the vocabulary; top-p still sorts all of it, "
       "though 0.9 of the probability may lie in 800 ids.",
       run_composed, nullptr},
      {"libtorch",
       "No sort: topk finds what stays, or a threshold is bisected by 30 sums over 513 KB; the "
       "draw "
       "is a binary search in the cumulative sum of what is left.",
       run_libtorch, way_of_libtorch},
      {"fast",
       "The only question is the least value that stays. The maxima of blocks bound it, and only "
       "blocks that reach the bound are looked at again; for top-p a sample brackets it, and it is "
       "bisected among the weights inside: 513 KB read once, at most one exponential for each.",
       run_loops<fast>, fast_backend},
  };
  made.contracts = {
      {"decoding", 2, "sample", {"top_k_flat", "top_k_peaked", "top_k_tiny"}},
      {"decoding", 3, "sample_batch", {}},
  };
  return made;
}

}  // namespace unaided::bench::sampling
