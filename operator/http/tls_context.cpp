#include "http/tls_context.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace softmig::http {
namespace {

using base::ErrorCode;
using base::Fail;

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

/// A PEM text and where it came from, for messages.
struct Pem {
  std::string text, origin;
};

base::Result<Pem> ReadPem(const std::string& file, const std::string& pem, const char* what) {
  if (file.empty()) return Pem{pem, std::string(what) + " given as text"};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return Fail(ErrorCode::kUnavailable, "cannot read " + std::string(what) + " file " + file);
  return Pem{std::move(text).str(), std::string(what) + " file " + file};
}

Owned<BIO> Reader(const std::string& text) { return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// Never asks the terminal for a pass phrase: an encrypted key is an error.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

base::Result<Owned<X509_STORE>> StoreOf(const Pem& pem) {
  Owned<X509_STORE> store(X509_STORE_new());
  const auto reader = Reader(pem.text);
  int count = 0;
  while (const Owned<X509> cert{PEM_read_bio_X509(reader.get(), nullptr, NoPassPhrase, nullptr)}) {
    X509_STORE_add_cert(store.get(), cert.get());
    ++count;
  }
  ERR_clear_error();  // the end of the text counts as an error there
  if (count == 0) return Fail(ErrorCode::kUnavailable, "no CA certificate in " + pem.origin);
  // As with the cluster's other clients, any certificate of the bundle is an anchor, an intermediate one too.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

base::Status UseCertificate(SSL_CTX* context, const Pem& pem) {
  const auto reader = Reader(pem.text);
  const Owned<X509> leaf(PEM_read_bio_X509(reader.get(), nullptr, NoPassPhrase, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kUnavailable, "no certificate in " + pem.origin);
  }
  while (const Owned<X509> next{PEM_read_bio_X509(reader.get(), nullptr, NoPassPhrase, nullptr)}) {
    SSL_CTX_add1_chain_cert(context, next.get());
  }
  ERR_clear_error();
  return {};
}

base::Status UseKey(SSL_CTX* context, const Pem& pem) {
  const auto reader = Reader(pem.text);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassPhrase, nullptr));
  // use_PrivateKey also compares the key with the certificate set before it.
  const bool used = key && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  ERR_clear_error();
  if (!used) return Fail(ErrorCode::kUnavailable, "no key that fits the certificate in " + pem.origin);
  return {};
}

base::Status UseClientIdentity(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.client_cert_file.empty() && settings.client_cert_pem.empty()) return {};
  const auto cert = ReadPem(settings.client_cert_file, settings.client_cert_pem, "client certificate");
  if (!cert) return Fail(cert.error());
  const auto key = ReadPem(settings.client_key_file, settings.client_key_pem, "client key");
  if (!key) return Fail(key.error());
  if (auto used = UseCertificate(context, *cert); !used) return used;
  return UseKey(context, *key);
}

base::Status UseCas(SSL_CTX* context, const TlsSettings* settings, SystemCas& system) {
  if (settings == nullptr || (settings->ca_file.empty() && settings->ca_pem.empty())) {
    const auto store = system.Store();
    if (!store) return Fail(store.error());
    SSL_CTX_set1_cert_store(context, store->get());
    return {};
  }
  const auto pem = ReadPem(settings->ca_file, settings->ca_pem, "CA");
  if (!pem) return Fail(pem.error());
  auto store = StoreOf(*pem);
  if (!store) return Fail(store.error());
  SSL_CTX_set_cert_store(context, store->release());
  return {};
}

base::Status CheckName(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set = IsAddress(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1
                                   : X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1;
  if (!set) return Fail(ErrorCode::kInvalid, "server name cannot be verified");
  return {};
}

}  // namespace

base::Result<std::shared_ptr<x509_store_st>> SystemCas::Store() {
  if (store_) return store_;
  // Explicit places: SSL_CERT_FILE may point to nothing, to spare the C++ REST SDK a useless read (PrepareProcessForCpprest,
  // which keeps the user's own value in SOFTMIG_SYSTEM_CA_FILE).
  const char* chosen = std::getenv("SOFTMIG_SYSTEM_CA_FILE");  // NOLINT(concurrency-mt-unsafe): set only at the start of main
  const std::array<const char*, 5> files = {chosen, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                            "/etc/ssl/cert.pem", X509_get_default_cert_file()};
  Owned<X509_STORE> store(X509_STORE_new());
  for (const char* file : files) {
    if (file == nullptr || X509_STORE_load_file(store.get(), file) != 1) continue;
    ERR_clear_error();
    store_ = std::shared_ptr<x509_store_st>(store.release(), Free{});
    return store_;
  }
  ERR_clear_error();
  return Fail(ErrorCode::kUnavailable, "the system has no CA bundle in the usual places");
}

std::string VerifiedName(const TlsSettings* settings, const std::string& url_host) {
  return settings != nullptr && !settings->server_name.empty() ? settings->server_name : url_host;
}

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 || inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

base::Status ConfigureTls(ssl_ctx_st* context, const TlsSettings* settings, const std::string& url_host, SystemCas& system) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cert_store(context, X509_STORE_new());  // drops what was trusted before
  if (settings != nullptr) {
    if (auto shown = UseClientIdentity(context, *settings); !shown) return shown;
    if (settings->insecure_skip_verify) {
      SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
      return {};
    }
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (auto trusted = UseCas(context, settings, system); !trusted) return trusted;
  return CheckName(context, VerifiedName(settings, url_host));
}

}  // namespace softmig::http
