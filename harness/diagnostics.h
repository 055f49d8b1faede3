#pragma once

#include <string>

namespace unaided {

/// The compiler's words as a candidate needs them: the first few errors with the place in their own
/// file, the source line and a caret; an error inside a header is shown at the line of theirs that
/// led there; no template towers. `own_file` is the attempt's name.
std::string summarize_diagnostics(const std::string& output, const std::string& own_file);

}  // namespace unaided
