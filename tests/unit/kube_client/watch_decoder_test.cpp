#include "kube/client/watch_decoder.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace softmig::kube {
namespace {

using Events = std::vector<std::pair<WatchEventType, std::string>>;

WatchDecoder::Sink Into(Events& events) {
  return [&events](WatchEventType type, const nlohmann::json& object) { events.emplace_back(type, object.dump()); };
}

const std::string kTwo = R"({"type":"ADDED","object":{"a":"ü"}})"
                         "\n"
                         R"({"type":"BOOKMARK","object":{}})"
                         "\n";

TEST(WatchDecoder, GivesTheSameEventsWhereverTheBytesAreCut) {
  for (std::size_t cut = 0; cut <= kTwo.size(); ++cut) {
    Events events;
    WatchDecoder decoder;
    ASSERT_TRUE(decoder.Feed(kTwo.substr(0, cut), Into(events)));
    ASSERT_TRUE(decoder.Feed(kTwo.substr(cut), Into(events)));
    EXPECT_EQ(events, (Events{{WatchEventType::kAdded, R"({"a":"ü"})"}, {WatchEventType::kBookmark, "{}"}})) << cut;
  }
}

TEST(WatchDecoder, IgnoresEmptyLines) {
  Events events;
  EXPECT_TRUE(WatchDecoder().Feed("\n\r\n  \n" + kTwo, Into(events)));
  EXPECT_EQ(events.size(), 2U);
}

TEST(WatchDecoder, RefusesLinesThatAreNoEventAndEverythingAfterThem) {
  for (const char* bad :
       {"nonsense", "[]", "{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":3})", R"({"type":"NEW","object":{}})"}) {
    Events events;
    WatchDecoder decoder;
    EXPECT_FALSE(decoder.Feed(std::string(bad) + "\n", Into(events))) << bad;
    EXPECT_FALSE(decoder.Feed(kTwo, Into(events))) << bad;
    EXPECT_TRUE(events.empty()) << bad;
  }
}

TEST(WatchDecoder, RefusesALineThatIsTooLongBeforeItIsComplete) {
  Events events;
  WatchDecoder decoder(100);
  EXPECT_TRUE(decoder.Feed(std::string(100, ' '), Into(events)));
  EXPECT_FALSE(decoder.Feed("x", Into(events)));
}

TEST(WatchDecoder, SurvivesRandomBytes) {
  std::minstd_rand random(7);
  const std::string letters = "{}[]\",:\\\n\0\xff type object ADDED 123" + kTwo;
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes;
    for (unsigned n = random() % 200; n > 0; --n) bytes.push_back(letters[random() % letters.size()]);
    Events events;
    WatchDecoder decoder(64);
    const bool first = decoder.Feed(bytes, Into(events)).has_value();
    const bool second = decoder.Feed(kTwo, Into(events)).has_value();
    EXPECT_TRUE(first || !second) << "a broken decoder must stay broken";
  }
}

}  // namespace
}  // namespace softmig::kube
