#include <iostream>

#include "judge/judge_options.hpp"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  const auto parsed = softmig::judge::ParseJudgeOptions(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  return softmig::judge::RunJudge(std::cin, std::cout, std::cerr, parsed.options);
}
