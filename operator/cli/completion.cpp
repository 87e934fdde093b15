#include "cli/completion.hpp"

#include <algorithm>

#include "cli/options.hpp"

namespace softmig::cli {
namespace {

constexpr const char* kBash = R"sh(_kubectl_softmigration() {
  local IFS=$'\n'
  COMPREPLY=($(kubectl-softmigration __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kubectl_softmigration kubectl-softmigration
)sh";

constexpr const char* kZsh = R"sh(#compdef kubectl-softmigration
_kubectl_softmigration() {
  local offered="$(kubectl-softmigration __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"
  if [[ -n $offered ]]; then compadd -- ${(f)offered}; else _files; fi
}
compdef _kubectl_softmigration kubectl-softmigration
)sh";

constexpr const char* kFish = R"sh(function __kubectl_softmigration_offered
  kubectl-softmigration __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c kubectl-softmigration -f -n 'string length -q -- (__kubectl_softmigration_offered)' -a '(__kubectl_softmigration_offered)'
)sh";

// kubectl runs the program kubectl_complete-NAME for a plugin; ":4" says that file names are not wanted, ":0" that they are.
constexpr const char* kKubectl = R"sh(#!/bin/sh
offered=$(kubectl-softmigration __complete "$@" 2>/dev/null)
if [ -n "$offered" ]; then
  echo "$offered"
  echo ":4"
else
  echo ":0"
fi
)sh";

bool IsFlag(const std::string& word) { return word.starts_with('-'); }

/// Words that are neither flags nor their values, without the last.
std::vector<std::string> PlainWords(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (TakesValue(words[i])) {
      ++i;
    } else if (!IsFlag(words[i])) {
      plain.push_back(words[i]);
    }
  }
  return plain;
}

bool TakesName(const std::string& verb) {
  constexpr std::string_view kWithout[] = {"list", "completion", "judge", "lint", "simulate", "diff"};
  return std::ranges::find(kWithout, verb) == std::end(kWithout);
}

}  // namespace

std::string CompletionScript(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : kKubectl;
}

std::vector<std::string> Complete(const std::vector<std::string>& words, const std::function<std::vector<std::string>()>& names) {
  const std::string last = words.empty() ? std::string() : words.back();
  const std::vector<std::string> plain = PlainWords(words);
  const std::string verb = plain.empty() ? std::string() : plain[0];
  std::vector<std::string> all;
  if (words.size() > 1 && TakesValue(words[words.size() - 2])) {
    all = ChoicesOf(verb, words[words.size() - 2]);
  } else if (IsFlag(last)) {
    all = FlagsOf(verb);
  } else if (plain.empty()) {
    for (const auto& [name, help] : Verbs()) all.push_back(name);
  } else if (plain.size() == 1 && plain[0] == "completion") {
    all = {"bash", "zsh", "fish", "kubectl"};
  } else if (plain.size() == 1 && TakesName(plain[0])) {
    all = names();
  }
  std::erase_if(all, [&](const std::string& one) { return !one.starts_with(last); });
  return all;
}

}  // namespace softmig::cli
