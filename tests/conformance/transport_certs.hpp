#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace softmig::http::testing {

/// A certificate with its key, both PEM.
struct Identity {
  std::string cert_pem, key_pem;
};

struct CertSpec {
  std::string common_name;
  std::string alt_names;       ///< as OpenSSL writes them: "IP:127.0.0.1,DNS:api"; empty for none
  long valid_from_s = -3'600;  ///< seconds from now
  long valid_until_s = 3'600;
};

/// A certificate authority that lives for one test.
class TestCa {
 public:
  explicit TestCa(const std::string& name);
  [[nodiscard]] const std::string& cert_pem() const { return cert_pem_; }
  [[nodiscard]] Identity Issue(const CertSpec& spec) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> cert_;
  std::string cert_pem_;
};

}  // namespace softmig::http::testing
