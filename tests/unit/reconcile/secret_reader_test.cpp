#include "reconcile/secret_reader.hpp"

#include <gmock/gmock.h>

#include "unit/reconcile/secret_world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::HasSubstr;

const std::map<std::string, std::string> kOld{{"token", "old"}};
const std::map<std::string, std::string> kNew{{"token", "new"}};

TEST(SecretReader, ReadsByNameAndNeverListsOrWatches) {
  SecretWorld world;
  world.Has(SecretJson("prom", kOld));
  EXPECT_EQ(world.Token(), "old");
  ASSERT_EQ(world.reads(), 1U);
  EXPECT_EQ(world.transport.requests()[0].method, http::Method::kGet);
  EXPECT_EQ(world.transport.requests()[0].url, "http://api/api/v1/namespaces/shop/secrets/prom");
}

TEST(SecretReader, KeepsASecretForAMinute) {
  SecretWorld world;
  world.Has(SecretJson("prom", kOld));
  EXPECT_EQ(world.Token(), "old");
  world.Has(SecretJson("prom", kNew));
  world.clock.Advance(SecretReader::kMaxAge - base::Millis(1));
  EXPECT_EQ(world.Token(), "old");
  world.clock.Advance(base::Millis(1));
  EXPECT_EQ(world.Token(), "new");
  EXPECT_EQ(world.reads(), 2U);
}

TEST(SecretReader, AsksOnceForAllWhoWait) {
  fakes::FakeClock clock;
  std::vector<std::string> got;
  {
    fakes::FakeTransport silent;
    kube::RestClient client({"http://api", "default", nullptr, std::make_shared<NoToken>()}, silent);
    SecretReader reader(client, clock);
    for (int i = 0; i < 3; ++i) {
      reader.Read({"shop", "prom"}, [&](const auto& content) { got.push_back(content ? "content" : content.error().message); });
    }
    EXPECT_EQ(silent.requests().size(), 1U);
    EXPECT_TRUE(got.empty());
  }
  EXPECT_TRUE(got.empty()) << "the reader is gone, and so is what waits for it";
}

TEST(SecretReader, ReadsADistrustedSecretAgainButNotAllTheTime) {
  SecretWorld world;
  world.Has(SecretJson("prom", kOld));
  EXPECT_EQ(world.Token(), "old");
  world.Has(SecretJson("prom", kNew));
  for (int i = 0; i < 3; ++i) {
    world.reader.Distrust({"shop", "prom"});
    EXPECT_EQ(world.Token(), "old");
  }
  world.clock.Advance(SecretReader::kMinAge);
  EXPECT_EQ(world.Token(), "new");
  world.reader.Distrust({"shop", "prom"});
  EXPECT_EQ(world.Token(), "new");
  EXPECT_EQ(world.reads(), 2U);
  world.reader.Distrust({"shop", "never-read"});
}

TEST(SecretReader, SaysWhatIsMissingAndLooksAgainSoon) {
  SecretWorld world;
  EXPECT_EQ(world.Token(), "there is no Secret \"prom\" in namespace shop");
  EXPECT_EQ(world.Token(), "there is no Secret \"prom\" in namespace shop");
  EXPECT_EQ(world.reads(), 1U);
  world.Has(SecretJson("prom", kOld));
  world.clock.Advance(SecretReader::kMinAge);
  EXPECT_EQ(world.Token(), "old");
  world.Fails("other", Refused(403, "Forbidden"));
  EXPECT_EQ(world.Token("other"), "the operator may not read Secret \"other\": grant it \"get\" on secrets in namespace shop");
}

TEST(SecretReader, GoesOnWithWhatItHasWhileTheApiServerIsAway) {
  SecretWorld world;
  world.Has(SecretJson("prom", kOld));
  EXPECT_EQ(world.Token(), "old");
  world.Fails("prom", base::Fail(base::ErrorCode::kTimeout, "no answer within the deadline"));
  world.clock.Advance(SecretReader::kMaxAge);
  EXPECT_EQ(world.Token(), "old");
  EXPECT_EQ(world.Token(), "old");
  EXPECT_EQ(world.reads(), 2U);
  world.clock.Advance(SecretReader::kMaxOutage);
  EXPECT_THAT(world.Token(), HasSubstr("Secret \"prom\" cannot be read: GET"));
}

TEST(SecretReader, ForgetsASecretThatWasDeletedOrForbidden) {
  for (const int status : {404, 403}) {
    SecretWorld world;
    world.Has(SecretJson("prom", kOld));
    EXPECT_EQ(world.Token(), "old");
    world.Fails("prom", Refused(status, "Gone"));
    world.clock.Advance(SecretReader::kMaxAge);
    EXPECT_NE(world.Token(), "old");
  }
}

}  // namespace
}  // namespace softmig::reconcile
