#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "view/paint.hpp"

namespace softmig::cli {

/// Where the program writes, and what stands there.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool redraws = false;  ///< standard output is a terminal that understands the usual sequences
  view::Colour colour = view::Colour::kNever;
};

/// The object as JSON or YAML. REQUIRES: one of these two formats.
std::string Print(const nlohmann::json& object, Format format);

/// One line on standard error; the exit code to leave with.
int Complain(Terminal& terminal, const base::Error& error, int code = kFailed);

/// Several of them as kubectl prints them.
nlohmann::json AsList(nlohmann::json items);

}  // namespace softmig::cli
