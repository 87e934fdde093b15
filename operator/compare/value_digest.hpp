#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace softmig::compare {

/// Tells values apart without showing them: HMAC-SHA256 under a key that the migration has for itself, so that nobody without it can try
/// out all account numbers, and nobody at all once it is destroyed. Immutable, thread-safe.
class ValueDigest {
 public:
  static constexpr std::size_t kLeastKeyBytes = 16;

  /// kInvalid for a shorter key.
  static base::Result<ValueDigest> Make(std::string key);

  /// 64 hex digits.
  [[nodiscard]] std::string Of(std::string_view value) const;

 private:
  explicit ValueDigest(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

}  // namespace softmig::compare
