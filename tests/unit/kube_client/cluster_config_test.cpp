#include "kube/client/cluster_config.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fakes/fake_clock.hpp"
#include "kube/client/kubeconfig.hpp"
#include "temp_folder.hpp"

namespace softmig::kube {
namespace {

const std::string kMinimal = R"(
apiVersion: v1
kind: Config
current-context: dev
contexts: [{name: dev, context: {cluster: c, user: u, namespace: shop}}]
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443/", certificate-authority: pki/ca.crt, tls-server-name: api}}]
users: [{name: u, user: {token: t0}}]
)";

class ClusterConfigTest : public ::testing::Test {
 protected:
  base::Result<ClusterConfig> LoadText(const std::string& text) {
    ConfigSources sources;
    sources.kubeconfig_flag = folder_.Write("config", text);
    return LoadClusterConfig(sources, clock_, *log_);
  }
  /// The minimal file with a part replaced.
  base::Result<ClusterConfig> LoadWith(const std::string& part, const std::string& other) {
    std::string text = kMinimal;
    text.replace(text.find(part), part.size(), other);
    return LoadText(text);
  }
  void ExpectInvalid(const base::Result<ClusterConfig>& result, const std::string& naming) {
    ASSERT_FALSE(result) << naming;
    EXPECT_EQ(result.error().code, base::ErrorCode::kInvalid);
    EXPECT_NE(result.error().message.find(naming), std::string::npos) << result.error().message;
    EXPECT_NE(result.error().message.find("config"), std::string::npos) << result.error().message;
  }

  TempFolder folder_;
  fakes::FakeClock clock_;
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
};

TEST_F(ClusterConfigTest, ReadsAMinimalFile) {
  const auto config = LoadText(kMinimal);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->default_namespace, "shop");
  EXPECT_EQ(config->tls->ca_file, folder_.path() + "/pki/ca.crt");
  EXPECT_EQ(config->tls->server_name, "api");
  EXPECT_FALSE(config->tls->insecure_skip_verify);
  EXPECT_EQ(config->token->Token().value(), "t0");
}

TEST_F(ClusterConfigTest, PrefersInlineDataToFiles) {
  const auto config = LoadWith(
      "{token: t0}", "{client-certificate: a, client-certificate-data: Y2VydA==, client-key: /abs/key, client-key-data: \"a2V5\"}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->client_cert_pem, "cert");
  EXPECT_EQ(config->tls->client_key_pem, "key");
  EXPECT_EQ(config->tls->client_cert_file, "");
  EXPECT_EQ(config->token->Token().value(), "");
}

TEST_F(ClusterConfigTest, MergesFilesSoThatTheFirstWins) {
  ConfigSources sources;
  sources.kubeconfig_env = folder_.Write("a", "users: [{name: u, user: {token: first}}]\n") + "::" + folder_.path() +
                           "/absent:" + folder_.Write("b/config", kMinimal);
  const auto config = LoadClusterConfig(sources, clock_, *log_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->token->Token().value(), "first");
  EXPECT_EQ(config->tls->ca_file, folder_.path() + "/b/pki/ca.crt") << "relative to the file that says it";
}

TEST_F(ClusterConfigTest, TakesTheContextThatTheFlagNames) {
  ConfigSources sources;
  sources.kubeconfig_flag = folder_.Write("config", kMinimal);
  sources.context_flag = "prod";
  const auto config = LoadClusterConfig(sources, clock_, *log_);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("\"prod\""), std::string::npos);
}

TEST_F(ClusterConfigTest, NamesFileAndFieldOfWhatMakesNoSense) {
  ExpectInvalid(LoadWith("server: \"https://10.0.0.1:6443/\"", "server: [1]"), "clusters[0].cluster.server");
  ExpectInvalid(LoadWith("server: \"https://10.0.0.1:6443/\"", "server: ftp://x"), "server is not");
  ExpectInvalid(LoadWith("server: \"https://10.0.0.1:6443/\", ", ""), "server is missing");
  ExpectInvalid(LoadWith("tls-server-name: api", "insecure-skip-tls-verify: maybe"), "insecure-skip-tls-verify");
  ExpectInvalid(LoadWith("tls-server-name: api", "insecure-skip-tls-verify: true"), "exclude");
  ExpectInvalid(LoadWith("tls-server-name: api", "certificate-authority-data: '*'"), "clusters[0].cluster.certificate-authority-data");
  ExpectInvalid(LoadWith("tls-server-name: api", "proxy-url: http://p"), "proxy-url");
  ExpectInvalid(LoadWith("{token: t0}", "{client-certificate: x}"), "client-key");
  ExpectInvalid(LoadWith("{token: t0}", "{username: x, password: y}"), "not supported");
  ExpectInvalid(LoadWith("{token: t0}", "[1]"), "users[0].user must be a mapping");
  ExpectInvalid(LoadWith("user: u", "user: nobody"), "\"nobody\"");
  ExpectInvalid(LoadWith("cluster: c,", "cluster: none,"), "\"none\"");
  ExpectInvalid(LoadWith("current-context: dev", ""), "current-context");
  ExpectInvalid(LoadWith("{token: t0}", "{exec: {apiVersion: v9, command: x}}"), "users[0].user.exec.apiVersion");
  const std::string exec = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}}";
  ExpectInvalid(LoadWith("{token: t0}", exec), "interactiveMode");
  ExpectInvalid(LoadText("a: [unclosed"), "YAML");
  ExpectInvalid(LoadText("just a text"), "must be a mapping");
}

TEST_F(ClusterConfigTest, RefusesAFileThatIsTooLong) { ExpectInvalid(LoadText("# " + std::string(5U << 20U, 'x')), "longer"); }

TEST_F(ClusterConfigTest, SurvivesHostileTexts) {
  std::vector<std::string> texts = {"",
                                    "\0",
                                    "---",
                                    "&a [*a, *a]",
                                    "*a",
                                    "? [",
                                    "{{{{",
                                    "!!binary x",
                                    "%YAML 9",
                                    "contexts: *x",
                                    "- - - -",
                                    std::string(100'000, '['),
                                    std::string(100'000, '{'),
                                    "a: &a [&b [&c [*a]]]",
                                    "<<: [1]",
                                    "clusters: [~, 1]"};
  std::minstd_rand random(11);
  for (int round = 0; round < 400; ++round) {
    std::string text = kMinimal;
    for (int edit = 0; edit < 6; ++edit) text[random() % text.size()] = "{}[]&*!|>'\"%@`:-?,\n #x\xff"[random() % 23];
    texts.push_back(text);
  }
  for (const std::string& text : texts) {
    const auto parsed = ParseKubeconfig(text, "/x/config");
    if (!parsed) {
      EXPECT_EQ(parsed.error().code, base::ErrorCode::kInvalid);
    }
  }
}

TEST_F(ClusterConfigTest, ReadsTheServiceAccountInAPodAndItsTokenAgain) {
  const std::string token = folder_.Write("token", "one\n");
  folder_.Write("namespace", "ops\n");
  ConfigSources sources;
  sources.service_host = "fd00::1";
  sources.service_port = "443";
  sources.service_account_dir = folder_.path();
  const auto config = LoadClusterConfig(sources, clock_, *log_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->default_namespace, "ops");
  EXPECT_EQ(config->tls->ca_file, folder_.path() + "/ca.crt");

  folder_.Write("token", "two\n");
  EXPECT_EQ(config->token->Token().value(), "one");
  clock_.Advance(base::Millis(60'000));
  EXPECT_EQ(config->token->Token().value(), "two");
  folder_.Write("token", "three");
  config->token->Drop();
  EXPECT_EQ(config->token->Token().value(), "three");
  std::filesystem::remove(token);
  config->token->Drop();
  EXPECT_EQ(config->token->Token().value(), "three") << "the last good token is kept";
}

TEST_F(ClusterConfigTest, SaysWhatWasTriedWhereNothingIsThere) {
  ConfigSources sources;
  sources.home = folder_.path();
  EXPECT_EQ(LoadClusterConfig(sources, clock_, *log_).error().code, base::ErrorCode::kNotFound);
  sources.kubeconfig_flag = folder_.path() + "/none";
  const auto flagged = LoadClusterConfig(sources, clock_, *log_);
  EXPECT_EQ(flagged.error().code, base::ErrorCode::kNotFound);
  EXPECT_NE(flagged.error().message.find("/none"), std::string::npos);
  folder_.Write(".kube/config", kMinimal);
  sources.kubeconfig_flag.clear();
  EXPECT_TRUE(LoadClusterConfig(sources, clock_, *log_));
}

}  // namespace
}  // namespace softmig::kube
