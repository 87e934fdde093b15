#pragma once

#include "model/field_reader.hpp"
#include "model/spec.hpp"

/// The parts of ParseSpec: each reads one section of the spec into typed values and notes what its own fields show to be wrong.
/// What needs two sections or two entries of a list is Validate's (validate.hpp). Lists stay parallel to the JSON, so that indexes are
/// paths.
namespace softmig::model {

std::vector<ComponentSpec> ParseComponents(FieldReader& spec);
void ParsePlan(FieldReader& spec, Spec& parsed);
/// headers, bearerToken, basicAuth and tls of a source of metrics, beside its `address`.
SourceAccess ParseAccess(FieldReader& source, const std::string& address);
void ParseAnalysis(FieldReader& spec, Spec& parsed);

}  // namespace softmig::model
