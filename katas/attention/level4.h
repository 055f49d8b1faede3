#pragma once

#include <cstdint>
#include <memory>

#include "level3.h"

namespace kata {

/// One attention layer that is fed piece by piece and remembers the keys and values so far.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// The next T ≥ 1 tokens of every row, x (B, T, C) of the weights' dtype → (B, T, C): what
  /// causal_self_attention(all tokens so far, layer, 0) has in its last T positions, to 1e-5.
  /// A step (T = 1, B·C and B·Hq·D ≤ 2,048, float32) allocates at its peak no more than
  /// 4·B·Hq·S·sizeof(float) + 64 KiB, S being the length after it.
  /// Throws std::length_error if length() + T exceeds the capacity; nothing is changed then.
  virtual torch::Tensor append(const torch::Tensor& x) = 0;

  /// Tokens per row since construction or the last reset.
  virtual std::int64_t length() const = 0;

  /// Forgets all tokens; the next one is at position 0 again.
  virtual void reset() = 0;
};

/// An empty decoder for `batch` ≥ 1 rows of at most `capacity` ≥ 1 tokens each. It owns a cache of
/// 2 · batch · Hkv · capacity · D elements, allocated here and never again.
/// Throws std::invalid_argument where causal_self_attention would for this layer.
std::unique_ptr<Decoder> make_decoder(const Layer& layer, std::int64_t batch,
                                      std::int64_t capacity);

}  // namespace kata
