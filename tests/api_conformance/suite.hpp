// What every test of the suite starts from. Each test has a namespace of its own.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "kube/client/rest_client.hpp"
#include "kube/core/known_types.hpp"
#include "peer.hpp"

namespace softmig::api_conformance {

using nlohmann::json;

/// The server under test: the real one of $SOFTMIG_API_KUBECONFIG, else a fresh fake.
class ApiConformance : public ::testing::Test {
 protected:
  ApiConformance();
  ~ApiConformance() override;

  [[nodiscard]] Peer& peer() const { return *peer_; }
  [[nodiscard]] bool fake() const { return own_ != nullptr; }
  [[nodiscard]] const std::string& ns() const { return ns_; }
  [[nodiscard]] std::string Path(const kube::ResourceType& type, const std::string& name = "", const std::string& subresource = "") const;

  Reply Get(const std::string& path) { return peer().Send(http::Method::kGet, path, "", ""); }
  Reply Post(const std::string& path, const json& body) { return peer().Send(http::Method::kPost, path, body.dump(), kJson); }
  Reply Put(const std::string& path, const json& body) { return peer().Send(http::Method::kPut, path, body.dump(), kJson); }
  Reply Merge(const std::string& path, const json& patch) { return peer().Send(http::Method::kPatch, path, patch.dump(), kMerge); }
  Reply JsonPatch(const std::string& path, const json& patch) { return peer().Send(http::Method::kPatch, path, patch.dump(), kJsonPatch); }
  Reply Apply(const std::string& path, const json& object) { return peer().Send(http::Method::kPatch, path, object.dump(), kApply); }
  Reply Delete(const std::string& path, const json& options = nullptr);

  /// Creates and returns the object; a failure otherwise.
  json Made(const kube::ResourceType& type, const json& object, const std::string& query = "");

  /// Two routes' worth of nothing but what is required.
  [[nodiscard]] json Migration(const std::string& name = "move") const;
  [[nodiscard]] json Route(const std::string& name = "payments") const;
  [[nodiscard]] json Service(const std::string& name = "payments-legacy") const;
  [[nodiscard]] json Slice(const std::string& name = "payments-legacy") const;
  [[nodiscard]] json Lease(const std::string& name = "operator") const;
  [[nodiscard]] json Event(const std::string& name = "move.1") const;
  [[nodiscard]] json Object(const kube::ResourceType& type, const std::string& name, json more) const;

  /// The next event that is no passing bookmark: a real server sends those when it likes.
  static std::optional<json> NextEvent(Stream& stream);
  /// What the events of a watch were, "ADDED move" or "BOOKMARK", until none comes or `count` came.
  static std::vector<std::string> Take(Stream& stream, std::size_t count);
  std::unique_ptr<Stream> Watch(const std::string& path);

 private:
  std::unique_ptr<Peer> own_;  // the fake; the real one is shared
  Peer* peer_;
  std::string ns_;
};

/// A refusal as code, reason and details; causes without their words, sorted, each once. An object otherwise, normalised.
json Brief(const Reply& reply);
/// What a write that was taken says, without what differs from run to run: uid, versions and times are checked to be there and replaced.
json Normal(json object);
/// {"code": …, "reason": …, "details": {…}}
json Refused(int code, const std::string& reason, json details = nullptr);
/// The details of a 422 about fields of a custom resource.
json Fields(const kube::ResourceType& type, const std::string& name, const std::vector<std::string>& causes);
/// Manager, operation and fields, by name, without the times: the server orders them by whole seconds.
json Managers(const json& object);
std::string Version(const json& object);
/// Both are versions, and `a` comes before `b`.
bool IsOlder(const std::string& a, const std::string& b);

}  // namespace softmig::api_conformance
