#include "bench_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fault.h"

namespace unaided {

namespace {

using nlohmann::json;

BenchContract contract_of(const json& kernel, const json& contract) {
  return {kernel.at("id"), contract.at("kata"), contract.at("level"), contract.at("function"),
          contract.at("shapes")};
}

/// Those of one kata, or of all where `kata` is empty.
std::vector<BenchContract> contracts_of(const json& kernel, const std::string& kata) {
  std::vector<BenchContract> contracts;
  for (const json& contract : kernel.at("contracts")) {
    if (!kata.empty() && contract.at("kata") != kata) continue;
    contracts.push_back(contract_of(kernel, contract));
  }
  return contracts;
}

int problem_count(const json& kernel, const ProblemChoice& choice) {
  int count = 0;
  for (const json& problem : kernel.at("problems")) {
    const bool wanted = problem.at("tiny") == choice.tiny &&
                        (choice.shape.empty() || problem.at("shape") == choice.shape) &&
                        (choice.dtype.empty() || problem.at("dtype") == choice.dtype);
    count += wanted ? 1 : 0;
  }
  return count;
}

}  // namespace

std::vector<BenchTarget> find_targets(const json& kernels, const std::string& what,
                                      const ProblemChoice& choice) {
  std::vector<BenchTarget> targets;
  std::vector<std::string> known;
  for (const json& kernel : kernels) {
    const std::string id = kernel.at("id");
    if (!kernel.at("hidden")) known.push_back(id);
    const bool by_name = id == what;
    auto contracts = contracts_of(kernel, by_name ? "" : what);
    if (!by_name && contracts.empty()) continue;
    const int count = problem_count(kernel, choice);
    if (count > 0) {
      targets.push_back({id, std::move(contracts), count});
      const json& fast = kernel.at("fast");
      if (!fast.is_null()) targets.back().fast = contract_of(kernel, fast);
    }
    if (count == 0 && by_name) {
      throw Fault(fmt::format("{} has no such shape and dtype; unaided bench --list has them", id));
    }
  }
  if (!targets.empty()) return targets;
  throw Fault(fmt::format("'{}' is no kernel and no kata that is timed; kernels: {}", what,
                          fmt::join(known, ", ")));
}

std::vector<BenchTarget> targets_of_levels(const json& kernels, const std::string& kata,
                                           LevelSpan levels, const ProblemChoice& choice) {
  std::vector<BenchTarget> targets;
  for (const json& kernel : kernels) {
    std::vector<BenchContract> contracts = contracts_of(kernel, kata);
    std::erase_if(contracts, [levels](const BenchContract& contract) {
      return contract.level < levels.first || contract.level > levels.last;
    });
    if (contracts.empty()) continue;
    targets.push_back({kernel.at("id"), std::move(contracts), problem_count(kernel, choice)});
  }
  if (!targets.empty()) return targets;
  const auto [first, last] = levels;
  throw Fault(
      fmt::format("nothing to time: {} asks for no function that a kernel has; `bench --list` has "
                  "what is timed",
                  first == last ? fmt::format("level {} of {}", first, kata) : kata));
}

std::vector<std::string> choose_contracts(std::vector<BenchTarget>& targets,
                                          const std::string& source) {
  std::vector<std::string> left_out;
  std::vector<BenchTarget> chosen;
  for (BenchTarget& target : targets) {
    if (const BenchContract* contract = contract_for(target.contracts, source)) {
      chosen.push_back({target.kernel, {*contract}, target.problems, target.fast});
      continue;
    }
    std::vector<std::string> functions;
    for (const BenchContract& contract : target.contracts) {
      functions.push_back(
          fmt::format("`{}` ({}, level {})", contract.function, contract.kata, contract.level));
    }
    left_out.push_back(functions.empty()
                           ? target.kernel + ": no kata has a function through which it is timed"
                           : fmt::format("{}: not timed, the attempt does not define {}",
                                         target.kernel, fmt::join(functions, " or ")));
  }
  targets = std::move(chosen);
  return left_out;
}

std::string render_kernels(const json& kernels) {
  std::string text;
  for (const json& kernel : kernels) {
    if (kernel.at("hidden")) continue;
    text += fmt::format("{:<18} {}\n", kernel.at("id").get<std::string>(),
                        kernel.at("text").get<std::string>());
    for (const json& problem : kernel.at("problems")) {
      if (problem.at("tiny")) continue;
      text += fmt::format("  --shape {} --dtype {}\n", problem.at("shape").get<std::string>(),
                          problem.at("dtype").get<std::string>());
    }
    for (const BenchContract& contract : contracts_of(kernel, "")) {
      text += fmt::format("  times {} of {}, level {}\n", contract.function, contract.kata,
                          contract.level);
    }
  }
  return text;
}

}  // namespace unaided
