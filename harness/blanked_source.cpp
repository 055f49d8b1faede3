#include "blanked_source.h"

#include <algorithm>

namespace unaided {
namespace {

constexpr std::size_t kNone = std::string::npos;

class Blanked {
 public:
  explicit Blanked(std::string_view source) : text_(source) {
    while (at_ < text_.size()) step();
  }

  std::string text() && { return std::move(text_); }

 private:
  void step() {
    const std::string_view rest = std::string_view(text_).substr(at_);
    if (rest.starts_with("//")) return blank(line_end());
    if (rest.starts_with("/*")) return blank(end_of("*/", 2));
    if (rest.starts_with("R\"") && (at_ == 0 || !is_word_character(text_[at_ - 1])))
      return blank_raw();
    if (rest[0] == '"') return blank_literal('"');
    const bool digit_separator = rest[0] == '\'' && at_ > 0 && is_word_character(text_[at_ - 1]);
    if (rest[0] == '\'' && !digit_separator) return blank_literal('\'');
    ++at_;
  }

  /// A comment may go on after a backslash at the end of its line.
  std::size_t line_end() const {
    std::size_t end = text_.find('\n', at_);
    while (end != kNone && end > 0 && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
    return std::min(end, text_.size());
  }

  std::size_t end_of(const std::string& mark, std::size_t skip) const {
    const std::size_t found = text_.find(mark, at_ + skip);
    return found == kNone ? text_.size() : found + mark.size();
  }

  void blank_raw() {
    const std::size_t open = text_.find('(', at_);
    if (open == kNone) return blank(text_.size());
    blank(end_of(")" + text_.substr(at_ + 2, open - at_ - 2) + "\"", 2));
  }

  void blank_literal(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    blank(std::min(end + 1, text_.size()));
  }

  /// Literals leave a digit behind: something stands there.
  void blank(std::size_t end) {
    const bool literal = text_[at_] != '/';
    for (std::size_t i = at_; i < end; ++i) {
      if (text_[i] != '\n') text_[i] = ' ';
    }
    if (literal) text_[at_] = '0';
    at_ = std::max(end, at_ + 1);
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string blanked(std::string_view source) {
  return Blanked(source).text();
}

bool is_word_character(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace unaided
