#pragma once

#include <map>
#include <string>
#include <string_view>

namespace unaided {

/// A starter or reference, cut at its lines `// level K`. The region of level K runs from that line
/// to the next such line or the end; what comes before the first is the preamble.
struct Regions {
  std::string preamble;
  std::map<int, std::string> levels;  // each starts with its `// level K` line
};

Regions cut_regions(std::string_view source);

/// The file that a drill of `level` starts with: the reference's preamble and its regions of the
/// levels below, labelled as given, then the starter's region of `level`. A drill of level 1 starts
/// with the starter's own preamble. Throws Fault when a region is missing.
std::string drill_source(std::string_view starter, std::string_view reference, int level);

}  // namespace unaided
