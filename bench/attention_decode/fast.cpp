// Decoding reads every key and value once and does little with them: 4 FLOPs for each float of a
// query head. So memory is the limit, and all there is to do is to read once and never wait.
//
// What moves: keys and values, 2 · length · 128 floats for each head, once: the 4 query heads of a
// group are computed together, from each vector while it is in a register. Alone they would move 4
// times as much. The hardware's prefetch stops at a page's end, so lines are asked for 4 KiB ahead.
// What is computed: 256 scores for each of the 4 heads, their exponentials with a running maximum
// (the sums so far shrink when it grows, Milakov and Gimelshein 2018), and the weighted values.
// A score is a sum over a row; 4 keys at a time leave 4 vectors of partial sums, which a
// transposing addition turns into 4 neighbouring scores. With 32 registers 4 heads × 4 keys of sums
// fit in them, with 16 half of the heads.
#include "attention_decode/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention_decode/fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "support/bfloat16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::attention_decode {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

constexpr std::size_t kBlock = 256;  // keys
constexpr std::size_t kKeys = 4;     // whose scores are summed at once
constexpr std::size_t kAheadBytes = 4096;

const float kScale =
    kLog2E / std::sqrt(static_cast<float>(kWidth));  // of scores, as exponents of 2

/// What the queries of a group know after some of the keys.
struct Group {
  HWY_ALIGN float q[kGroup * kWidth];
  HWY_ALIGN float out[kGroup * kWidth];
  HWY_ALIGN float scores[kGroup][kBlock];
  HWY_ALIGN float sums[kGroup][kLanes];
  float max[kGroup];  // of the scaled scores
};

/// Asks for what lies ahead of p, the i-th of a row of T, once for each cache line.
template <class T>
HWY_INLINE void prefetch_ahead(const T* p, std::size_t i) {
  if (i % (64 / sizeof(T)) == 0) hwy::Prefetch(p + kAheadBytes / sizeof(T));
}

/// The sums of the lanes of four vectors, side by side.
template <class Tag>
HWY_INLINE void store_folded(Tag d, hn::Vec<Tag> v, float* p) {
  if constexpr (hn::MaxLanes(Tag()) <= 4) {
    hn::StoreU(v, d, p);
  } else {
    const hn::Half<Tag> half;
    store_folded(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), p);
  }
}

HWY_INLINE void store_sums(const Vector (&v)[kKeys], float* p) {
  const Floats d;
  const hn::Repartition<double, Floats> pairs;
  const auto low = hn::BitCast(
      pairs, hn::Add(hn::InterleaveLower(d, v[0], v[1]), hn::InterleaveUpper(d, v[0], v[1])));
  const auto high = hn::BitCast(
      pairs, hn::Add(hn::InterleaveLower(d, v[2], v[3]), hn::InterleaveUpper(d, v[2], v[3])));
  store_folded(d,
               hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, low, high)),
                       hn::BitCast(d, hn::InterleaveUpper(pairs, low, high))),
               p);
}

/// Scores of the queries first … first + kQueries − 1 for the keys at `rows`, of column `key` on.
template <std::size_t kQueries, class T>
HWY_INLINE void score_keys(const T* const (&rows)[kKeys], std::size_t first, std::size_t key,
                           Group& group) {
  const Floats d;
  Vector sums[kQueries][kKeys];
  UNAIDED_UNROLL for (std::size_t g = 0; g < kQueries; ++g) fill(sums[g], 0);
  UNAIDED_UNROLL for (std::size_t i = 0; i < kWidth; i += kLanes) {
    Vector keys[kKeys];
    UNAIDED_UNROLL for (std::size_t j = 0; j < kKeys; ++j) {
      if (first == 0) prefetch_ahead(rows[j] + i, i);
      keys[j] = load_floats(rows[j] + i);
    }
    UNAIDED_UNROLL for (std::size_t g = 0; g < kQueries; ++g) {
      const Vector query = hn::Load(d, group.q + (first + g) * kWidth + i);
      UNAIDED_UNROLL for (std::size_t j = 0; j < kKeys; ++j) {
        sums[g][j] = hn::MulAdd(query, keys[j], sums[g][j]);
      }
    }
  }
  UNAIDED_UNROLL for (std::size_t g = 0; g < kQueries; ++g) {
    store_sums(sums[g], &group.scores[first + g][key]);
  }
}

/// Scores of all queries for a block of keys; those past its end are −∞.
template <class T>
HWY_INLINE void score_block(const T* k, std::size_t keys, Group& group) {
  constexpr std::size_t kQueries = kHas32Registers ? kGroup : kGroup / 2;
  for (std::size_t key = 0; key < keys; key += kKeys) {
    const T* rows[kKeys];
    for (std::size_t j = 0; j < kKeys; ++j) rows[j] = k + std::min(key + j, keys - 1) * kWidth;
    UNAIDED_UNROLL for (std::size_t first = 0; first < kGroup; first += kQueries) {
      score_keys<kQueries>(rows, first, key, group);
    }
  }
  for (std::size_t g = 0; g < kGroup; ++g) {
    std::fill(group.scores[g] + keys, group.scores[g] + kBlock, -kInfinity);
  }
}

/// Makes weights of query g's scores; what was summed before shrinks when the maximum grows.
HWY_INLINE void weigh_block(std::size_t g, Group& group) {
  const Floats d;
  float* scores = group.scores[g];
  Vector most = hn::Load(d, scores);
  for (std::size_t j = kLanes; j < kBlock; j += kLanes) {
    most = hn::Max(most, hn::Load(d, scores + j));
  }
  Vector sum = hn::Load(d, group.sums[g]);
  const float max = max_of(most) * kScale;
  if (max > group.max[g]) {
    const Vector shrink = hn::Set(d, std::exp2(group.max[g] - max));  // 0 after −∞
    group.max[g] = max;
    sum = hn::Mul(sum, shrink);
    float* out = group.out + g * kWidth;
    for (std::size_t i = 0; i < kWidth; i += kLanes) {
      hn::Store(hn::Mul(shrink, hn::Load(d, out + i)), d, out + i);
    }
  }
  const Vector scale = hn::Set(d, kScale), reference = hn::Set(d, group.max[g]);
  Vector block_sum = hn::Zero(d);
  for (std::size_t j = 0; j < kBlock; j += kLanes) {
    const Vector weight =
        exp2_of_nonpositive(hn::MulSub(hn::Load(d, scores + j), scale, reference));
    block_sum = hn::Add(block_sum, weight);
    hn::Store(weight, d, scores + j);
  }
  hn::Store(hn::Add(sum, block_sum), d, group.sums[g]);
}

/// Adds the weighted values of a block to all queries' results.
template <class T>
HWY_INLINE void add_values(const T* v, std::size_t keys, Group& group) {
  constexpr std::size_t kColumns = kHas32Registers ? 4 : 2;  // vectors, for each query
  const Floats d;
  for (std::size_t i = 0; i < kWidth; i += kColumns * kLanes) {
    Vector sums[kGroup][kColumns];
    UNAIDED_UNROLL for (std::size_t g = 0; g < kGroup; ++g) {
      UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) sums[g][c] = hn::Zero(d);
    }
    for (std::size_t j = 0; j < keys; ++j) {
      const T* row = v + j * kWidth + i;
      Vector values[kColumns];
      UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) {
        prefetch_ahead(row + c * kLanes, i + c * kLanes);
        values[c] = load_floats(row + c * kLanes);
      }
      UNAIDED_UNROLL for (std::size_t g = 0; g < kGroup; ++g) {
        const Vector weight = hn::Set(d, group.scores[g][j]);
        UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) {
          sums[g][c] = hn::MulAdd(weight, values[c], sums[g][c]);
        }
      }
    }
    UNAIDED_UNROLL for (std::size_t g = 0; g < kGroup; ++g) {
      UNAIDED_UNROLL for (std::size_t c = 0; c < kColumns; ++c) {
        float* out = group.out + g * kWidth + i + c * kLanes;
        hn::Store(hn::Add(hn::Load(d, out), sums[g][c]), d, out);
      }
    }
  }
}

template <class T>
void attend(const T* q, const T* k, const T* v, T* out, std::size_t length) {
  Group group;
  for (std::size_t i = 0; i < kGroup * kWidth; ++i) group.q[i] = to_float(q[i]);
  std::fill(group.out, group.out + kGroup * kWidth, 0.0F);
  std::fill(&group.sums[0][0], &group.sums[0][0] + kGroup * kLanes, 0.0F);
  std::fill(group.max, group.max + kGroup, -kInfinity);

  for (std::size_t begin = 0; begin < length; begin += kBlock) {
    const std::size_t keys = std::min(kBlock, length - begin);
    score_block(k + begin * kWidth, keys, group);
    for (std::size_t g = 0; g < kGroup; ++g) weigh_block(g, group);
    add_values(v + begin * kWidth, keys, group);
  }

  for (std::size_t g = 0; g < kGroup; ++g) {
    const float sum = sum_of(hn::Load(Floats(), group.sums[g]));
    for (std::size_t i = g * kWidth; i < (g + 1) * kWidth; ++i) {
      store_rounded(group.out[i] / sum, out + i);
    }
  }
}

template <class T>
HWY_INLINE void attend_all(const T* q, const T* k, const T* v, T* out, Sizes sizes) {
  for (std::size_t head = 0; head < sizes.heads; ++head) {
    const std::size_t queries = head * kGroup * kWidth, keys = head * sizes.length * kWidth;
    attend(q + queries, k + keys, v + keys, out + queries, sizes.length);
  }
}

void attend_float32(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  attend_all(q, k, v, out, sizes);
}

void attend_bfloat16(const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, Bfloat16* out,
                     Sizes sizes) {
  attend_all(q, k, v, out, sizes);
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::attention_decode
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::attention_decode {

HWY_EXPORT(attend_float32);
HWY_EXPORT(attend_bfloat16);

void fast(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  HWY_DYNAMIC_DISPATCH(attend_float32)(q, k, v, out, sizes);
}

void fast(const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, Bfloat16* out, Sizes sizes) {
  HWY_DYNAMIC_DISPATCH(attend_bfloat16)(q, k, v, out, sizes);
}

}  // namespace unaided::bench::attention_decode
#endif  // HWY_ONCE
