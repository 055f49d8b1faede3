#pragma once

#include <string>

#include "render.h"

namespace unaided {

/// The part of render_report() that tells which checks failed and why: the first ones of the lowest
/// level that fails in full, the others by name. Empty when none failed.
std::string render_failures(const GradeReport& report, const ReportView& view,
                            const Terminal& terminal);

}  // namespace unaided
