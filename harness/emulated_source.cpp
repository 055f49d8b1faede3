// CUDA C++ is C++ but for the launch, `kernel<<<grid, block>>>(arguments)`, and for where shared
// memory lives. Both are rewritten as text, so that the host's compiler can do the rest:
//
//   k<T><<<g, b>>>(x);         prepare([=](auto... a) { k<T>(a...); }, g, b)(x);
//   __shared__ float s[32];    the same (a static variable), and an object that tells the device
//   extern __shared__ T s[];   T (* const s) = DynamicShared{};
//
// What is looked for is looked for in a copy of the text in which comments and literals are blank.
// Nothing is inserted that holds a line break, so that messages name the candidate's lines.
#include "emulated_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "blanked_source.h"

namespace unaided {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::string_view kSpaces = " \t\r\n\v\f";

/// Headers of the runtime: what the emulated device has of them is there without an include.
constexpr std::array<std::string_view, 4> kRuntimeHeaders{
    "cuda_runtime.h", "cuda_runtime_api.h", "device_launch_parameters.h", "math_constants.h"};

/// How the names of other headers of CUDA begin.
constexpr std::array<std::string_view, 10> kAbsentHeaders{
    "cub/",        "thrust/",       "cuda/", "cooperative_groups", "cuda_fp",
    "cuda_bf16.h", "cuda_pipeline", "mma.h", "cutlass/",           "cute/"};

struct Edit {
  std::size_t at;
  std::size_t removed;
  std::string inserted;
};

class Rewriter {
 public:
  Rewriter(const std::string& name, std::string_view source)
      : name_(name), source_(source), code_(blanked(source)) {}

  EmulatedSource run() {
    rewrite_includes();
    refuse_assembler();
    for_each("<<<", [this](std::size_t at) { rewrite_launch(at); });
    for_each_word("__shared__", [this](std::size_t at) { rewrite_shared(at); });
    if (!refusal_.empty()) return {"", refusal_};
    return {applied(), ""};
  }

 private:
  template <typename Action>
  void for_each(std::string_view mark, Action action) {
    for (std::size_t at = code_.find(mark); at != kNone && refusal_.empty();
         at = code_.find(mark, at + mark.size())) {
      action(at);
    }
  }

  template <typename Action>
  void for_each_word(std::string_view word, Action action) {
    for_each(word, [&](std::size_t at) {
      const std::size_t end = at + word.size();
      const bool begins = at == 0 || !is_word_character(code_[at - 1]);
      const bool ends = end >= code_.size() || !is_word_character(code_[end]);
      if (begins && ends) action(at);
    });
  }

  void refuse(std::size_t at, std::string_view why) {
    if (!refusal_.empty()) return;
    const std::string_view before = source_.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') == kNone ? 0 : before.rfind('\n') + 1;
    refusal_ = fmt::format("{}:{}:{}: error: {}\n", name_, line, at - line_start + 1, why);
  }

  void rewrite_includes() {
    for_each("#", [this](std::size_t hash) {
      const std::size_t word = code_.find_first_not_of(" \t", hash + 1);
      if (word == kNone || !std::string_view(code_).substr(word).starts_with("include")) return;
      const std::size_t open = source_.find_first_of("<\"\n", word);
      if (open == kNone || source_[open] == '\n') return;
      const std::size_t close = source_.find_first_of(">\"\n", open + 1);
      if (close == kNone || source_[close] == '\n') return;
      rewrite_include(hash, close + 1, source_.substr(open + 1, close - open - 1));
    });
  }

  void rewrite_include(std::size_t begin, std::size_t end, std::string_view header) {
    const auto is_header = [header](std::string_view known) { return header == known; };
    const auto begins_so = [header](std::string_view known) { return header.starts_with(known); };
    if (std::any_of(kRuntimeHeaders.begin(), kRuntimeHeaders.end(), is_header)) {
      edits_.push_back({begin, end - begin, ""});
    } else if (std::any_of(kAbsentHeaders.begin(), kAbsentHeaders.end(), begins_so)) {
      refuse(begin, fmt::format("the emulated device has no <{}>: use shared memory, barriers and "
                                "warp shuffles, which need no header",
                                header));
    }
  }

  void refuse_assembler() {
    for (const std::string_view word : {"asm", "__asm__"}) {
      for_each_word(word, [this](std::size_t at) {
        refuse(at, "the emulated device runs no assembler: write it in CUDA C++");
      });
    }
  }

  void rewrite_launch(std::size_t open) {
    const std::size_t name = callee_start(open);
    const std::size_t close = launch_end(open + 3);
    const std::size_t call = close == kNone ? kNone : code_.find_first_not_of(kSpaces, close + 3);
    if (name == kNone) return refuse(open, "a launch needs a kernel's name before `<<<`");
    if (close == kNone) return refuse(open, "this `<<<` of a launch has no `>>>`");
    if (call == kNone || code_[call] != '(') {
      return refuse(close, "a launch needs its arguments, in parentheses, after `>>>`");
    }
    edits_.push_back({name, 0, "::emulated_device::prepare([=](auto... unaided_arguments) { "});
    edits_.push_back({open, 3, "(unaided_arguments...); }, "});
    edits_.push_back({close, 3, ")"});
  }

  /// Where the `>>>` of a launch stands, or kNone.
  std::size_t launch_end(std::size_t at) const {
    int depth = 0;
    for (; at + 3 <= code_.size(); ++at) {
      const char c = code_[at];
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
      if (depth < 0 || (c == ';' && depth == 0)) return kNone;
      if (depth == 0 && code_.compare(at, 3, ">>>") == 0) return at;
    }
    return kNone;
  }

  /// Where the expression that ends before `end` and is launched begins: `k`, `k<T, 4>`, `n::k`,
  /// `(k)`. kNone when there is none.
  std::size_t callee_start(std::size_t end) const {
    std::size_t start = kNone;
    for (;;) {
      const std::size_t part = part_start(end);
      if (part == kNone) return start;
      start = part;
      const std::size_t before = last_code(start);
      if (before == kNone || before == 0 || code_.compare(before - 1, 2, "::") != 0) return start;
      start = end = before - 1;
    }
  }

  /// The last place before `end` that is not blank.
  std::size_t last_code(std::size_t end) const {
    return end == 0 ? kNone : std::string_view(code_).find_last_not_of(kSpaces, end - 1);
  }

  std::size_t part_start(std::size_t end) const {
    std::size_t last = last_code(end);
    if (last == kNone) return kNone;
    if (code_[last] == ')') return opening(last, '(', ')');
    if (code_[last] == '>') {
      const std::size_t angle = opening(last, '<', '>');
      last = angle == kNone ? kNone : last_code(angle);
    }
    if (last == kNone || !is_word_character(code_[last])) return kNone;
    while (last > 0 && is_word_character(code_[last - 1])) --last;
    return last;
  }

  /// The bracket that the one at `close` closes; what stands in parentheses between is skipped.
  std::size_t opening(std::size_t close, char left, char right) const {
    int depth = 0;
    for (std::size_t at = close + 1; at-- > 0;) {
      if (code_[at] == ';') return kNone;
      if (code_[at] == ')' && right != ')') {
        at = opening(at, '(', ')');
        if (at == kNone) return kNone;
        continue;
      }
      if (code_[at] == right) ++depth;
      if (code_[at] == left && --depth == 0) return at;
    }
    return kNone;
  }

  void rewrite_shared(std::size_t word) {
    const std::size_t begin = word + std::string_view("__shared__").size();
    const std::size_t end = declaration_end(begin);
    if (end == kNone) return refuse(word, "this declaration of shared memory has no end");
    const std::size_t before = last_code(word);
    const std::size_t earlier = before == kNone ? 0 : before + 1;
    const bool is_extern = std::string_view(code_).substr(0, earlier).ends_with("extern");
    if (is_extern) return rewrite_dynamic(earlier - 6, word, begin, end);
    std::string uses;
    for (const auto& [first, last] : declarators(begin, end)) {
      const std::string_view declared = std::string_view(code_).substr(first, last - first);
      uses +=
          fmt::format(" const ::emulated_device::SharedUse unaided_shared_{0}(&{1}, sizeof({1}));",
                      shared_count_++, declared);
    }
    edits_.push_back({end + 1, 0, uses});
  }

  void rewrite_dynamic(std::size_t external, std::size_t word, std::size_t begin, std::size_t end) {
    const auto names = declarators(begin, end);
    const std::size_t bracket = names.empty() ? kNone : code_.find('[', names[0].second);
    const std::size_t close =
        bracket == kNone ? kNone : code_.find_first_not_of(kSpaces, bracket + 1);
    if (names.size() != 1 || close == kNone || close > end || code_[close] != ']') {
      return refuse(word, "dynamic shared memory is declared as `extern __shared__ T name[];`");
    }
    edits_.push_back({external, 6, ""});
    edits_.push_back({word, begin - word, ""});
    edits_.push_back({names[0].first, 0, "(* const "});
    edits_.push_back({bracket, close + 1 - bracket, ")"});
    edits_.push_back({end, 0, " = ::emulated_device::DynamicShared{}"});
  }

  /// Where the `;` of a declaration stands.
  std::size_t declaration_end(std::size_t at) const {
    int depth = 0;
    for (; at < code_.size(); ++at) {
      const char c = code_[at];
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
      if (depth < 0) return kNone;
      if (c == ';' && depth == 0) return at;
    }
    return kNone;
  }

  /// The names that a declaration between `begin` and `end` declares, each from first to past last.
  std::vector<std::pair<std::size_t, std::size_t>> declarators(std::size_t begin,
                                                               std::size_t end) const {
    std::vector<std::pair<std::size_t, std::size_t>> names;
    int depth = 0;
    int angles = 0;  // of templates; what stands in brackets may compare
    std::size_t name_end = kNone;
    for (std::size_t at = begin; at <= end; ++at) {
      const char c = code_[at];
      const bool outside = depth == 0 && angles == 0;
      if (outside && name_end == kNone && (c == '[' || c == '=' || c == '{')) name_end = at;
      if (outside && (c == ',' || at == end)) {
        const std::size_t last = last_code(name_end == kNone ? at : name_end);
        std::size_t first = last + 1;
        while (first > begin && is_word_character(code_[first - 1])) --first;
        if (first <= last) names.emplace_back(first, last + 1);
        name_end = kNone;
      }
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
      if (depth == 0 && c == '<') ++angles;
      if (depth == 0 && c == '>') --angles;
    }
    return names;
  }

  std::string applied() {
    std::stable_sort(edits_.begin(), edits_.end(),
                     [](const Edit& a, const Edit& b) { return a.at < b.at; });
    std::string text;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      text += source_.substr(at, edit.at - at);
      text += edit.inserted;
      const std::string_view removed = source_.substr(edit.at, edit.removed);
      text.append(static_cast<std::size_t>(std::count(removed.begin(), removed.end(), '\n')), '\n');
      at = edit.at + edit.removed;
    }
    return text + std::string(source_.substr(at));
  }

  const std::string& name_;
  std::string_view source_;
  std::string code_;
  std::vector<Edit> edits_;
  std::string refusal_;
  int shared_count_ = 0;
};

}  // namespace

EmulatedSource emulated_source(const std::string& name, std::string_view cuda) {
  return Rewriter(name, cuda).run();
}

}  // namespace unaided
