// What an attempt's object refers to. An operator observer sees calls that go through LibTorch's
// dispatcher; a direct call of at::native::… does not pass there, but its name is in the object.
#include "symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "fault.h"
#include "text_file.h"

namespace unaided {

namespace {

constexpr std::size_t kObjectBytesMax = std::size_t{256} << 20;
constexpr std::size_t kShownBytesMax = 200;

/// Qualified names lie in these or start with them, or are equal to them where they are C
/// functions.
constexpr std::array<std::string_view, 37> kForbiddenNames{
    // the checks and the worker
    "testing::", "support::", "unaided::", "unaided_check_library",
    // names looked up at run time
    "dlopen", "dlmopen", "dlsym", "dlvsym", "dladdr", "dladdr1", "dlinfo", "dl_iterate_phdr",
    "_dl_", "_r_debug", "_rtld_global", "_rtld_global_ro", "__libc_dlsym",
    // operators past the dispatcher, in its place or through it by name
    "at::native::", "at::cpu::", "at::compositeexplicitautograd::",
    "at::compositeimplicitautograd::", "c10::Dispatcher::", "c10::OperatorHandle::",
    "c10::KernelFunction::", "c10::RegisterOperators::", "torch::Library::",
    "torch::detail::TorchLibraryInit::",
    // the operator observer
    "at::RecordFunctionGuard::", "at::DisableRecordFunctionGuard::", "at::enableRecordFunction",
    "at::removeCallback", "at::clearCallbacks", "at::clearGlobalCallbacks",
    "at::clearThreadLocalCallbacks", "at::disableCallback", "at::reenableCallback",
    "at::set_record_function_tls_"};

/// A view of the object's bytes whose parts are handed out only when they lie within it.
class Image {
 public:
  explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}

  template <typename T>
  std::vector<T> table(std::uint64_t offset, std::uint64_t count) const {
    if (offset > bytes_.size() || count > (bytes_.size() - offset) / sizeof(T)) {
      throw Fault("the attempt's object is not a valid ELF file");
    }
    std::vector<T> entries(count);
    if (count > 0) std::memcpy(entries.data(), bytes_.data() + offset, count * sizeof(T));
    return entries;
  }

 private:
  std::string bytes_;
};

/// Without the version that an assembler directive may have added: "dlsym@GLIBC_2.34".
std::string name_at(const std::vector<char>& strings, std::uint32_t offset) {
  if (offset >= strings.size()) return {};
  const auto start = strings.begin() + offset;
  const std::string name(start, std::find(start, strings.end(), '\0'));
  return name.substr(0, name.find('@', 1));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The identifier whose length stands at `at` in a mangled name ("6Tensor" → Tensor), or empty.
std::string_view identifier_at(std::string_view mangled, std::size_t at) {
  std::size_t length = 0;
  std::size_t end = at;
  while (end < mangled.size() && end < at + 6 && is_digit(mangled[end])) {
    length = length * 10 + static_cast<std::size_t>(mangled[end++] - '0');
  }
  return end > at && length <= mangled.size() - end ? mangled.substr(end, length)
                                                    : std::string_view();
}

/// The parts of a mangled name's own name, up to template arguments and parameters.
std::vector<std::string_view> name_parts(std::string_view mangled) {
  std::vector<std::string_view> parts;
  if (!mangled.starts_with("_Z")) return parts;
  std::size_t at = std::min(mangled.find_first_of("0123456789"), mangled.size());
  while (true) {
    const std::string_view part = identifier_at(mangled, at);
    if (part.empty()) return parts;
    parts.push_back(part);
    at = static_cast<std::size_t>(part.data() - mangled.data()) + part.size();
  }
}

bool is_forbidden_name(const std::string& name) {
  return std::any_of(kForbiddenNames.begin(), kForbiddenNames.end(), [&](std::string_view entry) {
    const bool prefix = entry.ends_with('_') || entry.find("::") != std::string_view::npos;
    return prefix ? (name + "::").starts_with(entry) : name == entry;
  });
}

/// Looks at every place where a length could stand, so that no odd mangling hides a name.
bool calls_operator(std::string_view mangled, const std::vector<std::string>& operators) {
  const std::vector<std::string_view> parts = name_parts(mangled);
  if (parts.empty() || (parts[0] != "at" && parts[0] != "torch" && parts[0] != "c10")) return false;
  for (std::size_t at = 0; at < mangled.size(); ++at) {
    const std::string part(identifier_at(mangled, at));
    const bool forbidden = std::any_of(
        operators.begin(), operators.end(),
        [&](const std::string& glob) { return fnmatch(glob.c_str(), part.c_str(), 0) == 0; });
    if (!part.empty() && forbidden) return true;
  }
  return false;
}

}  // namespace

ObjectSymbols read_symbols(const std::filesystem::path& object) {
  const Image image(read_text_file(object, kObjectBytesMax));
  const Elf64_Ehdr header = image.table<Elf64_Ehdr>(0, 1)[0];
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) {
    throw Fault(object.string() + " is not a 64-bit ELF object");
  }
  ObjectSymbols symbols;
  // An object with very many sections has their number in the first one.
  const std::uint64_t section_count =
      header.e_shnum != 0 ? header.e_shnum : image.table<Elf64_Shdr>(header.e_shoff, 1)[0].sh_size;
  const auto sections = image.table<Elf64_Shdr>(header.e_shoff, section_count);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& names = sections[section.sh_link];
    const auto strings = image.table<char>(names.sh_offset, names.sh_size);
    const auto entries =
        image.table<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym));
    for (const Elf64_Sym& entry : entries) {
      if (ELF64_ST_BIND(entry.st_info) == STB_LOCAL) continue;
      auto& list = entry.st_shndx == SHN_UNDEF ? symbols.undefined : symbols.defined;
      list.push_back(name_at(strings, entry.st_name));
    }
  }
  return symbols;
}

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? text.get() : symbol;
}

std::string qualified_name(const std::string& symbol) {
  std::string name;
  for (const std::string_view part : name_parts(symbol)) {
    if (!name.empty()) name += "::";
    name += part.substr(0, kShownBytesMax);
  }
  return (name.empty() ? symbol : name).substr(0, kShownBytesMax);
}

std::string forbidden_symbol(const ObjectSymbols& attempt,
                             const std::vector<std::string>& operators) {
  for (const std::string& symbol : attempt.undefined) {
    const std::string name = qualified_name(symbol);
    if (is_forbidden_name(name) || calls_operator(symbol, operators)) return name;
  }
  return {};
}

std::vector<std::string> missing_functions(const ObjectSymbols& checks,
                                           const ObjectSymbols& attempt) {
  std::vector<std::string> missing;
  for (const std::string& symbol : checks.undefined) {
    if (std::find(attempt.defined.begin(), attempt.defined.end(), symbol) !=
        attempt.defined.end()) {
      continue;
    }
    const std::string name = demangled(symbol);
    if (name.starts_with("kata::")) missing.push_back(name);
  }
  return missing;
}

}  // namespace unaided
