// What the fake serves.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "kube/core/object.hpp"
#include "sim/api/schema.hpp"

namespace softmig::sim {

struct Kind {
  kube::ResourceType type;
  std::unique_ptr<const Schema> schema;
  bool custom = false;                ///< of a CustomResourceDefinition: status subresource, managedFields, server-side apply
  bool generation = false;            ///< counts changes of the spec
  bool unconditional_update = false;  ///< a PUT without resourceVersion is taken
  bool create_on_update = false;      ///< a PUT of what is not there makes it
};

/// The kinds, read once in the life of the process. Immutable, so shared between threads.
std::span<const Kind> Kinds();

/// A YAML file as JSON. Aborts where it cannot be read: the files lie in the repository.
nlohmann::json ReadYamlFile(const std::string& path);
/// A YAML text as JSON, a discarded value where it is none. `text` may come from a request.
nlohmann::json ReadYaml(const std::string& text);

}  // namespace softmig::sim
