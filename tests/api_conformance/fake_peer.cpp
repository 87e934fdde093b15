#include "fakes/fake_clock.hpp"
#include "peer.hpp"
#include "sim/api/fake_api_server.hpp"

namespace softmig::api_conformance {
namespace {

using nlohmann::json;

json Read(const std::string& text) { return json::parse(text, nullptr, false).is_discarded() ? json() : json::parse(text); }

class FakeStream final : public Stream {
 public:
  explicit FakeStream(std::unique_ptr<sim::FakeWatch> watch) : watch_(std::move(watch)) {}
  std::optional<json> Next() override {
    const auto line = watch_->Next();
    return line ? std::optional(json::parse(*line)) : std::nullopt;
  }

 private:
  std::unique_ptr<sim::FakeWatch> watch_;
};

class FakePeer final : public Peer {
 public:
  Reply Send(http::Method method, const std::string& path, const std::string& body, const std::string& content_type) override {
    clock_.Advance(base::Millis(1));
    const http::Response response = server_.Handle(Make(method, path, body, content_type));
    return {response.status, Read(response.body)};
  }

  std::unique_ptr<Stream> Watch(const std::string& path, Reply& refused) override {
    auto opened = server_.OpenWatch(Make(http::Method::kGet, path, "", ""));
    if (auto* watch = std::get_if<std::unique_ptr<sim::FakeWatch>>(&opened)) return std::make_unique<FakeStream>(std::move(*watch));
    const auto& response = std::get<http::Response>(opened);
    refused = {response.status, Read(response.body)};
    return nullptr;
  }

  std::string FreshNamespace() override { return "space"; }
  bool Compact() override {
    server_.Compact();
    return true;
  }

 private:
  static http::Request Make(http::Method method, const std::string& path, const std::string& body, const std::string& content_type) {
    http::Request request;
    request.method = method;
    request.url = "https://fake" + path;
    request.headers = {{"User-Agent", "suite/1"}};
    if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
    request.body = body;
    return request;
  }

  fakes::FakeClock clock_;
  sim::FakeApiServer server_{clock_};
};

}  // namespace

std::unique_ptr<Peer> MakeFakePeer() { return std::make_unique<FakePeer>(); }

}  // namespace softmig::api_conformance
