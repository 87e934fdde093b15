#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lint/finding.hpp"
#include "model/codec.hpp"

namespace softmig::lint {

/// What the author knows of the traffic to come.
struct Traffic {
  std::optional<double> requests_per_second;  ///< of all users of a component, both sides together; above 0
  double legacy_bad = 0;                      ///< share of legacy's requests that are bad anyway, 0 to below 1
};

/// It says that it is a SoftMigration, of whatever version.
bool IsSoftMigration(const nlohmann::json& object);
/// "shop/payments", "payments", or nothing.
std::string NameOf(const nlohmann::json& object);

/// Everything that shows in the object alone: what the API server would refuse, then what is probably not meant. Never throws.
/// REQUIRES: IsSoftMigration(object).
std::vector<Finding> Check(const nlohmann::json& object, const Traffic& traffic);

/// What a valid spec allows and its author probably does not mean.
std::vector<Finding> Advise(const model::Spec& spec, const Traffic& traffic);

/// Templates of routes, as the operator would make them in this namespace, that users could not be moved by.
std::vector<Finding> CheckTemplates(const model::Spec& spec, const std::string& ns);

}  // namespace softmig::lint
