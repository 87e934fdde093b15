#include "transport_certs.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>

#include "base/assert.hpp"

namespace softmig::http::testing {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Cert = std::shared_ptr<X509>;

Key NewKey() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  SM_ASSERT(key != nullptr);
  return Key(key, EVP_PKEY_free);
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string PemOf(X509* cert) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, cert);
  return TextOf(bio);
}

std::string PemOf(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(bio);
}

void AddExtension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  SM_ASSERT(extension != nullptr);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

/// A version 3 certificate without extensions and without signature. `issuer` null: named by itself.
Cert Draft(const CertSpec& spec, EVP_PKEY* key, X509* issuer) {
  static std::atomic<long> serial{1};
  Cert cert(X509_new(), X509_free);
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), spec.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), spec.valid_until_s);
  X509_NAME* name = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(spec.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), issuer != nullptr ? X509_get_subject_name(issuer) : name);
  X509_set_pubkey(cert.get(), key);
  return cert;
}

}  // namespace

TestCa::TestCa(const std::string& name) : key_(NewKey()) {
  CertSpec spec;
  spec.common_name = name;
  cert_ = Draft(spec, key_.get(), nullptr);
  AddExtension(cert_.get(), cert_.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(cert_.get(), cert_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(cert_.get(), key_.get(), EVP_sha256());
  cert_pem_ = PemOf(cert_.get());
}

Identity TestCa::Issue(const CertSpec& spec) const {
  const Key key = NewKey();
  const Cert cert = Draft(spec, key.get(), cert_.get());
  if (!spec.alt_names.empty()) AddExtension(cert.get(), cert_.get(), NID_subject_alt_name, spec.alt_names);
  X509_sign(cert.get(), key_.get(), EVP_sha256());
  return {PemOf(cert.get()), PemOf(key.get())};
}

}  // namespace softmig::http::testing
