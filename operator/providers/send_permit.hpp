#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace softmig::providers {

/// Where the values of one Secret may be sent, as whoever keeps the Secret wrote it down. Whoever writes a SoftMigration chooses the
/// address that is asked and may not be allowed to read the Secret: without this they could have it sent to themselves. Value type.
struct SendPermit {
  /// On the Secret: addresses, separated by blanks or commas, as in "https://prometheus.monitoring:9090 https://api.datadoghq.eu/api/v1".
  static constexpr const char* kAnnotation = "softmigration.io/send-to";

  std::string secret;                  ///< its name
  std::vector<std::string> addresses;  ///< none: nowhere

  static SendPermit Read(std::string secret, std::string_view annotation);
  /// The URL has the scheme, host and port of one of the addresses, and its path is that of the address or below it. A path that may mean
  /// another one to the server (dots, encoded bytes, doubled slashes) is below none but the root.
  [[nodiscard]] bool Allows(const std::string& url) const;
  /// One sentence: what to write where.
  [[nodiscard]] std::string Refusal(const std::string& url) const;
  bool operator==(const SendPermit&) const = default;
};

}  // namespace softmig::providers
