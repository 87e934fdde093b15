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

json FillGrpc(json match) {
  if (!match.is_object()) return match;
  FillPairs(match, "headers");
  const auto method = match.find("method");
  if (method == match.end()) return match;
  if (method->is_null()) {
    match.erase(method);
  } else if (method->is_object()) {
    SetDefault(*method, "type", "Exact");
  }
  return match;
}

std::string Canonical(const json& matches, json (*fill)(json match)) {
  json filled = json::array();
  if (matches.is_array()) {
    for (const json& match : matches) filled.push_back(fill(match));
  }
  if (filled.empty()) filled.push_back(fill(json::object()));
  std::sort(filled.begin(), filled.end());  // one of them must hold: the order means nothing
  return filled.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string CanonicalMatches(const json& matches) { return Canonical(matches, Fill); }

std::string CanonicalGrpcMatches(const json& matches) { return Canonical(matches, FillGrpc); }

}  // namespace softmig::model
