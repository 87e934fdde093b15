#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

struct ssl_ctx_st;
struct x509_store_st;

namespace softmig::http {

/// The system's CA certificates, read once at first use: reading them costs about 60 ms. Not thread-safe.
class SystemCas {
 public:
  /// kUnavailable where no CA file or folder of the usual places can be read.
  base::Result<std::shared_ptr<x509_store_st>> Store();

 private:
  std::shared_ptr<x509_store_st> store_;
};

/// The name or address that the peer's certificate must carry.
std::string VerifiedName(const TlsSettings* settings, const std::string& url_host);
/// True where `host` is an IPv4 or IPv6 address. An address is never sent as server name indication.
bool IsAddress(const std::string& host);

/// Makes `context` a client of TLS 1.2 or newer that trusts only the CAs of `settings` (null: the system's), checks the
/// peer's name against subject alternative names only, and shows our certificate. Reads the files anew. Replaces
/// whatever the context trusted before. kUnavailable, naming the file, where something cannot be read.
base::Status ConfigureTls(ssl_ctx_st* context, const TlsSettings* settings, const std::string& url_host, SystemCas& system);

}  // namespace softmig::http
