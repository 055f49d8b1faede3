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
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>

#include "fault.h"

namespace unaided {

namespace {

constexpr std::size_t kObjectBytesMax = std::size_t{256} << 20;

/// Demangled names start with these, or are equal to them where they are C functions.
constexpr std::array<std::string_view, 22> kForbiddenNames{"testing::",
                                                           "support::",
                                                           "unaided::",
                                                           "dlopen",
                                                           "dlmopen",
                                                           "dlsym",
                                                           "dlvsym",
                                                           "dl_iterate_phdr",
                                                           "_dl_",
                                                           "__libc_dlsym",
                                                           "at::native::",
                                                           "at::cpu::",
                                                           "at::compositeexplicitautograd::",
                                                           "at::compositeimplicitautograd::",
                                                           "at::RecordFunctionGuard",
                                                           "at::enableRecordFunction",
                                                           "at::removeCallback",
                                                           "at::clearCallbacks",
                                                           "at::clearGlobalCallbacks",
                                                           "at::clearThreadLocalCallbacks",
                                                           "at::disableCallback",
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

std::string text_at(const std::vector<char>& strings, std::uint32_t offset) {
  if (offset >= strings.size()) return {};
  const auto start = strings.begin() + offset;
  return {start, std::find(start, strings.end(), '\0')};
}

Image read_object(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error || size > kObjectBytesMax) throw Fault("cannot read the object " + path.string());
  std::ifstream file(path, std::ios::binary);
  return Image(std::string(std::istreambuf_iterator<char>(file), {}));
}

bool is_forbidden_name(const std::string& name) {
  return std::any_of(kForbiddenNames.begin(), kForbiddenNames.end(), [&](std::string_view entry) {
    const bool prefix = entry.ends_with("::") || entry.ends_with('_') || entry.starts_with("at::");
    return prefix ? name.starts_with(entry) : name == entry;
  });
}

/// The demangled names of templates begin with their return type: "float*
/// at::Tensor::data<float>()".
std::string without_return_type(const std::string& name) {
  const std::size_t end = name.find_first_of("(<");
  const std::size_t space = name.rfind(' ', end);
  return space == std::string::npos ? name : name.substr(space + 1);
}

/// "at::_ops::matmul_out::call(at::Tensor const&)" → at, _ops, matmul_out, call.
std::vector<std::string> name_parts(const std::string& name) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < name.size() && name[i] != '(' && name[i] != '<'; ++i) {
    if (name.compare(i, 2, "::") == 0) {
      parts.emplace_back();
      ++i;
    } else {
      parts.back() += name[i];
    }
  }
  return parts;
}

bool calls_operator(const std::string& name, const std::vector<std::string>& operators) {
  const std::vector<std::string> parts = name_parts(name);
  if (parts[0] != "at" && parts[0] != "torch" && parts[0] != "c10") return false;
  return std::any_of(parts.begin() + 1, parts.end(), [&](const std::string& part) {
    return std::any_of(operators.begin(), operators.end(), [&](const std::string& glob) {
      return fnmatch(glob.c_str(), part.c_str(), 0) == 0;
    });
  });
}

}  // namespace

ObjectSymbols read_symbols(const std::filesystem::path& object) {
  const Image image = read_object(object);
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
      list.push_back(text_at(strings, entry.st_name));
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

std::string forbidden_symbol(const ObjectSymbols& attempt,
                             const std::vector<std::string>& operators) {
  for (const std::string& symbol : attempt.undefined) {
    const std::string name = without_return_type(demangled(symbol));
    if (is_forbidden_name(name) || calls_operator(name, operators)) return name;
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
