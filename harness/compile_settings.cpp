#include "compile_settings.h"

#include <sstream>

namespace unaided {

namespace fs = std::filesystem;

std::vector<std::string> compile_arguments(const Installation& installation) {
  std::vector<std::string> arguments{"-std=c++20", "-O0", "-fPIC"};
  for (const fs::path& folder : installation.libtorch_include) {
    arguments.insert(arguments.end(), {"-isystem", folder.string()});
  }
  return arguments;
}

std::vector<std::string> attempt_arguments(const Installation& installation,
                                           const fs::path& contracts) {
  std::vector<std::string> arguments = compile_arguments(installation);
  const std::vector<std::string> rest{"-x",
                                      "c++",  // also what is called .cu
                                      "-Wno-everything",
                                      "-Werror=return-type",
                                      "-ferror-limit=20",
                                      "-ftemplate-backtrace-limit=1",
                                      "-fno-color-diagnostics",
                                      "-fno-crash-diagnostics",  // files of 12 MB in /tmp
                                      "-I",
                                      contracts.string()};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return arguments;
}

std::vector<std::string> timed_attempt_arguments(const Installation& installation,
                                                 const fs::path& contracts) {
  std::vector<std::string> arguments = attempt_arguments(installation, contracts);
  std::istringstream flags(kTimedFlags);
  for (std::string flag; flags >> flag;) arguments.push_back(flag);  // the last -O holds
  return arguments;
}

}  // namespace unaided
