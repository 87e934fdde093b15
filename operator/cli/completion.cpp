#include "cli/completion.hpp"

#include <algorithm>
#include <map>

#include "cli/options.hpp"

namespace softmig::cli {
namespace {

constexpr const char* kBash = R"sh(_kubectl_softmigration() {
  local IFS=$'\n'
  COMPREPLY=($(kubectl-softmigration __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -F _kubectl_softmigration kubectl-softmigration
)sh";

constexpr const char* kZsh = R"sh(#compdef kubectl-softmigration
_kubectl_softmigration() {
  compadd -- ${(f)"$(kubectl-softmigration __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}
}
compdef _kubectl_softmigration kubectl-softmigration
)sh";

constexpr const char* kFish =
    R"sh(complete -c kubectl-softmigration -f -a '(kubectl-softmigration __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
)sh";

// kubectl runs the program kubectl_complete-NAME for a plugin; ":4" says that file names are not wanted.
constexpr const char* kKubectl = R"sh(#!/bin/sh
kubectl-softmigration __complete "$@" 2>/dev/null
echo ":4"
)sh";

bool IsFlag(const std::string& word) { return word.starts_with('-'); }

/// Flags that take the next word.
bool TakesValue(const std::string& word) {
  constexpr std::string_view kFlags[] = {
      "-n", "--namespace", "--kubeconfig", "--context",    "-o",           "--output", "--until", "--timeout",      "--to",
      "-f", "--filename",  "--requests",   "--legacy-bad", "--target-bad", "--trace",  "--for",   "--field-manager"};
  return std::ranges::find(kFlags, word) != std::end(kFlags);
}

std::vector<std::string> ValuesOf(const std::string& flag) {
  if (flag == "-o" || flag == "--output") return {"json", "yaml", "wide", "sarif"};
  if (flag == "--until") return {"Complete", "Paused", "Pending", "RolledBack", "RollingBack", "Shift", "Invalid"};
  if (flag == "--to") return {"Shift", "Complete"};
  return {};
}

std::vector<std::string> FlagsOf(const std::string& verb) {
  std::vector<std::string> flags{"--kubeconfig", "--context", "--namespace", "--help"};
  const std::map<std::string, std::vector<std::string>> more{
      {"list", {"--all-namespaces", "--output"}},
      {"get", {"--output"}},
      {"events", {"--output"}},
      {"watch", {"--until", "--timeout"}},
      {"lint", {"--filename", "--output", "--strict", "--requests", "--legacy-bad"}},
      {"simulate", {"--filename", "--trace", "--output", "--requests", "--legacy-bad", "--target-bad", "--for"}},
      {"promote", {"--to", "--dry-run", "--output"}},
      {"pause", {"--dry-run", "--output"}},
      {"resume", {"--dry-run", "--output"}},
      {"rollback", {"--dry-run", "--output"}},
      {"retry", {"--dry-run", "--output"}},
      {"set-weight", {"--dry-run", "--output"}}};
  const auto it = more.find(verb);
  if (it != more.end()) flags.insert(flags.end(), it->second.begin(), it->second.end());
  return flags;
}

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
  std::vector<std::string> all;
  if (words.size() > 1 && TakesValue(words[words.size() - 2])) {
    all = ValuesOf(words[words.size() - 2]);
  } else if (IsFlag(last)) {
    all = FlagsOf(plain.empty() ? std::string() : plain[0]);
  } else if (plain.empty()) {
    for (const auto& [verb, help] : Verbs()) all.push_back(verb);
  } else if (plain.size() == 1 && plain[0] == "completion") {
    all = {"bash", "zsh", "fish", "kubectl"};
  } else if (plain.size() == 1 && TakesName(plain[0])) {
    all = names();
  }
  std::erase_if(all, [&](const std::string& one) { return !one.starts_with(last); });
  return all;
}

}  // namespace softmig::cli
