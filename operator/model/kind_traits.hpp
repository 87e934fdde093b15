#pragma once

#include <string_view>

#include "model/spec.hpp"

namespace softmig::model {

/// What can be asked of a kind of route, and how it is spoken of. A kind of which components can name rules neither by name nor by matches
/// has one pair of weights: all users are on it.
struct KindTraits {
  RouteKind kind = RouteKind::kHttpRoute;
  std::string_view name;    ///< "httproute", as the operator's --routers has it
  std::string_view path;    ///< of the object's name, within an entry of spec.routes
  std::string_view a_kind;  ///< "an HTTPRoute", for messages
  bool by_name = false;     ///< components may name its rules by their names
  bool by_matches = false;  ///< … or by their matches
  bool header_flags = false;
  bool only_switches = false;  ///< it sends everybody to one side: there is no weight between 0 and 100
};

const KindTraits& TraitsOf(RouteKind kind);
inline bool HasComponents(const KindTraits& traits) { return traits.by_name || traits.by_matches; }

}  // namespace softmig::model
