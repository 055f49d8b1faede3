#include "cuda_toolkit.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

/// A folder like a toolkit's, with an nvcc that says this version.
void make_toolkit(const fs::path& folder, const std::string& version) {
  const fs::path nvcc = folder / "bin/nvcc";
  write_text_file(nvcc, "#!/bin/sh\necho 'Cuda compilation tools, release 1, V" + version + "'\n");
  fs::permissions(nvcc, fs::perms::owner_all);
  fs::create_directories(folder / "nvvm");
  write_text_file(folder / "include/cuda_runtime.h", "");
}

class CudaToolkitTest : public testing::Test {
 protected:
  fs::path root() const { return fs::canonical(folder_.path()); }

  TemporaryFolder folder_;
  ToolkitPlaces places_{(folder_.path() / "path/bin").string() + ":relative",
                        folder_.path() / "local", folder_.path() / "wheels", 13};
};

TEST_F(CudaToolkitTest, PathComesBeforeLocalAndLocalBeforeWheels) {
  make_toolkit(root() / "wheels/nvidia/cu13", "13.0.88");
  EXPECT_EQ(find_cuda_toolkit(places_).toolkit->folder, root() / "wheels/nvidia/cu13");
  make_toolkit(root() / "local", "13.1.2");
  EXPECT_EQ(find_cuda_toolkit(places_).toolkit->folder, root() / "local");
  make_toolkit(root() / "path", "13.2.3");
  const CudaToolkit toolkit = *find_cuda_toolkit(places_).toolkit;
  EXPECT_EQ(toolkit.folder, root() / "path");
  EXPECT_EQ(toolkit.version, "13.2.3");
  EXPECT_EQ(toolkit.major(), 13);
}

TEST_F(CudaToolkitTest, AToolkitOfAnotherMajorVersionIsPassedOverAndTold) {
  make_toolkit(root() / "local", "12.4.131");
  const ToolkitFinding finding = find_cuda_toolkit(places_);
  EXPECT_FALSE(finding.toolkit);
  EXPECT_NE(finding.absence.find("is CUDA 12.4.131, LibTorch's runtime is CUDA 13"),
            std::string::npos)
      << finding.absence;
  make_toolkit(root() / "wheels/nvidia/cu13", "13.0.88");
  EXPECT_EQ(find_cuda_toolkit(places_).toolkit->version, "13.0.88");
}

TEST_F(CudaToolkitTest, ALinkIsFollowedToTheToolkit) {
  make_toolkit(root() / "elsewhere", "13.0.88");
  fs::create_directories(root() / "path/bin");
  fs::create_symlink(root() / "elsewhere/bin/nvcc", root() / "path/bin/nvcc");
  EXPECT_EQ(find_cuda_toolkit(places_).toolkit->folder, root() / "elsewhere");
}

TEST_F(CudaToolkitTest, AnNvccOutsideAToolkitWouldShowItsSurroundingsAndIsPassedOver) {
  make_toolkit(root() / "path", "13.0.88");
  fs::remove_all(root() / "path/nvvm");
  const ToolkitFinding finding = find_cuda_toolkit(places_);
  EXPECT_FALSE(finding.toolkit);
  EXPECT_NE(finding.absence.find("not in a toolkit's folder"), std::string::npos);
}

TEST_F(CudaToolkitTest, NothingFoundSaysHowToGetOne) {
  EXPECT_EQ(find_cuda_toolkit(places_).absence,
            "there is no nvcc: ./unaided setup --toolkit fetches one");
}

TEST(NativeArchitecture, CardsFromHopperOnHaveFeaturesOfTheirOwn) {
  EXPECT_EQ(native_architecture(8, 6), "86");
  EXPECT_EQ(native_architecture(9, 0), "90a");
  EXPECT_EQ(native_architecture(12, 0), "120a");
}

}  // namespace
}  // namespace unaided
