#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata.h"

namespace unaided {

/// What helps with a level, a little more each time: the behaviours that are checked, the idea
/// (from the notes), the skeleton of the reference. Throws Fault when the kata's files cannot be
/// read.
std::vector<std::string> hints_for(const Kata& kata, int level);

/// The suites of a source of checks, in order: "Softmax", "Scaling". Pure.
std::vector<std::string> behaviours_in(std::string_view checks);

/// `source` less what stands between the braces of its functions; comments stay. Pure.
std::string skeleton_of(std::string_view source);

}  // namespace unaided
