#pragma once

#include "fingerprint.h"
#include "gpu.h"

namespace unaided {

/// What a time on a card depends on: the card, its architecture and highest clock, driver and CUDA;
/// and its clocks and temperature before and after, which are shown but not compared.
void add_card_facts(const GpuSurvey& before, const GpuSurvey& after, int index,
                    Fingerprint& fingerprint);

}  // namespace unaided
