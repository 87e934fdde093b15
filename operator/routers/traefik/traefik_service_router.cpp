#include "routers/traefik/traefik_service_router.hpp"

#include <nlohmann/json.hpp>

namespace softmig::routers {

using nlohmann::json;

Backend ClassifyTraefikService(const json& ref, const Sides& sides) {
  const json* port = Member(&ref, "port");
  if (port == nullptr || !port->is_string()) return ClassifyRef(ref, sides);
  json numbered = ref;
  const bool is_target = TextMember(&ref, "name") == sides.target.service;
  numbered["port"] = is_target ? sides.target.port : sides.legacy.port;
  return ClassifyRef(numbered, sides);
}

std::string NoMatches(const json& /*matches*/) { return {}; }

}  // namespace softmig::routers
