#pragma once

#include <string>

#include "base/result.hpp"
#include "view/migration.hpp"

namespace softmig::view {

enum class Verb { kPromote, kPause, kResume, kRollback, kRetry, kSetWeight };

struct Wish {
  Verb verb = Verb::kPause;
  model::DesiredPhase to = model::DesiredPhase::kComplete;  ///< kPromote
  int weight = 0;                                           ///< kSetWeight
};

/// What a verb writes.
struct Change {
  std::string patch;   ///< merge patch of the object, as JSON text
  std::string what;    ///< "spec.paused: false -> true"
  std::string effect;  ///< what the operator makes of it, a sentence
};

/// The patch of the spec that a verb means now. kInvalid with what to do instead, in one line, where it means nothing or would do harm.
base::Result<Change> Plan(const Migration& migration, const Wish& wish);

/// What whoever keeps the object in Git has to know.
std::string GitNote(const Migration& migration, const Change& change);

}  // namespace softmig::view
