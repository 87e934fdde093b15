#pragma once

#include <map>
#include <string>

#include "kube/client/base64.hpp"
#include "reconcile/secret_sources.hpp"
#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {

inline constexpr const char* kCaPem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

inline json SecretJson(const std::string& name, const std::map<std::string, std::string>& values,
                       const std::string& send_to = "https://prom:9090", const std::string& version = "1") {
  json data = json::object();
  for (const auto& [key, value] : values) data[key] = kube::EncodeBase64(value);
  json metadata{{"namespace", "shop"}, {"name", name}, {"uid", "uid-" + name}, {"resourceVersion", version}};
  if (!send_to.empty()) metadata["annotations"] = {{providers::SendPermit::kAnnotation, send_to}};
  return {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", metadata}, {"data", data}};
}

/// An API server that only has Secrets.
struct SecretWorld {
  /// By name; none: 404.
  std::map<std::string, base::Result<http::Response>> answers;
  fakes::FakeClock clock;
  fakes::FakeTransport transport{[this](const http::Request& request) -> std::optional<base::Result<http::Response>> {
    const auto it = answers.find(request.url.substr(request.url.rfind('/') + 1));
    return it == answers.end() ? base::Result<http::Response>(Refused(404, "NotFound")) : it->second;
  }};
  kube::RestClient client{{"http://api", "default", nullptr, std::make_shared<NoToken>()}, transport};
  SecretReader reader{client, clock};

  void Has(const json& secret) { answers.insert_or_assign(secret["metadata"]["name"], Answer(200, secret)); }
  void Fails(const std::string& name, base::Result<http::Response> answer) { answers.insert_or_assign(name, std::move(answer)); }
  [[nodiscard]] std::size_t reads() const { return transport.requests().size(); }
  /// The value of "token", or the sentence.
  std::string Token(const std::string& name = "prom") {
    std::string got = "no answer";
    reader.Read({"shop", name}, [&](const base::Result<SecretReader::Content>& content) {
      got = content ? content->get()->values.at("token").Reveal() : content.error().message;
    });
    return got;
  }
};

}  // namespace softmig::reconcile
