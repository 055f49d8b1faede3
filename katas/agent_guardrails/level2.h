#pragma once

#include "level1.h"

namespace kata {

struct Decision {
  bool approved = false;
  std::string reason;  // if not approved, why; may be empty
};

/// The human.
class Reviewer {
 public:
  virtual ~Reviewer() = default;

  /// Whether this call may be run. A std::exception that it throws (nobody there) is a refusal with
  /// what() as its reason.
  virtual Decision review(const ToolCall& call) = 0;
};

struct Oversight {
  int approval_risk = 1;  // tools of at least this risk are run only if the human approves
  int max_refusals = 3;   // ≥ 1: so many refusals in this run, and it ends
};

enum class EventKind {
  kModelCall,   // before a model is called, each time
  kModelError,  // it threw a ModelError; text: what()
  kReply,       // text: the reply's text
  kFallback,    // the model was replaced; model: the new one
  kLoop,        // the reply is stopped
  kReview,      // before the human is asked
  kApproval,    // the human approved
  kRefusal,     // the human refused; text: the reason alone
  kRun,         // before the tool is run
  kResult,      // the call is answered; text: the result's text
  kEnd,         // the run ends; text: name_of(status)
};

/// A line of the log. Fields that the kind does not use are empty.
struct Event {
  EventKind kind = EventKind::kEnd;
  std::size_t model = 0;  // in charge, as an index
  std::string call_id;    // kReview to kResult: of the call
  std::string name;       // kReview to kResult: as in the call
  std::string text;       // as said above
};

/// Given.
inline std::string name_of(Status status) {
  return status == Status::kAnswered  ? "answered"
         : status == Status::kLooping ? "looping"
                                      : "refused";
}

/// run_guarded_agent under a human's eyes.
///
/// The calls of a reply that is not stopped are taken one by one: the reply is in history before
/// the first is looked at, and the result of each is in history and in log before the next is. If
/// the call's tool has a risk of at least approval_risk, the reviewer is asked right before it
/// would run, once for each call, with the call as it is. If the reviewer refuses, the tool is not
/// run: the result is an error whose text holds the reason. The text depends on nothing but the
/// call's name and the reason, and the result is part of the turn like any other. For a call of no
/// known tool, or of a reply that is stopped, nobody is asked.
///
/// With the max_refusals-th refusal of this run the run ends: kRefused. The calls that follow in
/// this reply are neither reviewed nor run but answered with errors.
///
/// log: events are appended as they happen, in this order:
/// - each model call: kModelCall, then kModelError or kReply;
/// - a model that is replaced, for its failures or its stops: kFallback, before the next
/// kModelCall;
/// - a reply that is stopped: kLoop, then the kResult of each call;
/// - each other call: kReview, then kApproval or kRefusal, if the human is asked; kRun if the tool
///   is run; kResult, always;
/// - kEnd, when all else is done. A run that throws has none.
/// kModelCall, kReview and kRun are in the log when the model, the reviewer or the tool starts.
Outcome run_supervised_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                             std::vector<Message>& history, const Thresholds& thresholds,
                             Reviewer& reviewer, const Oversight& oversight,
                             std::vector<Event>& log);

}  // namespace kata
