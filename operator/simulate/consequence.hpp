#pragma once

#include <string>
#include <vector>

#include "simulate/run.hpp"

namespace softmig::simulate {

/// A migration as it is, and the spec it would have.
struct Edit {
  const model::Spec* before = nullptr;  ///< null: it would be new
  const model::Spec* after = nullptr;   ///< never null; valid
  model::Status status;
  bool finalizer = false;
};

/// What the operator would make of an edit, a sentence each; never empty. Routes, Services and metrics are taken to be as the status says.
std::vector<std::string> Consequences(const Edit& edit, base::WallTime now);

}  // namespace softmig::simulate
