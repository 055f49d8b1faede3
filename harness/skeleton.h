#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unaided {

/// A file of a new kata, below the checkout's root.
struct SkeletonFile {
  std::filesystem::path path;
  std::string text;
};

/// Every file of a kata of one level that doubles a tensor, or numbers on a device: it builds, its
/// starter fails honestly and its reference passes, so that an author replaces parts of something
/// that works. What it lacks to be proven, `dev verify` says.
std::vector<SkeletonFile> kata_skeleton(const std::string& id, bool cuda = false);

}  // namespace unaided
