// Two sources: ATen/ops/<word>.h has the functions, ATen/core/TensorBody.h the methods, both made
// by LibTorch's own code generator in one form, so that lines can be told by how they begin.
#include "api.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "api_notes.h"
#include "fault.h"
#include "spelling.h"
#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytesMax = std::size_t{4} << 20;
constexpr std::size_t kSignaturesMax = 8;
constexpr std::string_view kInline = "inline ";

bool is_word(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char byte) {
    return std::isalnum(byte) != 0 || byte == '_';
  });
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
  return text;
}

/// The functions called exactly `word`; not their _out and _symint forms.
void add_functions(const fs::path& include, const std::string& word, ApiEntry& entry) {
  const fs::path header = include / "ATen/ops" / (word + ".h");
  if (!fs::exists(header)) return;
  const std::string text = read_text_file(header, kHeaderBytesMax);
  for (const std::string_view line : split_lines(text)) {
    const bool named = line.find(" " + word + "(") != std::string_view::npos;
    if (!line.starts_with(kInline) || !named) continue;
    entry.signatures.push_back(readable_signature(line));
  }
}

void add_methods(const fs::path& include, const std::string& word, ApiEntry& entry) {
  const fs::path header = include / "ATen/core/TensorBody.h";
  if (!fs::exists(header)) return;
  const std::string text = read_text_file(header, kHeaderBytesMax);
  for (const std::string_view line : split_lines(text)) {
    const std::size_t at = line.find(" " + word + "(");
    const bool declared = line.starts_with("  ") && !line.starts_with("   ") &&
                          line.find(") const;") != std::string_view::npos;
    if (at == std::string_view::npos || !declared) continue;
    std::string method(line);
    method.insert(at + 1, "Tensor::");
    entry.signatures.push_back(readable_signature(method));
  }
}

const ApiNote* note_of(const std::string& word) {
  const auto notes = api_notes();
  const auto found = std::find_if(notes.begin(), notes.end(),
                                  [&word](const ApiNote& note) { return note.word == word; });
  return found == notes.end() ? nullptr : &*found;
}

}  // namespace

std::string readable_signature(std::string_view declaration) {
  std::string text(declaration);
  if (text.starts_with(kInline)) text.erase(0, kInline.size());
  text = text.substr(0, text.find(" {"));
  text = replaced(std::move(text), "::std::", "std::");
  text = replaced(std::move(text), "at::", "torch::");
  text = replaced(std::move(text), " & ", "& ");
  const std::size_t start = text.find_first_not_of(' ');
  const std::size_t end = text.find_last_not_of(" ;");
  return start == std::string::npos ? "" : text.substr(start, end - start + 1);
}

ApiEntry look_up_api(const fs::path& include, const std::string& word) {
  if (!is_word(word)) throw Fault("'" + word + "' is no name: letters, digits and underscores");
  ApiEntry entry;
  const ApiNote* note = note_of(word);
  if (note != nullptr) {
    entry.example = note->example;
    if (!note->signature.empty()) entry.signatures.emplace_back(note->signature);
  }
  if (entry.signatures.empty()) {
    add_functions(include, word, entry);
    add_methods(include, word, entry);
  }
  if (entry.signatures.size() > kSignaturesMax) entry.signatures.resize(kSignaturesMax);
  if (!entry.signatures.empty()) return entry;
  throw Fault(fmt::format("nothing is known of '{}'{}", word, did_you_mean(word, api_words())));
}

std::vector<std::string> api_words() {
  std::vector<std::string> words;
  for (const ApiNote& note : api_notes()) words.emplace_back(note.word);
  return words;
}

}  // namespace unaided
