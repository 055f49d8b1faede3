#pragma once

// The header that attempts are compiled with, for the code that implements it. It has no guard of
// its own, and what it defines as macros would change what is included after it.
#include "../attempt_headers/cuda.h"

#undef __global__
#undef __device__
#undef __host__
#undef __constant__
#undef __shared__
#undef __grid_constant__
#undef __forceinline__
#undef __launch_bounds__
#undef __align__
#undef __noinline__
