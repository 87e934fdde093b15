#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace softmig::view {

/// The merge patch that `kubectl apply` (client side) would send, as JSON text: what the manifest says and the live object does not, and
/// null for what was applied the last time and is gone from the manifest.
std::string ApplyPatch(const nlohmann::json& live, const nlohmann::json& manifest);

/// A field that differs. Values as compact JSON; empty: it is not there.
struct FieldChange {
  std::string path;  ///< "spec.analysis.metrics[errors].maxRate": entries of a list that have names go by them
  std::string before, after;
};

/// How spec, labels and annotations differ, in the order of their names. The copy of the manifest that kubectl keeps does not count.
std::vector<FieldChange> Differences(const nlohmann::json& before, const nlohmann::json& after);

/// "~ spec.paused: false -> true", a line each.
std::string ChangesText(const std::vector<FieldChange>& changes);

}  // namespace softmig::view
