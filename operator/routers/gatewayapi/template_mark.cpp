#include "routers/gatewayapi/template_mark.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "routers/gatewayapi/json_view.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::routers {

using nlohmann::json;

namespace {

constexpr int kMaxDepth = 64;

}  // namespace

json ParseSaved(const std::string& saved) {
  if (saved.size() > kMaxSaved) return nullptr;
  const auto limit_depth = [](int depth, json::parse_event_t, const json&) {
    if (depth > kMaxDepth) throw std::length_error("nested too deep");
    return true;
  };
  try {
    return json::parse(saved, limit_depth);
  } catch (const std::exception&) {
    return nullptr;
  }
}

TemplateMark ReadMark(const json& object) {
  TemplateMark mark;
  mark.text = TextMember(Member(Member(&object, "metadata"), "annotations"), kTemplateMark);
  if (mark.text.empty()) return mark;
  const json parsed = ParseSaved(mark.text);
  mark.made_for = TextMember(&parsed, "for");
  const json* rules = Member(&parsed, "rules");
  mark.restorable = !mark.made_for.empty() && rules != nullptr && rules->is_array() && !rules->empty();
  return mark;
}

}  // namespace softmig::routers
