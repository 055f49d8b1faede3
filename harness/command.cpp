#include "command.h"

namespace unaided {

const Installation& CommandContext::installation() {
  if (!installation_) installation_ = load_installation();
  return *installation_;
}

const Terminal& CommandContext::terminal() {
  if (!terminal_) terminal_ = detect_terminal(colour);
  return *terminal_;
}

Kata CommandContext::kata(const std::string& id) {
  return load_kata(installation().root, id);
}

}  // namespace unaided
