#include "parallel.hpp"

#include <array>
#include <atomic>
#include <thread>

namespace softmig::judgement {

void ForEachRun(int runs, const std::function<void(int)>& body) {
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int run = next++; run < runs; run = next++) body(run);
  };
  std::array<std::jthread, 2> threads;
  for (auto& thread : threads) thread = std::jthread(work);
}

}  // namespace softmig::judgement
