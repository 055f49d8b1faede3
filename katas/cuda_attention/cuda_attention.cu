#include <cstdint>
#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

void causal_attention(const float* /*q*/, const float* /*k*/, const float* /*v*/, float* /*out*/,
                      std::int64_t /*heads*/, std::int64_t /*length*/, cudaStream_t /*stream*/) {
  // TODO: a block for some queries, and its way through the keys, tile by tile
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void strided_attention(const float* /*q*/, Strides /*q_strides*/, const float* /*k*/,
                       Strides /*k_strides*/, const float* /*v*/, Strides /*v_strides*/,
                       float* /*out*/, Strides /*out_strides*/, std::int64_t /*heads*/,
                       std::int64_t /*queries*/, std::int64_t /*keys*/, std::int64_t /*head_size*/,
                       cudaStream_t /*stream*/) {
  // TODO: which keys does a query see, and which tiles does a block need?
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

void decode_attention(const float* /*q*/, const float* /*k*/, const float* /*v*/, float* /*out*/,
                      float* /*scratch*/, std::int64_t /*heads*/, std::int64_t /*group*/,
                      std::int64_t /*keys*/, cudaStream_t /*stream*/) {
  // TODO: what does a block leave behind, so that another launch can merge it with the rest?
  throw std::logic_error("level 3: not written yet");
}

}  // namespace kata
