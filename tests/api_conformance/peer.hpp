// The two servers that the suite speaks to.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "http/message.hpp"

namespace softmig::api_conformance {

inline constexpr const char* kJson = "application/json";
inline constexpr const char* kMerge = "application/merge-patch+json";
inline constexpr const char* kJsonPatch = "application/json-patch+json";
inline constexpr const char* kApply = "application/apply-patch+yaml";

struct Reply {
  int status = 0;
  nlohmann::json body;  ///< null: the answer was no JSON
};

/// An open watch.
class Stream {
 public:
  virtual ~Stream() = default;
  /// The next event, `{"type": …, "object": …}`; nothing where none comes: at once from the fake, after a while from a real server.
  virtual std::optional<nlohmann::json> Next() = 0;
};

/// An API server with our CRD and the Gateway API's.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual Reply Send(http::Method method, const std::string& path, const std::string& body, const std::string& content_type) = 0;
  /// A refusal comes as `refused`, and no stream then.
  virtual std::unique_ptr<Stream> Watch(const std::string& path, Reply& refused) = 0;
  /// A namespace that was never used.
  virtual std::string FreshNamespace() = 0;
  /// Versions from before now are forgotten. False where this cannot be asked for.
  virtual bool Compact() = 0;
};

std::unique_ptr<Peer> MakeFakePeer();
/// A real server. Aborts with the reason where it cannot be reached.
std::unique_ptr<Peer> MakeRealPeer(const std::string& kubeconfig);

}  // namespace softmig::api_conformance
