#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace softmig::routers {

/// Most that may be remembered of a route: the status of a migration takes no more.
inline constexpr std::size_t kMaxSaved = 16U << 10U;

/// What was remembered of a route; null where the text is too long or no JSON object of a sane depth.
nlohmann::json ParseSaved(const std::string& saved);

/// The annotation kTemplateMark: {"for": migration, "hash": of the manifest} and, where the manifest has rules to steer, what Save gives of
/// it. The object carries it, so that whoever finds the route knows what to put it back to, whatever got recorded.
/// {"for": migration} alone is how people hand a route of their own over.
struct TemplateMark {
  std::string text;
  std::string made_for;     ///< empty: no mark, or none that can be read
  bool restorable = false;  ///< Restore takes the text
};
/// Never throws, whatever the object holds.
TemplateMark ReadMark(const nlohmann::json& object);

}  // namespace softmig::routers
