#pragma once

#include "gpu.h"
#include "installation.h"
#include "sandbox.h"

namespace unaided {

/// Adds to `policy` what CUDA needs to reach the cards: their device nodes, /sys, and the driver's
/// libraries where those lie outside what every sandbox shows. CUDA_VISIBLE_DEVICES and
/// CUDA_DEVICE_ORDER hold inside, too, so that numbers mean the same cards. Pure but for those.
void show_gpus(const GpuSurvey& survey, SandboxPolicy& policy);

/// Whether a program in a sandbox like `policy` sees the card that `gpu` is. Throws Fault with the
/// cause when it does not: nothing then runs, least of all on the processor instead.
void assert_gpu_seen(const Installation& installation, const SandboxPolicy& policy, const Gpu& gpu);

/// The assertion's judgement of what `unaided gpu --json` wrote inside. Throws Fault.
void judge_gpus_seen(const std::string& output, const Gpu& gpu);

}  // namespace unaided
