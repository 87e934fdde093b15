#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/client/rest_client.hpp"
#include "providers/credentials.hpp"

namespace softmig::reconcile {

/// One Secret as it was read. Immutable, shared between threads; never logged.
struct SecretContent {
  std::map<std::string, providers::Secret, std::less<>> values;
  providers::SendPermit permit;
  std::string version;  ///< of the object; another Secret of the same name has another
};

/// Reads Secrets by name, each when it is needed and at most once in a while: no list, no watch, and no right to either. Thread-safe.
/// Copies share what was read.
class SecretReader {
 public:
  using Content = std::shared_ptr<const SecretContent>;
  using Done = std::function<void(const base::Result<Content>&)>;

  static constexpr base::Millis kMaxAge{60'000};      ///< of what is given …
  static constexpr base::Millis kMaxOutage{300'000};  ///< … but while the API server does not answer
  static constexpr base::Millis kMinAge{5'000};       ///< before a Secret that was missing, or is distrusted, is read again

  /// Both must outlive it. Answers that are still to come when the last copy ends are dropped with their `done`.
  SecretReader(kube::RestClient& client, const base::Clock& clock);

  /// At once on this thread where it is known, else on the API transport's. An error is one sentence that names the Secret.
  void Read(const kube::ObjectKey& key, Done done);
  /// A server refused what the Secret holds: it is read again when it is needed next.
  void Distrust(const kube::ObjectKey& key);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace softmig::reconcile
