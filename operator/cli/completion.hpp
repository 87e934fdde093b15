#pragma once

#include <functional>
#include <string>
#include <vector>

namespace softmig::cli {

/// The script that makes a shell ask this program; for "kubectl" the program kubectl_complete-softmigration. REQUIRES: one of bash, zsh,
/// fish, kubectl.
std::string CompletionScript(const std::string& shell);

/// What the last of `words` may become. `names`: those of the migrations, asked for only where a name stands; may fail with none.
std::vector<std::string> Complete(const std::vector<std::string>& words, const std::function<std::vector<std::string>()>& names);

}  // namespace softmig::cli
