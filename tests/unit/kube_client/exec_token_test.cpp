#include "kube/client/exec_token.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes/fake_clock.hpp"
#include "kube/client/run_program.hpp"
#include "temp_folder.hpp"

namespace softmig::kube {
namespace {

constexpr const char* kVersion = "client.authentication.k8s.io/v1";

std::string Credential(const std::string& status) {
  return std::string(R"({"kind":"ExecCredential","apiVersion":")") + kVersion + R"(","status":)" + status + "}";
}

class ExecTokenTest : public ::testing::Test {
 protected:
  std::unique_ptr<TokenSource> Source(const std::string& script) {
    ExecPlugin plugin;
    plugin.api_version = kVersion;
    plugin.command = folder_.WriteScript("plugin", script);
    plugin.args = {"one two"};
    plugin.env = {{"EXTRA", "given"}};
    plugin.provide_cluster_info = true;
    plugin.server = "https://api";
    plugin.ca_pem = "pem";
    return MakeExecToken(plugin, clock_, *log_);
  }
  std::string ErrorOf(const std::string& script) {
    const auto token = Source(script)->Token();
    return token ? "" : token.error().message;
  }

  TempFolder folder_;
  fakes::FakeClock clock_;
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
};

TEST_F(ExecTokenTest, RunsThePluginOnceUntilDropped) {
  const auto source = Source("echo x >> " + folder_.path() + "/runs; echo '" + Credential(R"({"token":"abc"})") + "'");
  EXPECT_EQ(source->Token().value(), "abc");
  EXPECT_EQ(source->Token().value(), "abc");
  EXPECT_EQ(folder_.Read("runs"), "x\n");
  source->Drop();
  EXPECT_EQ(source->Token().value(), "abc");
  EXPECT_EQ(folder_.Read("runs"), "x\nx\n");
}

TEST_F(ExecTokenTest, RunsAgainBeforeTheTokenExpires) {
  const std::string credential = Credential(R"({"token":"abc","expirationTimestamp":"2026-01-01T00:01:00Z"})");
  const auto source = Source("echo x >> " + folder_.path() + "/runs; echo '" + credential + "'");
  ASSERT_TRUE(source->Token());
  clock_.Advance(base::Millis(45'000));
  ASSERT_TRUE(source->Token());
  EXPECT_EQ(folder_.Read("runs"), "x\n");
  clock_.Advance(base::Millis(10'000));
  ASSERT_TRUE(source->Token());
  EXPECT_EQ(folder_.Read("runs"), "x\nx\n");
}

TEST_F(ExecTokenTest, TellsThePluginWhatItNeeds) {
  const auto source = Source("printf %s \"$KUBERNETES_EXEC_INFO\" > " + folder_.path() + "/info; printf '%s|%s' \"$1\" \"$EXTRA\" > " +
                             folder_.path() + "/args; echo '" + Credential(R"({"token":"abc"})") + "'");
  ASSERT_TRUE(source->Token());
  EXPECT_EQ(folder_.Read("args"), "one two|given");
  const auto info = nlohmann::json::parse(folder_.Read("info"));
  EXPECT_EQ(info["apiVersion"], kVersion);
  EXPECT_EQ(info["spec"]["interactive"], false);
  EXPECT_EQ(info["spec"]["cluster"]["server"], "https://api");
  EXPECT_EQ(info["spec"]["cluster"]["certificate-authority-data"], "cGVt");
}

TEST_F(ExecTokenTest, RefusesWhatIsNoCredentialWithoutRepeatingIt) {
  EXPECT_NE(ErrorOf("exit 3").find("exit code 3"), std::string::npos);
  EXPECT_NE(ErrorOf("echo nonsense").find("json"), std::string::npos);
  EXPECT_NE(ErrorOf("echo '{\"kind\":\"Other\"}'").find("ExecCredential"), std::string::npos);
  EXPECT_NE(ErrorOf("echo '" + Credential("{}") + "'").find("no token"), std::string::npos);
  EXPECT_NE(ErrorOf("echo '" + Credential(R"({"clientCertificateData":"x","clientKeyData":"y"})") + "'").find("client certificate"),
            std::string::npos);
  const std::string bad_time = ErrorOf("echo '" + Credential(R"({"token":"s3cret","expirationTimestamp":"soon"})") + "'");
  EXPECT_NE(bad_time.find("expirationTimestamp"), std::string::npos);
  EXPECT_EQ(bad_time.find("s3cret"), std::string::npos);
}

TEST(RunProgram, EndsOneThatRunsTooLongWithAllItsChildren) {
  const TempFolder folder;
  Program program{.command = folder.WriteScript("slow", "sleep 600 & sleep 600"), .args = {}, .env = {}, .timeout = base::Millis(100)};
  const auto result = RunProgram(program);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::kTimeout);
}

TEST(RunProgram, EndsOneThatPrintsTooMuch) {
  const TempFolder folder;
  Program program{.command = folder.WriteScript("loud", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"), .args = {}, .env = {}};
  program.max_output = 10'000;
  const auto result = RunProgram(program);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::kInvalid);
}

TEST(RunProgram, SaysWhereAProgramIsMissing) {
  const auto result = RunProgram({.command = "/nonexistent/program", .args = {}, .env = {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::kNotFound);
}

TEST(RunProgram, GivesAllOutputOfOneThatEndsAtOnce) {
  const TempFolder folder;
  const auto result = RunProgram({.command = folder.WriteScript("quick", "seq 1 5000"), .args = {}, .env = {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->size(), 23'893U);
}

}  // namespace
}  // namespace softmig::kube
