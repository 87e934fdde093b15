#pragma once

#include <atomic>

#include "kube/client/rest_client.hpp"

namespace softmig::kube {

/// A token that never changes, with a count of Drop.
class FixedToken final : public TokenSource {
 public:
  base::Result<std::string> Token() override { return std::string("token"); }
  void Drop() override { ++drops_; }
  [[nodiscard]] int drops() const { return drops_; }

 private:
  std::atomic<int> drops_{0};
};

}  // namespace softmig::kube
