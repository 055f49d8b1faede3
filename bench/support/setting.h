#pragma once

#include <string>

#include "fingerprint.h"

namespace unaided::bench {

/// As many threads as asked, float arithmetic as LibTorch has it by default.
void settle(int threads);

/// The machine's fingerprint with what this process adds: threads, SIMD level, BLAS, LibTorch,
/// compiler, and `attempt_build`, how an attempt was compiled ("" for none).
Fingerprint full_fingerprint(int threads, const std::string& attempt_build);

}  // namespace unaided::bench
