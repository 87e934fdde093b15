#include "sim/api/patch.hpp"

#include <nlohmann/json.hpp>

namespace softmig::sim {

using nlohmann::json;

void MergePatch(const json& patch, json& target) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = json::object();
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    if (it->is_null()) {
      target.erase(it.key());
    } else {
      MergePatch(*it, target[it.key()]);
    }
  }
}

Outcome<json> JsonPatch(const json& patch, const json& target) {
  if (!patch.is_array()) return std::unexpected(BadRequest("the patch is not a list"));
  try {
    return target.patch(patch);
  } catch (const json::exception& failure) {
    return std::unexpected(Unprocessable(failure.what()));
  }
}

}  // namespace softmig::sim
