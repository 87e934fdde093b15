#include "kube/runtime/store.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace softmig::kube {
namespace {

using nlohmann::json;

struct View {
  ObjectMeta meta;
};

json Object(const std::string& version, const std::string& uid = "u1") {
  return {{"metadata", {{"namespace", "shop"}, {"name", "web"}, {"uid", uid}, {"resourceVersion", version}}}};
}

/// A store that holds "shop/web" at version 10 and writes down what its listener heard.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    store_.OnRestart();
    store_.OnApplied(Object("10"));
    store_.OnSynced();
    heard_.clear();
  }
  std::string Version() {
    const auto view = store_.Get({"shop", "web"});
    return view ? view->meta.resource_version : "absent";
  }

  std::vector<std::string> heard_;
  Store<View> store_{
      [](const json& object) { return View{ParseMeta(object)}; },
      [this](const ObjectKey&, const auto&, const auto& after) { heard_.push_back(after ? after->meta.resource_version : "absent"); }};
};

TEST_F(StoreTest, LearnsFromTheAnswerToAWriteBeforeTheWatchTells) {
  store_.Learn(Object("12"));
  EXPECT_EQ(Version(), "12");
  EXPECT_THAT(heard_, ::testing::ElementsAre("12"));
}

TEST_F(StoreTest, EventsOlderThanWhatWasLearnedAreIgnored) {
  store_.Learn(Object("12"));
  store_.OnApplied(Object("11"));
  EXPECT_EQ(Version(), "12");
  store_.OnApplied(Object("12"));
  store_.OnApplied(Object("13"));
  EXPECT_EQ(Version(), "13");
  EXPECT_THAT(heard_, ::testing::ElementsAre("12", "12", "13"));
}

TEST_F(StoreTest, TheEventOfAWriteThatWasAnsweredIsHeardButNotReadAgain) {
  store_.Learn(Object("12"));
  const auto learned = store_.Get({"shop", "web"});
  store_.OnApplied(Object("12"));
  EXPECT_EQ(store_.Get({"shop", "web"}), learned);
  EXPECT_THAT(heard_, ::testing::ElementsAre("12", "12"));
}

TEST_F(StoreTest, ASnapshotIsReadEvenWhereItsVersionIsKnown) {
  store_.Learn(Object("12"));
  const auto learned = store_.Get({"shop", "web"});
  store_.OnRestart();
  store_.OnApplied(Object("12"));
  store_.OnSynced();
  EXPECT_NE(store_.Get({"shop", "web"}), learned);
  EXPECT_EQ(Version(), "12");
}

TEST_F(StoreTest, TheWatchMayHaveBeenFaster) {
  store_.OnApplied(Object("13"));
  store_.Learn(Object("12"));
  EXPECT_EQ(Version(), "13");
}

TEST_F(StoreTest, AnAnswerRaisesNoObjectFromTheDead) {
  store_.OnDeleted(Object("11"));
  store_.Learn(Object("12"));
  EXPECT_EQ(Version(), "absent");
  store_.OnApplied(Object("20", "u2"));
  store_.Learn(Object("21", "u1"));
  EXPECT_EQ(Version(), "20");
}

TEST_F(StoreTest, AnotherObjectOfTheSameNameIsNotHeldBack) {
  store_.Learn(Object("30"));
  store_.OnApplied(Object("29", "u2"));
  EXPECT_EQ(Version(), "29");
}

TEST_F(StoreTest, ASnapshotOlderThanWhatWasLearnedTakesNothingBack) {
  store_.Learn(Object("12"));
  store_.OnRestart();
  store_.OnApplied(Object("10"));
  store_.OnSynced();
  EXPECT_EQ(Version(), "12");
  store_.OnRestart();
  store_.OnSynced();
  EXPECT_EQ(Version(), "absent");
}

}  // namespace
}  // namespace softmig::kube
