#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// How far apart the heads of an operand begin, and the rows of a head, in floats.
struct Strides {
  std::int64_t head;
  std::int64_t row;
};

/// Causal attention of `queries` queries over `keys` keys, aligned at their ends: query i sees the
/// keys j ≤ i + keys − queries. A query that sees none gives zeros. Products are scaled by
/// 1/√head_size.
///
/// Row r of head h of an operand begins at its pointer + h · head + r · row, and holds head_size
/// floats without gaps. q and out have `queries` rows, k and v `keys`. What lies between the rows
/// of out stays as it was; out overlaps none. Pointers are aligned to 4 bytes and no more.
/// Products and entries of v as in
/// causal_attention. head_size is 64 or 128; 0 ≤ heads ≤ 65,535; queries, keys ≥ 0.
/// Work is launched on `stream`; nothing is waited for. No memory is allocated that grows with
/// queries · keys.
void strided_attention(const float* q, Strides q_strides, const float* k, Strides k_strides,
                       const float* v, Strides v_strides, float* out, Strides out_strides,
                       std::int64_t heads, std::int64_t queries, std::int64_t keys,
                       std::int64_t head_size, cudaStream_t stream);

}  // namespace kata
