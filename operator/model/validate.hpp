#pragma once

#include "model/field_reader.hpp"
#include "model/spec.hpp"

namespace softmig::model {

/// Notes what only shows between fields: doubles, references to nowhere, cycles, weights that do not rise. Empty names are skipped: they
/// have been noted already. REQUIRES: lists as long as in the JSON, the implied component not yet added.
void Validate(const Spec& spec, ErrorList& errors);

}  // namespace softmig::model
