#pragma once

#include <string>

#include "view/migration.hpp"

namespace softmig::view {

/// Why the migration is where it is, in sentences, a paragraph a question: where it is, what holds it, what the operator does next and
/// when, what people can do.
std::string ExplainPage(const Migration& migration, base::WallTime now);

}  // namespace softmig::view
