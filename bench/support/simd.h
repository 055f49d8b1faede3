// Which instruction set the fast rungs run on: the best that the processor has, or a lower one that
// was asked for, so that the ladder of an AVX2 machine can be climbed on an AVX-512 one.
#pragma once

#include <string>

namespace unaided::bench {

/// The instruction set that fast rungs use from the next call on: "AVX-512", "AVX2", "SSE4", or
/// Highway's own name on other processors.
std::string simd_name();

/// Fast rungs use at most this instruction set: "avx512", "avx2" or "sse4"; "" is no limit.
/// Throws Fault for any other name. Other libraries know nothing of it: LibTorch has its own
/// ATEN_CPU_CAPABILITY=avx2, MKL_ENABLE_INSTRUCTIONS=AVX2 and ONEDNN_MAX_CPU_ISA=AVX2.
void limit_simd(const std::string& name);

/// limit_simd() by the environment variable UNAIDED_BENCH_SIMD, unset: no limit. kernels() does it
/// when it is first called.
void limit_simd_by_environment();

}  // namespace unaided::bench
