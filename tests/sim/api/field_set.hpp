// Sets of field paths in the form of fieldsV1: {"f:spec":{"f:rules":{}}}.
//
// A node without members is itself in the set; a node with members is in it when "." is one of them. Keys are "f:NAME" for a member,
// "k:{KEYS}" for an item of a list with keys, "v:VALUE" for an item of a set.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/api/schema.hpp"

namespace softmig::sim {

/// What a write did to the fields, by the granularity of the schema.
struct FieldChanges {
  FieldChanges();
  FieldChanges(FieldChanges&& other) noexcept;
  ~FieldChanges();
  std::unique_ptr<nlohmann::json> set;      ///< added or modified; null value: nothing
  std::unique_ptr<nlohmann::json> removed;  ///< null value: nothing
};

/// Differences between two objects; what the server owns in the metadata counts as no field.
FieldChanges CompareFields(const Schema& schema, const nlohmann::json& before, const nlohmann::json& after);

/// The fields that an applied configuration names: its leaves and the items of its lists with keys.
nlohmann::json NamedFields(const Schema& schema, const nlohmann::json& object);

/// a ∪ b. Null values are empty sets.
void AddFields(nlohmann::json& fields, const nlohmann::json& more);
/// a \ b; becomes a null value when nothing is left.
void RemoveFields(nlohmann::json& fields, const nlohmann::json& gone);
/// Every path of `some` is in `fields`.
bool ContainsFields(const nlohmann::json& fields, const nlohmann::json& some);
/// Some path is in both.
bool ShareFields(const nlohmann::json& a, const nlohmann::json& b);
/// The paths in both, as ".spec.rules".
std::vector<std::string> CommonPaths(const nlohmann::json& a, const nlohmann::json& b);

/// Takes the fields of the set out of the object.
void Erase(const Schema& schema, const nlohmann::json& fields, nlohmann::json& object);
/// Lays an applied configuration over an object: maps and lists with keys are merged, the rest is replaced.
void Overlay(const Schema& schema, const nlohmann::json& applied, nlohmann::json& object);

}  // namespace softmig::sim
