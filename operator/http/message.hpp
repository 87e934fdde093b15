#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace softmig::http {

enum class Method { kGet, kPost, kPut, kPatch, kDelete, kHead, kOptions };
std::string_view Name(Method method);

/// Header fields in order; names compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;
/// First value of `name`, nothing where absent.
std::optional<std::string_view> Find(const Headers& headers, std::string_view name);

/// How a TLS server is verified and what we show it. Immutable once shared; the files are read again for every
/// new connection, so rotated certificates are picked up. Never logged.
struct TlsSettings {
  std::string ca_file;  ///< PEM bundle; with ca_pem empty too, the system's CAs
  std::string ca_pem;
  std::string client_cert_file, client_key_file;
  std::string client_cert_pem, client_key_pem;
  std::string server_name;            ///< verified instead of the URL's host where not empty
  bool insecure_skip_verify = false;  ///< only where a user's kubeconfig says so; logged as a warning
};

struct Request {
  Method method = Method::kGet;
  std::string url;  ///< absolute, http:// or https://, at most 8 KiB
  Headers headers;
  std::string body;
  std::shared_ptr<const TlsSettings> tls;  ///< null: the system's CAs
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
};

/// Percent-encodes everything but unreserved characters: for query values and path segments.
std::string UrlEncode(std::string_view text);

struct Url {
  std::string scheme, host;  ///< host without brackets
  std::string port;          ///< "443" or "80" where the text has none
  std::string target;        ///< path and query, "/" where empty
};
/// Nothing where the text is not an absolute http(s) URL.
std::optional<Url> ParseUrl(std::string_view text);

}  // namespace softmig::http
