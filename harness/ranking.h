#pragma once

#include <span>
#include <string>
#include <vector>

#include "cohort.h"
#include "terminal.h"

namespace unaided {

/// A standing with its place.
struct Ranked {
  int rank = 0;  // from 1; equals share one; 0 for an attempt about which nothing is known
  Standing standing;
};

/// By the share of checks that passed, equals by file name. An attempt that reached no check comes
/// after those that did, one that was not judged last and without a rank.
std::vector<Ranked> rank(std::vector<Standing> standings);

/// The table, and a line of counts below it. What an attempt's author chose is stripped of control
/// characters.
std::string render_ranking(std::span<const Ranked> ranking, const Terminal& terminal);

}  // namespace unaided
