#include "providers/send_permit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace softmig::providers {
namespace {

bool Allows(const std::string& annotation, const std::string& url) { return SendPermit::Read("s", annotation).Allows(url); }

TEST(SendPermit, NamesNowhereByDefault) {
  for (const char* annotation : {"", " ", ",\n ,", "prom:9090", "*", "https://", "https://*"}) {
    EXPECT_FALSE(Allows(annotation, "https://prom:9090/api/v1/query")) << annotation;
  }
}

TEST(SendPermit, AllowsWhatIsBelowOneOfItsAddresses) {
  const std::string annotation = "http://a:1,\n https://Prom.Example:9090/prefix/ https://b";
  for (const char* url :
       {"http://a:1", "http://a:1/x?y=../z", "https://prom.example:9090/prefix", "https://PROM.example:9090/prefix/api?q=%2e",
        "https://b:443/any", "https://B/", "https://b/a//b/../c", "https://b/%2e"}) {
    EXPECT_TRUE(Allows(annotation, url)) << url;
  }
}

TEST(SendPermit, RefusesEverythingElse) {
  const std::string annotation = "https://prom:9090/prefix";
  for (const char* url :
       {"http://prom:9090/prefix", "https://prom/prefix", "https://prom:9091/prefix", "https://prom.evil:9090/prefix",
        "https://evil/https://prom:9090/prefix", "https://prom:9090", "https://prom:9090/prefixed", "https://prom:9090/pre",
        "https://prom:9090/prefix/../admin", "https://prom:9090/prefix/%2e%2e/admin", "https://prom:9090/prefix//admin",
        "https://prom:9090/prefix/.", "https://prom:9090/prefix\\..\\admin", "https://prom:9090/prefix;/../admin",
        "https://user@prom:9090/prefix", "https://prom:9090@evil/prefix", "no address", ""}) {
    EXPECT_FALSE(Allows(annotation, url)) << url;
  }
}

TEST(SendPermit, TakesNoAddressWithMoreThanAPath) {
  for (const char* annotation :
       {"https://prom:9090/prefix?x", "https://user@prom:9090/prefix", "https://prom:9090/prefix#x", "https://prom:9090/%70refix"}) {
    EXPECT_FALSE(Allows(annotation, "https://prom:9090/prefix")) << annotation;
  }
}

TEST(SendPermit, SaysWhatIsMissing) {
  EXPECT_EQ(SendPermit::Read("s", "").Refusal("https://[::1]:9090/api?query=x"),
            "Secret \"s\" may not be sent to https://[::1]:9090: its annotation softmigration.io/send-to names no address");
  EXPECT_THAT(SendPermit::Read("s", "https://a").Refusal("https://b"), ::testing::HasSubstr("https://b:443: its annotation"));
}

}  // namespace
}  // namespace softmig::providers
