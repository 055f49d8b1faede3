#pragma once

#include <string>

#include "ladder.h"
#include "terminal.h"

namespace unaided {

/// The ladders as a screen of text that ends with a newline: of each problem one row a rung, what
/// was wrong, what spoils the figures; then where the attempt stands and what the next rung does.
std::string render_ladders(const BenchReport& report, const Terminal& terminal);

/// One line that redraws itself: "[#####     ] 41 s left, softmax 64x128256: round 3 of about 15".
/// `done` from 0 to 1.
std::string render_progress(double done, double left_s, const std::string& text,
                            const Terminal& terminal);

/// "1.23 ms", "456 µs": three digits.
std::string time_text(double seconds, const Terminal& terminal);
/// "1.2 GB", "34 MB", "512 kB".
std::string bytes_text(double bytes);

}  // namespace unaided
