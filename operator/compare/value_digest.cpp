#include "compare/value_digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <iterator>

namespace softmig::compare {

base::Result<ValueDigest> ValueDigest::Make(std::string key) {
  if (key.size() < kLeastKeyBytes)
    return base::Fail(base::ErrorCode::kInvalid, fmt::format("the key for digests needs at least {} bytes", kLeastKeyBytes));
  return ValueDigest(std::move(key));
}

std::string ValueDigest::Of(std::string_view value) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(value.data()), value.size(),
       digest.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", digest.at(i));
  return text;
}

}  // namespace softmig::compare
