// Causal attention as two matrix products that never leave the core: scores = q kᵀ and weights · v,
// a block of keys at a time, with a running maximum and sum for each row (Dao et al. 2022).
//
// What is computed: 4 · D FLOPs for each pair of a query and a key it sees; pairs above the
// diagonal are never touched, which saves half. At D = 64 an exponential costs about as much as 12
// of these 256 FLOPs: it is base 2, with the factor log2 e put into the queries beforehand. What
// moves: for 192 queries (their q and result, 96 KiB, stay in L2) all keys and values so far; a
// block of 128 keys and its values is 64 KiB and serves all 192 queries. Scores are 6 rows of a
// block, 3 KiB in L1: they are weighed and used as soon as they are there.
//
// Why this tile: 6 rows × 4 vectors are 24 accumulators, and each step loads 4 vectors and
// broadcasts 6 numbers for 24 multiply-adds, of which two a cycle can run: neither loads nor the
// latency of an addition (4 cycles · 2 a cycle = 8 chains) is in the way. With 16 registers 6 × 2
// is the largest tile that fits. Keys are transposed once for each head, block by block, so that
// the tile's columns are neighbours in memory for scores as they are for values.
#include "attention_prefill/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention_prefill/fast.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "support/bfloat16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::attention_prefill {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

constexpr std::size_t kRows = 6;
constexpr std::size_t kColumns = kHas32Registers ? 4 : 2;  // vectors
constexpr std::size_t kTile = kColumns * kLanes;           // floats
constexpr std::size_t kKeys = kHas32Registers ? 128 : 64;  // of a block
constexpr std::size_t kQueries = 192;                      // of a block
static_assert(kQueries % kRows == 0 && kKeys % kTile == 0 && kWidth % kTile == 0);

const float kScale =
    kLog2E / std::sqrt(static_cast<float>(kWidth));  // of scores, as exponents of 2

using Floats32 = hwy::AlignedFreeUniquePtr<float[]>;

/// A block of queries, and what they know after some of the keys. Rows past the end are zeros.
struct Queries {
  Floats32 q = hwy::AllocateAligned<float>(kQueries * kWidth);
  Floats32 out = hwy::AllocateAligned<float>(kQueries * kWidth);
  Floats32 sums = hwy::AllocateAligned<float>(kQueries * kLanes);
  Floats32 max = hwy::AllocateAligned<float>(kQueries);  // of the scaled scores
  std::size_t first = 0;                                 // position of the first row
  std::size_t length = 0;                                // of the prompt
};

/// A block of keys, transposed to (kWidth, kKeys), and its values (kKeys, kWidth).
struct Keys {
  const float* transposed;
  const float* values;
  std::size_t first;  // position of the first key
};

/// The rows of kTile columns that the product of a (kRows, depth) and b (depth, kTile) has.
struct Product {
  const float* a;
  std::size_t a_stride;
  const float* b;
  std::size_t b_stride;
  std::size_t depth;
};

/// Calls store(row, column in vectors, sum) for each vector of the product.
template <class Store>
HWY_INLINE void multiply_tile(const Product& product, const Store& store) {
  const Floats d;
  Vector sums[kRows][kColumns];
  UNAIDED_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
    UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) sums[r][c] = hn::Zero(d);
  }
  for (std::size_t i = 0; i < product.depth; ++i) {
    const float* b = product.b + i * product.b_stride;
    Vector columns[kColumns];
    UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) {
      columns[c] = hn::LoadU(d, b + c * kLanes);
    }
    UNAIDED_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
      const Vector a = hn::Set(d, product.a[r * product.a_stride + i]);
      UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) {
        sums[r][c] = hn::MulAdd(a, columns[c], sums[r][c]);
      }
    }
  }
  UNAIDED_UNROLL for (std::size_t r = 0; r < kRows; ++r) {
    UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) store(r, c * kLanes, sums[r][c]);
  }
}

/// Makes weights of one row's scores, of which `visible` count and the others up to a whole vector
/// become 0. Returns by what the row's result so far shrinks, because its maximum grew.
HWY_INLINE float weigh_row(float* scores, std::size_t vectors, std::size_t visible, float& max,
                           float* sums) {
  const Floats d;
  for (std::size_t c = visible / kLanes; c < vectors; ++c) {
    const std::size_t seen = visible > c * kLanes ? visible - c * kLanes : 0;
    if (seen >= kLanes) continue;
    const Vector score = hn::Load(d, scores + c * kLanes);
    hn::Store(hn::IfThenElse(hn::FirstN(d, seen), score, hn::Set(d, -kInfinity)), d,
              scores + c * kLanes);
  }
  Vector most = hn::Load(d, scores);
  for (std::size_t c = 1; c < vectors; ++c) most = hn::Max(most, hn::Load(d, scores + c * kLanes));

  Vector sum = hn::Load(d, sums);
  float shrink = 1;
  const float block_max = max_of(most) * kScale;
  if (block_max > max) {
    shrink = std::exp2(max - block_max);  // 0 after −∞
    max = block_max;
    sum = hn::Mul(sum, hn::Set(d, shrink));
  }
  const Vector scale = hn::Set(d, kScale), reference = hn::Set(d, max);
  Vector block_sum = hn::Zero(d);
  for (std::size_t c = 0; c < vectors; ++c) {
    const Vector score = hn::Load(d, scores + c * kLanes);
    const Vector weight = exp2_of_nonpositive(hn::MulSub(score, scale, reference));
    block_sum = hn::Add(block_sum, weight);
    hn::Store(weight, d, scores + c * kLanes);
  }
  hn::Store(hn::Add(sum, block_sum), d, sums);
  return shrink;
}

/// Takes a block of keys into the rows row … row + kRows − 1 of a block of queries.
HWY_INLINE void attend_rows(std::size_t row, const Keys& keys, Queries& queries) {
  const Floats d;
  const std::size_t position = queries.first + row;
  const std::size_t end = std::min(position + kRows, queries.length);
  if (end <= keys.first) return;
  const std::size_t count = std::min(kKeys, end - keys.first);
  const std::size_t vectors = (count + kLanes - 1) / kLanes;

  HWY_ALIGN float scores[kRows * kKeys];
  const float* q = queries.q.get() + row * kWidth;
  for (std::size_t column = 0; column < count; column += kTile) {
    for (std::size_t half = 0; half < kWidth; half += kWidth / 2) {
      const float* k = keys.transposed + half * kKeys + column;
      multiply_tile({q + half, kWidth, k, kKeys, kWidth / 2},
                    [&](std::size_t r, std::size_t c, Vector sum) HWY_ATTR {
                      float* to = scores + r * kKeys + column + c;
                      hn::Store(half == 0 ? sum : hn::Add(hn::Load(d, to), sum), d, to);
                    });
    }
  }
  float shrink[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    const std::size_t sees = std::min(position + r + 1, queries.length);
    const std::size_t visible = sees > keys.first ? std::min(count, sees - keys.first) : 0;
    shrink[r] = weigh_row(scores + r * kKeys, vectors, visible, queries.max[row + r],
                          queries.sums.get() + (row + r) * kLanes);
  }
  float* out = queries.out.get() + row * kWidth;
  for (std::size_t column = 0; column < kWidth; column += kTile) {
    multiply_tile({scores, kKeys, keys.values + column, kWidth, count},
                  [&](std::size_t r, std::size_t c, Vector sum) HWY_ATTR {
                    float* to = out + r * kWidth + column + c;
                    hn::Store(hn::MulAdd(hn::Set(d, shrink[r]), hn::Load(d, to), sum), d, to);
                  });
  }
}

/// The keys of a head, block by block transposed to (kWidth, kKeys), zeros past the end.
template <class T>
void transpose_keys(const T* k, std::size_t length, float* transposed) {
  constexpr std::size_t kSquare = 16;  // 16 lines of source and of target at once
  for (std::size_t block = 0; block < length; block += kKeys) {
    float* to = transposed + block * kWidth;
    const std::size_t keys = std::min(kKeys, length - block);
    if (keys < kKeys) std::fill(to, to + kKeys * kWidth, 0.0F);
    for (std::size_t j0 = 0; j0 < keys; j0 += kSquare) {
      for (std::size_t i0 = 0; i0 < kWidth; i0 += kSquare) {
        const std::size_t j_end = std::min(j0 + kSquare, keys);
        for (std::size_t i = i0; i < i0 + kSquare; ++i) {
          for (std::size_t j = j0; j < j_end; ++j) {
            to[i * kKeys + j] = to_float(k[(block + j) * kWidth + i]);
          }
        }
      }
    }
  }
}

template <class T>
void begin_queries(const T* q, std::size_t first, std::size_t length, Queries& queries) {
  const std::size_t rows = std::min(kQueries, length - first);
  for (std::size_t i = 0; i < rows * kWidth; ++i) {
    queries.q[i] = to_float(q[first * kWidth + i]);
  }
  std::fill(queries.q.get() + rows * kWidth, queries.q.get() + kQueries * kWidth, 0.0F);
  std::fill(queries.out.get(), queries.out.get() + kQueries * kWidth, 0.0F);
  std::fill(queries.sums.get(), queries.sums.get() + kQueries * kLanes, 0.0F);
  std::fill(queries.max.get(), queries.max.get() + kQueries, -kInfinity);
  queries.first = first;
  queries.length = length;
}

template <class T>
void finish_queries(const Queries& queries, T* out) {
  const std::size_t rows = std::min(kQueries, queries.length - queries.first);
  for (std::size_t row = 0; row < rows; ++row) {
    const float sum = sum_of(hn::Load(Floats(), queries.sums.get() + row * kLanes));
    for (std::size_t i = row * kWidth; i < (row + 1) * kWidth; ++i) {
      store_rounded(queries.out[i] / sum, out + queries.first * kWidth + i);
    }
  }
}

template <class T>
HWY_INLINE void attend(const T* q, const T* k, const T* v, T* out, Sizes sizes) {
  constexpr bool kConverts = !std::is_same_v<T, float>;
  const std::size_t length = sizes.length, head_size = length * kWidth;
  const auto transposed = hwy::AllocateAligned<float>(head_size + kKeys * kWidth);
  const auto converted = hwy::AllocateAligned<float>(kConverts ? head_size : 1);
  Queries queries;
  for (std::size_t head = 0; head < sizes.heads; ++head) {
    const std::size_t at = head * head_size;
    transpose_keys(k + at, length, transposed.get());
    const float* values = converted.get();
    if constexpr (kConverts) {
      for (std::size_t i = 0; i < head_size; ++i) converted[i] = to_float(v[at + i]);
    } else {
      values = v + at;
    }
    for (std::size_t first = 0; first < length; first += kQueries) {
      begin_queries(q + at, first, length, queries);
      const std::size_t end = std::min(first + kQueries, length);
      for (std::size_t key = 0; key < end; key += kKeys) {
        const Keys keys = {transposed.get() + key * kWidth, values + key * kWidth, key};
        for (std::size_t row = 0; first + row < end; row += kRows) attend_rows(row, keys, queries);
      }
      finish_queries(queries, out + at);
    }
  }
}

void attend_float32(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  attend(q, k, v, out, sizes);
}

void attend_bfloat16(const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, Bfloat16* out,
                     Sizes sizes) {
  attend(q, k, v, out, sizes);
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::attention_prefill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::attention_prefill {

HWY_EXPORT(attend_float32);
HWY_EXPORT(attend_bfloat16);

void fast(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  HWY_DYNAMIC_DISPATCH(attend_float32)(q, k, v, out, sizes);
}

void fast(const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, Bfloat16* out, Sizes sizes) {
  HWY_DYNAMIC_DISPATCH(attend_bfloat16)(q, k, v, out, sizes);
}

}  // namespace unaided::bench::attention_prefill
#endif  // HWY_ONCE
