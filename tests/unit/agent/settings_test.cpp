#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/settings/agent_host.hpp"
#include "agent/settings/bridge_settings.hpp"
#include "agent/settings/settings_folder.hpp"
#include "fakes/fake_clock.hpp"
#include "unit/kube_client/temp_folder.hpp"

namespace softmig::agent::testing {
namespace {

using nlohmann::json;

constexpr const char* kConfig = R"({"components": [{"name": "all"}], "legacy": {"url": "http://127.0.0.1:1"},
  "target": {"url": "http://127.0.0.1:2", "clusters": ["target"]}})";
constexpr const char* kOtherConfig = R"({"components": [{"name": "other"}], "legacy": {"url": "http://127.0.0.1:1"},
  "target": {"url": "http://127.0.0.1:2", "clusters": ["target"]}})";

json ConfigMap() {
  json data{{kAgentFile, kConfig}};
  for (const std::string_view name : kEnvoyFiles) data[std::string(name)] = R"({"resources": []})";
  return {{"data", std::move(data)}};
}

BridgeSettings Settings(std::string agent, std::string routes = R"({"resources": []})") {
  BridgeSettings settings = *ReadBridgeSettings(ConfigMap());
  settings.agent = std::move(agent);
  settings.envoy["rds.json"] = std::move(routes);
  return settings;
}

TEST(BridgeSettings, AreTheFilesOfTheConfigMap) {
  const auto settings = ReadBridgeSettings(ConfigMap());
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->agent, kConfig);
  EXPECT_EQ(settings->envoy.size(), kEnvoyFiles.size());
  EXPECT_EQ(settings->envoy.at("lds.json"), R"({"resources": []})");
}

TEST(BridgeSettings, HalfOfAConfigurationIsNone) {
  for (const char* broken : {"", "{", "[]", "1"}) {
    json config_map = ConfigMap();
    config_map["data"]["cds.json"] = broken;
    EXPECT_EQ(ReadBridgeSettings(config_map).error().message, "data[cds.json] is no JSON object") << broken;
  }
  for (const json& odd : {json(), json::object(), json{{"data", 1}}, json{{"data", {{"agent.json", 1}}}}}) {
    EXPECT_FALSE(ReadBridgeSettings(odd)) << odd;
  }
}

TEST(SettingsFolder, HoldsWhatWasStoredLast) {
  const kube::TempFolder files;
  const SettingsFolder folder(files.path());
  EXPECT_EQ(folder.Stored(kAgentFile).error().code, base::ErrorCode::kNotFound);
  ASSERT_TRUE(folder.Store(Settings("one", "{}")));
  ASSERT_TRUE(folder.Store(Settings("two", R"({"version_info": "2"})")));
  EXPECT_EQ(*folder.Stored(kAgentFile), "two");
  EXPECT_EQ(files.Read("rds.json"), R"({"version_info": "2"})");
}

TEST(SettingsFolder, AFileChangesByARenameAndOnlyWhereItChanges) {
  namespace fs = std::filesystem;
  const kube::TempFolder files;
  const SettingsFolder folder(files.path());
  ASSERT_TRUE(folder.Store(Settings("one", "{}")));
  fs::create_hard_link(fs::path(files.path()) / "rds.json", fs::path(files.path()) / "old-routes");
  fs::create_hard_link(fs::path(files.path()) / "lds.json", fs::path(files.path()) / "old-listeners");
  ASSERT_TRUE(folder.Store(Settings("one", R"({"version_info": "2"})")));
  EXPECT_EQ(files.Read("old-routes"), "{}") << "whoever reads the old file has all of it";
  EXPECT_EQ(fs::hard_link_count(fs::path(files.path()) / "lds.json"), 2U) << "the same file as before";
}

class AgentHostTest : public ::testing::Test {
 protected:
  AgentHost::Options Options() {
    AgentHost::Options options;
    options.agent.copies_address = "127.0.0.1:0";
    options.agent.http.address = "127.0.0.1";
    options.digest_key = "a key of sixteen";
    options.make_epoch = [this] { return "epoch " + std::to_string(++starts_); };
    return options;
  }

  const kube::TempFolder files_;
  fakes::FakeClock clock_;
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
  int starts_ = 0;
};

TEST_F(AgentHostTest, WaitsForItsFirstConfiguration) {
  AgentHost host(Options(), SettingsFolder(files_.path()), clock_, *log_);
  host.Tick();
  EXPECT_EQ(host.agent(), nullptr);
  host.Take(Settings(kConfig));
  host.Tick();
  ASSERT_NE(host.agent(), nullptr);
  EXPECT_NE(host.agent()->copies_port(), 0);
}

TEST_F(AgentHostTest, BeginsWithWhatWasStoredWithoutBeingTold) {
  ASSERT_TRUE(SettingsFolder(files_.path()).Store(Settings(kConfig)));
  AgentHost host(Options(), SettingsFolder(files_.path()), clock_, *log_);
  host.Tick();
  EXPECT_NE(host.agent(), nullptr);
}

TEST_F(AgentHostTest, AWeightReachesEnvoyWithoutANewStart) {
  AgentHost host(Options(), SettingsFolder(files_.path()), clock_, *log_);
  host.Take(Settings(kConfig));
  host.Tick();
  host.Take(Settings(kConfig, R"({"version_info": "2"})"));
  EXPECT_EQ(files_.Read("rds.json"), R"({"version_info": "2"})") << "before any tick";
  host.Tick();
  EXPECT_EQ(starts_, 1) << "the counts go on";
}

TEST_F(AgentHostTest, SaysWhichRoutesEnvoyHasFromTheFirstMomentOn) {
  EXPECT_EQ(AgentHost(Options(), SettingsFolder(files_.path()), clock_, *log_).Routes(), "");
  AgentHost host(Options(), SettingsFolder(files_.path()), clock_, *log_);
  host.Take(Settings(kConfig));
  const std::string first = host.Routes();
  host.Take(Settings(kConfig, R"({"version_info": "2"})"));
  EXPECT_EQ(first.size(), 16U);
  EXPECT_NE(host.Routes(), first);
  EXPECT_EQ(AgentHost(Options(), SettingsFolder(files_.path()), clock_, *log_).Routes(), host.Routes()) << "the next process";
}

TEST_F(AgentHostTest, AnotherConfigurationIsAnotherEpoch) {
  AgentHost host(Options(), SettingsFolder(files_.path()), clock_, *log_);
  host.Take(Settings(kConfig));
  host.Tick();
  host.Take(Settings(kOtherConfig));
  host.Tick();
  EXPECT_EQ(starts_, 2);
  EXPECT_EQ(files_.Read("agent.json"), kOtherConfig);
}

TEST_F(AgentHostTest, AConfigurationThatIsRefusedHoldsUpNoWeight) {
  AgentHost host(Options(), SettingsFolder(files_.path()), clock_, *log_);
  host.Take(Settings(kConfig));
  host.Tick();
  for (const char* refused : {"", "no JSON", R"({"components": []})"}) {
    host.Take(Settings(refused, R"({"version_info": "2"})"));
    host.Tick();
  }
  EXPECT_EQ(starts_, 1);
  EXPECT_NE(host.agent(), nullptr);
  EXPECT_EQ(files_.Read("agent.json"), kConfig) << "the next process begins with the one that works";
  EXPECT_EQ(files_.Read("rds.json"), R"({"version_info": "2"})");
}

TEST_F(AgentHostTest, TriesAgainWhereTheFolderWasAway) {
  const std::string away = files_.path() + "/later";
  AgentHost host(Options(), SettingsFolder(away), clock_, *log_);
  host.Take(Settings(kConfig));
  std::filesystem::create_directory(away);
  host.Tick();
  EXPECT_EQ(files_.Read("later/agent.json"), kConfig);
}

TEST_F(AgentHostTest, TriesAgainWhereTheAddressWasTaken) {
  std::optional<AgentHost> first(std::in_place, Options(), SettingsFolder(files_.path()), clock_, *log_);
  first->Take(Settings(kConfig));
  first->Tick();
  ASSERT_NE(first->agent(), nullptr);
  AgentHost::Options options = Options();
  options.agent.http.port = first->agent()->http_port();
  AgentHost second(std::move(options), SettingsFolder(files_.path()), clock_, *log_);
  second.Tick();
  EXPECT_EQ(second.agent(), nullptr);
  first.reset();
  second.Tick();
  EXPECT_EQ(second.agent(), nullptr) << "not at once";
  clock_.Advance(base::Millis(1'000));
  second.Tick();
  EXPECT_NE(second.agent(), nullptr);
}

}  // namespace
}  // namespace softmig::agent::testing
