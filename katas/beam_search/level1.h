#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace kata {

using Tokens = std::vector<std::int64_t>;

/// A language model without a cache: it reads the whole sequence at every call.
class Model {
 public:
  virtual ~Model() = default;

  /// T ≥ 1 tokens → logits (T, V), float32, any strides; V ≥ 1 never changes. The last row scores
  /// each id 0 … V − 1 as the token that comes next: between −10,000 and 10,000, or −∞ (NaN is an
  /// error, see below). The rows before it may hold anything, even NaN.
  /// The result is the model's memory: do not change it; the next call overwrites it.
  virtual torch::Tensor forward(const Tokens& tokens) = 0;
};

struct Hypothesis {
  Tokens tokens;     // the new ones, without the prompt; EOS included
  double score = 0;  // level 1: the sum of the natural log-probabilities of these tokens
};

/// Beam search. The beam is a list of at most `width` hypotheses, best first; a hypothesis is
/// finished if its last token is `eos`, else live. It begins as one hypothesis without tokens and
/// with score 0. A step:
///
/// - forward is called once for each live hypothesis, in the beam's order, with the prompt and the
///   hypothesis' tokens. No other calls are made.
/// - Candidates are the finished hypotheses as they are, and each live one with each single id
///   appended, unless that id's logit is −∞. Its score grows by the log-softmax of the logits.
/// - The `width` best candidates are the new beam (all, if there are fewer): higher score first,
///   among equal ones that from an earlier place of the old beam, then the lower appended id.
///
/// The search ends when no hypothesis is live, or after max_new_tokens steps; the beam is returned
/// as it is then. If no id equals `eos` (−1, say), none finishes; EOS in the prompt plays no part.
/// width and max_new_tokens may be as large as 2^63 − 1 where candidates are few.
///
/// Throws std::invalid_argument, before any call of the model, if the prompt is empty, width < 1 or
/// max_new_tokens < 0; std::domain_error, in the same step, if the last row of any logits has a NaN
/// or is −∞ throughout.
std::vector<Hypothesis> beam_search(Model& model, const Tokens& prompt, std::int64_t width,
                                    std::int64_t max_new_tokens, std::int64_t eos);

}  // namespace kata
