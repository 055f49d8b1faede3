#pragma once

#include <span>

namespace unaided {

/// A file of a skeleton; "@" stands for the kata's id in both.
struct SkeletonTemplate {
  const char* path;
  const char* text;
};

/// Those of a kata in CUDA, less what all katas have.
std::span<const SkeletonTemplate> cuda_skeleton_templates();

}  // namespace unaided
