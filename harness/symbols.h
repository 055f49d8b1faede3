#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unaided {

/// The global names of one ELF object, mangled.
struct ObjectSymbols {
  std::vector<std::string> defined;
  std::vector<std::string> undefined;
};

/// Reads the symbol table of a 64-bit ELF relocatable object. The object may be hostile: every
/// offset is checked. Throws Fault when it is not such an object.
ObjectSymbols read_symbols(const std::filesystem::path& object);

/// "kata::attention(at::Tensor const&)" of a mangled name, or the name itself. For the checks' own
/// names only: a few hundred bytes of a hostile one can demangle to gigabytes.
std::string demangled(const std::string& symbol);

/// "kata::attention" of a mangled name, or the name itself, at most 200 bytes. In linear time.
std::string qualified_name(const std::string& symbol);

/// The qualified name of the first undefined symbol that an attempt may not refer to; empty when
/// there is none. Matches `operators` (globs) against each part of names in at::, torch:: and
/// c10::, so wrappers, at::_ops, at::native and at::cpu forms are all found; and the fixed list of
/// names by which an attempt could reach the checks, switch off the operator observer or look
/// symbols up by name.
std::string forbidden_symbol(const ObjectSymbols& attempt,
                             const std::vector<std::string>& operators);

/// Functions in namespace kata that `checks` call and `attempt` does not define, demangled.
std::vector<std::string> missing_functions(const ObjectSymbols& checks,
                                           const ObjectSymbols& attempt);

}  // namespace unaided
