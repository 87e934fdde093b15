#include "http/message.hpp"

#include <gtest/gtest.h>

namespace softmig::http {
namespace {

TEST(UrlEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(UrlEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(UrlEncode("a b/c?d=e&f%+"), "a%20b%2Fc%3Fd%3De%26f%25%2B");
  EXPECT_EQ(UrlEncode("\xc3\xa9\n"), "%C3%A9%0A");
}

TEST(Find, ComparesNamesWithoutCaseAndTakesTheFirst) {
  const Headers headers = {{"Retry-After", "5"}, {"retry-after", "9"}};
  EXPECT_EQ(Find(headers, "RETRY-AFTER"), "5");
  EXPECT_EQ(Find(headers, "Retry"), std::nullopt);
}

TEST(Name, IsTheMethodOnTheWire) {
  EXPECT_EQ(Name(Method::kGet), "GET");
  EXPECT_EQ(Name(Method::kPatch), "PATCH");
  EXPECT_EQ(Name(Method::kDelete), "DELETE");
}

TEST(ParseUrl, SplitsAUrl) {
  const auto url = ParseUrl("HTTPS://api.example:6443/apis/x?watch=1&a=b#part");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.example");
  EXPECT_EQ(url->port, "6443");
  EXPECT_EQ(url->target, "/apis/x?watch=1&a=b");
}

TEST(ParseUrl, FillsInPortAndPath) {
  EXPECT_EQ(ParseUrl("http://a")->port, "80");
  EXPECT_EQ(ParseUrl("https://a")->port, "443");
  EXPECT_EQ(ParseUrl("http://a")->target, "/");
  EXPECT_EQ(ParseUrl("http://a?x=1")->target, "/?x=1");
}

TEST(ParseUrl, ReadsIpv6Hosts) {
  const auto url = ParseUrl("https://[fd00::1]:8443/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "fd00::1");
  EXPECT_EQ(url->port, "8443");
  EXPECT_EQ(ParseUrl("http://[::1]/")->port, "80");
}

TEST(ParseUrl, RefusesWhatIsNoUrl) {
  for (const auto* text :
       {"", "a", "/a", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:65536", "http://a:", "http://a:8a", "http://[::1",
        "http://[::1]x", "http://[a]/", "http://user:pass@a/", "http://a b/", "http://a/x y", "http://a/x\r\nHost: b", "http://::1/"}) {
    EXPECT_FALSE(ParseUrl(text)) << text;
  }
  EXPECT_FALSE(ParseUrl("http://a/" + std::string(8192, 'x')));
}

}  // namespace
}  // namespace softmig::http
