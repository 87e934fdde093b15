#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>

#include "http/transport.hpp"
#include "kube/client/cluster_config.hpp"
#include "kube/client/rest_client.hpp"
#include "peer.hpp"

namespace softmig::api_conformance {
namespace {

using nlohmann::json;

/// So long nothing came: nothing comes.
constexpr base::Millis kSilence{1'500};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "the API server cannot be used: %s\n", why.c_str());
  std::abort();
}

template <typename T>
T Need(base::Result<T> result) {
  if (!result) Die(result.error().ToString());
  return std::move(*result);
}

class NoLog final : public base::Log {
 public:
  void Write(base::LogLevel /*level*/, std::string_view /*message*/, std::initializer_list<base::LogField> /*fields*/) override {}
};

/// What the transport's thread hands to the test's.
struct Inbox {
  std::mutex mutex;
  std::condition_variable changed;
  int status = 0;
  bool ended = false;
  std::string bytes;
};

http::StreamCallbacks Into(const std::shared_ptr<Inbox>& inbox) {
  const auto change = [inbox](const auto& apply) {
    const std::unique_lock lock(inbox->mutex);
    apply(*inbox);
    inbox->changed.notify_all();
  };
  http::StreamCallbacks callbacks;
  callbacks.on_status = [change](int status, const http::Headers&) { change([&](Inbox& box) { box.status = status; }); };
  callbacks.on_chunk = [change](std::string_view chunk) { change([&](Inbox& box) { box.bytes += chunk; }); };
  callbacks.on_end = [change](const base::Status&) { change([](Inbox& box) { box.ended = true; }); };
  return callbacks;
}

class RealStream final : public Stream {
 public:
  RealStream(std::shared_ptr<Inbox> inbox, std::unique_ptr<http::Stream> stream) : inbox_(std::move(inbox)), stream_(std::move(stream)) {}

  std::optional<json> Next() override {
    std::unique_lock lock(inbox_->mutex);
    const auto complete = [this] { return inbox_->bytes.find('\n') != std::string::npos; };
    inbox_->changed.wait_for(lock, kSilence, [&] { return complete() || inbox_->ended; });
    if (!complete()) return std::nullopt;
    const auto end = inbox_->bytes.find('\n');
    json event = json::parse(inbox_->bytes.substr(0, end));
    inbox_->bytes.erase(0, end + 1);
    return event;
  }

 private:
  std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<http::Stream> stream_;
};

class RealPeer final : public Peer {
 public:
  explicit RealPeer(const std::string& kubeconfig) : transport_(http::MakeTransport(http::TransportKind::kBeast)) {
    kube::ConfigSources sources;
    sources.kubeconfig_flag = kubeconfig;
    client_ = std::make_unique<kube::RestClient>(Need(kube::LoadClusterConfig(sources, clock_, log_)), *transport_);
    Need(client_->GetPath("/version"));
  }

  Reply Send(http::Method method, const std::string& path, const std::string& body, const std::string& content_type) override {
    const http::Response response = Need(http::SendAndWait(*transport_, Make(method, path, body, content_type), {}));
    return {response.status, Read(response.body)};
  }

  std::unique_ptr<Stream> Watch(const std::string& path, Reply& refused) override {
    const auto inbox = std::make_shared<Inbox>();
    auto stream = transport_->OpenStream(Make(http::Method::kGet, path, "", ""), std::chrono::seconds(30), Into(inbox));
    std::unique_lock lock(inbox->mutex);
    inbox->changed.wait_for(lock, std::chrono::seconds(15), [&] { return inbox->status != 0 || inbox->ended; });
    if (inbox->status == 200) return std::make_unique<RealStream>(inbox, std::move(stream));
    inbox->changed.wait_for(lock, std::chrono::seconds(15), [&] { return inbox->ended; });
    refused = {inbox->status, Read(inbox->bytes)};
    return nullptr;
  }

  std::string FreshNamespace() override {
    const std::string name = "conformance-" + std::to_string(clock_.WallNow().time_since_epoch().count()) + "-" + std::to_string(++spaces_);
    const json space = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    const Reply made = Send(http::Method::kPost, "/api/v1/namespaces", space.dump(), kJson);
    if (made.status != 201) Die("no namespace: " + made.body.dump());
    return name;
  }

  bool Compact() override { return false; }

 private:
  static json Read(const std::string& text) {
    json value = json::parse(text, nullptr, false);
    return value.is_discarded() ? json() : value;
  }

  http::Request Make(http::Method method, const std::string& path, const std::string& body, const std::string& content_type) {
    http::Request request = Need(client_->Authorise(method, path));
    std::erase_if(request.headers, [](const auto& header) { return header.first == "User-Agent"; });
    request.headers.emplace_back("User-Agent", "suite/1");
    if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
    request.body = body;
    return request;
  }

  base::SystemClock clock_;
  NoLog log_;
  std::unique_ptr<http::HttpTransport> transport_;
  std::unique_ptr<kube::RestClient> client_;
  int spaces_ = 0;
};

}  // namespace

std::unique_ptr<Peer> MakeRealPeer(const std::string& kubeconfig) { return std::make_unique<RealPeer>(kubeconfig); }

}  // namespace softmig::api_conformance
