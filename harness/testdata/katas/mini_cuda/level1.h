#pragma once

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// Reverses `count` integers of device memory in place, 1 to 256 of them, on `stream`.
void reverse(int* x, int count, cudaStream_t stream);

}  // namespace kata
