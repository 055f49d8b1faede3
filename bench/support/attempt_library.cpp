#include "support/attempt_library.h"

#include <dlfcn.h>

#include "fault.h"

namespace unaided::bench {

Rung load_attempt(const std::string& library, const std::string& name,
                  const std::vector<std::string>& shapes) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw Fault(std::string("the attempt cannot be loaded: ") + dlerror());
  const auto attempt = reinterpret_cast<Attempt>(dlsym(handle, kAttemptSymbol));
  if (attempt == nullptr) throw Fault(std::string("the attempt exports no ") + kAttemptSymbol);
  Rung rung;
  rung.name = name;
  rung.shapes = shapes;
  rung.run = [attempt](const Problem& problem, const Tensors& inputs) {
    Tensors outputs;
    attempt(problem, inputs, outputs);
    return outputs;
  };
  return rung;
}

}  // namespace unaided::bench
