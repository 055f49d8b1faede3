#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unaided {

/// The offline reference that real rounds allow: signatures out of the installed headers, with a
/// line of how it is used.
struct ApiEntry {
  std::vector<std::string> signatures;  // "torch::Tensor softmax(const Tensor& self, …)"
  std::string example;                  // may be empty
};

/// What LibTorch's headers below `include` (and our own notes, nlohmann::json's words among them)
/// know of `word`. Throws Fault for a word that neither knows, with the nearest one.
ApiEntry look_up_api(const std::filesystem::path& include, const std::string& word);

/// Every word of our own notes, sorted.
std::vector<std::string> api_words();

/// A declaration as headers write it, in the words of an attempt: at:: is torch::, no ::std. Pure.
std::string readable_signature(std::string_view declaration);

}  // namespace unaided
