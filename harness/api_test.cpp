#include "api.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fault.h"
#include "installation.h"

namespace unaided {
namespace {

std::filesystem::path include() {
  const std::filesystem::path build = UNAIDED_BUILD;
  return read_installation(build / "installation.json").libtorch_include.at(0);
}

bool any_has(const ApiEntry& entry, const std::string& text) {
  return std::any_of(
      entry.signatures.begin(), entry.signatures.end(),
      [&text](const std::string& one) { return one.find(text) != std::string::npos; });
}

TEST(Api, KnowsFunctionsAndMethodsFromTheHeaders) {
  const ApiEntry entry = look_up_api(include(), "softmax");
  EXPECT_TRUE(any_has(entry, "torch::Tensor softmax(const torch::Tensor& self, int64_t dim"));
  EXPECT_TRUE(any_has(entry, "torch::Tensor Tensor::softmax(int64_t dim"));
  EXPECT_FALSE(any_has(entry, "_out"));
  EXPECT_EQ(entry.example, "torch::softmax(x, /*dim=*/-1)");
  EXPECT_TRUE(any_has(look_up_api(include(), "erfinv"), "Tensor::erfinv")) << "also without a note";
}

TEST(Api, EveryNoteHasASignatureAndAnExample) {
  for (const std::string& word : api_words()) {
    const ApiEntry entry = look_up_api(include(), word);
    EXPECT_FALSE(entry.signatures.empty()) << word;
    EXPECT_FALSE(entry.example.empty()) << word;
  }
}

TEST(Api, RefusesWhatItDoesNotKnowWithTheNearestWord) {
  try {
    look_up_api(include(), "sofmax");
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("'softmax'"), std::string::npos) << fault.what();
  }
  EXPECT_THROW(look_up_api(include(), "../../etc/passwd"), Fault);
  EXPECT_THROW(look_up_api(include(), ""), Fault);
}

TEST(Api, WritesSignaturesAsAnAttemptWould) {
  EXPECT_EQ(readable_signature("inline ::std::tuple<at::Tensor,at::Tensor> topk(const at::Tensor & "
                               "self, int64_t k) {"),
            "std::tuple<torch::Tensor,torch::Tensor> topk(const torch::Tensor& self, int64_t k)");
}

}  // namespace
}  // namespace unaided
