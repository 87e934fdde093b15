#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/codec.hpp"
#include "model/text_rules.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

void SetDefault(json& object, const char* key, const char* value) {
  if (!object.contains(key) || object[key].is_null()) object[key] = value;
}

void FillPath(json& match) {
  json& path = match["path"];
  if (path.is_null()) path = json::object();
  if (!path.is_object()) return;
  SetDefault(path, "type", "PathPrefix");
  SetDefault(path, "value", "/");
}

/// All of a match's headers (and query parameters) must hold, so their order means nothing; header names have no case.
void FillPairs(json& match, const char* key) {
  const auto found = match.find(key);
  if (found == match.end()) return;
  if (found->is_null() || (found->is_array() && found->empty())) {
    match.erase(found);
    return;
  }
  if (!found->is_array()) return;
  for (json& pair : *found) {
    if (!pair.is_object()) continue;
    SetDefault(pair, "type", "Exact");
    const auto name = pair.find("name");
    if (std::string_view(key) == "headers" && name != pair.end() && name->is_string()) *name = LowerAscii(name->get<std::string>());
  }
  std::sort(found->begin(), found->end());
}

json Fill(json match) {
  if (!match.is_object()) return match;
  FillPath(match);
  FillPairs(match, "headers");
  FillPairs(match, "queryParams");
  if (match.contains("method") && match["method"].is_null()) match.erase("method");
  return match;
}

}  // namespace

std::string CanonicalMatches(const json& matches) {
  json filled = json::array();
  if (matches.is_array()) {
    for (const json& match : matches) filled.push_back(Fill(match));
  }
  if (filled.empty()) filled.push_back(Fill(json::object()));
  std::sort(filled.begin(), filled.end());  // one of them must hold: the order means nothing
  return filled.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace softmig::model
