#include "event.h"

#include <array>
#include <utility>

#include "fault.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<Purpose, std::string_view>, 5> kPurposes = {{
    {Purpose::kSave, "save"},
    {Purpose::kCheck, "check"},
    {Purpose::kSubmit, "submit"},
    {Purpose::kFinish, "finish"},
    {Purpose::kDeadline, "deadline"},
}};

constexpr std::array<std::pair<EndReason, std::string_view>, 3> kEndReasons = {{
    {EndReason::kPassed, "passed"},
    {EndReason::kFinish, "finish"},
    {EndReason::kDeadline, "deadline"},
}};

template <typename Table, typename Value>
std::string_view id_in(const Table& table, Value value) {
  for (const auto& [entry, id] : table) {
    if (entry == value) return id;
  }
  throw Fault("a value without an id");
}

template <typename Table>
auto value_in(const Table& table, const std::string& id) {
  for (const auto& [entry, known] : table) {
    if (known == id) return entry;
  }
  throw Fault("unknown word in a journal: " + id);
}

Outcome read_outcome(const json& text) {
  const auto outcome = outcome_from_id(text.get<std::string>());
  if (!outcome) throw Fault("unknown outcome in a journal: " + text.get<std::string>());
  return *outcome;
}

json write_toolchain(const Toolchain& toolchain) {
  return {
      {"unaided", toolchain.unaided}, {"libtorch", toolchain.libtorch}, {"clang", toolchain.clang}};
}

Toolchain read_toolchain(const json& from) {
  return {from.at("unaided"), from.at("libtorch"), from.at("clang")};
}

json write_fields(const Created& event) {
  json fields = {{"session", event.session},
                 {"kata", event.kata},
                 {"format", event.format},
                 {"first_level", event.first_level},
                 {"last_level", event.last_level},
                 {"seed", event.seed},
                 {"toolchain", write_toolchain(event.toolchain)}};
  if (event.deadline) fields["deadline"] = *event.deadline;
  fields["seal"] = {{"sealed", event.sealing.sealed},
                    {"declared", event.sealing.declared},
                    {"label", event.sealing.label},
                    {"reason", event.sealing.reason}};
  if (!event.clock) fields["clock"] = false;
  if (!event.bugs.empty()) fields["bugs"] = event.bugs;
  if (event.emulated) fields["emulated"] = true;
  return fields;
}

void read_fields(const json& from, Created& event) {
  event.session = from.at("session");
  event.kata = from.at("kata");
  event.format = from.at("format");
  event.first_level = from.at("first_level");
  event.last_level = from.at("last_level");
  event.seed = from.at("seed");
  event.toolchain = read_toolchain(from.at("toolchain"));
  if (from.contains("deadline")) event.deadline = from.at("deadline").get<Moment>();
  if (from.contains("seal")) {
    const json& seal = from.at("seal");
    event.sealing = {seal.at("sealed"), seal.value("declared", false), seal.at("label"),
                     seal.at("reason")};
  }
  event.clock = from.value("clock", true);
  event.bugs = from.value("bugs", std::vector<std::string>());
  event.emulated = from.value("emulated", false);
}

json write_fields(const SnapshotTaken& event) {
  return {{"hash", event.hash}};
}
void read_fields(const json& from, SnapshotTaken& event) {
  event.hash = from.at("hash");
}

json write_fields(const Late& event) {
  return {{"hash", event.hash}};
}
void read_fields(const json& from, Late& event) {
  event.hash = from.at("hash");
}

json write_fields(const Submitted& event) {
  return {{"hash", event.hash}};
}
void read_fields(const json& from, Submitted& event) {
  event.hash = from.at("hash");
}

json write_tally(const Tally& tally) {
  return {
      {"outcome", outcome_row(tally.outcome).id}, {"passed", tally.passed}, {"total", tally.total}};
}

Tally read_tally(const json& from) {
  return {read_outcome(from.at("outcome")), from.at("passed"), from.at("total")};
}

json write_fields(const VerdictReached& event) {
  json fields = write_tally(event.tally);
  fields.update({{"hash", event.hash},
                 {"purpose", id_in(kPurposes, event.purpose)},
                 {"seed", event.seed},
                 {"result", event.result}});
  if (event.told != event.tally) fields["told"] = write_tally(event.told);
  if (event.points > 0) fields["points"] = event.points;
  return fields;
}

void read_fields(const json& from, VerdictReached& event) {
  event.hash = from.at("hash");
  event.purpose = value_in(kPurposes, from.at("purpose"));
  event.tally = read_tally(from);
  event.told = from.contains("told") ? read_tally(from.at("told")) : event.tally;
  event.points = from.value("points", 0.0);
  event.seed = from.at("seed");
  event.result = from.at("result");
}

json write_fields(const Unlocked& event) {
  return {{"level", event.level}};
}
void read_fields(const json& from, Unlocked& event) {
  event.level = from.at("level");
}

json write_fields(const Hinted& event) {
  return {{"number", event.number}};
}
void read_fields(const json& from, Hinted& event) {
  event.number = from.at("number");
}

json write_fields(const Resumed&) {
  return json::object();
}
void read_fields(const json&, Resumed&) {}

json write_fields(const ToolchainChanged& event) {
  return {{"toolchain", write_toolchain(event.toolchain)}};
}
void read_fields(const json& from, ToolchainChanged& event) {
  event.toolchain = read_toolchain(from.at("toolchain"));
}

json write_fields(const Abandoned&) {
  return json::object();
}
void read_fields(const json&, Abandoned&) {}

json write_fields(const Finished& event) {
  return {{"reason", id_in(kEndReasons, event.reason)},
          {"hash", event.hash},
          {"outcome", outcome_row(event.outcome).id}};
}

void read_fields(const json& from, Finished& event) {
  event.reason = value_in(kEndReasons, from.at("reason"));
  event.hash = from.at("hash");
  event.outcome = read_outcome(from.at("outcome"));
}

/// The names in the journal, in the order of the variant's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames = {
    "created",           "snapshot",  "late",     "submitted", "verdict", "resumed",
    "toolchain_changed", "abandoned", "finished", "unlocked",  "hinted",
};

template <std::size_t Index = 0>
Event read_named(const std::string& name, const json& from) {
  if constexpr (Index == std::variant_size_v<Event>) {
    throw Fault("unknown event in a journal: " + name);
  } else {
    if (name != kEventNames[Index]) return read_named<Index + 1>(name, from);
    std::variant_alternative_t<Index, Event> event;
    event.at = from.at("at").get<Moment>();
    read_fields(from, event);
    return event;
  }
}

}  // namespace

std::string_view purpose_id(Purpose purpose) {
  return id_in(kPurposes, purpose);
}
bool is_binding(Purpose purpose) {
  return purpose == Purpose::kSubmit || is_final(purpose);
}
bool is_final(Purpose purpose) {
  return purpose == Purpose::kFinish || purpose == Purpose::kDeadline;
}
std::string_view end_reason_id(EndReason reason) {
  return id_in(kEndReasons, reason);
}

const Moment& moment_of(const Event& event) {
  return std::visit([](const auto& one) -> const Moment& { return one.at; }, event);
}

json to_journal(const Event& event) {
  json written = {{"event", kEventNames[event.index()]}, {"at", moment_of(event)}};
  written.update(std::visit([](const auto& one) { return write_fields(one); }, event));
  return written;
}

Event from_journal(const json& from) {
  try {
    return read_named(from.at("event").get<std::string>(), from);
  } catch (const json::exception& error) {
    throw Fault(std::string("an event in a journal is malformed: ") + error.what());
  }
}

}  // namespace unaided
