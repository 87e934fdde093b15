#include "kube/runtime/event_recorder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "fakes/fake_clock.hpp"
#include "fakes/fake_transport.hpp"
#include "kube/core/known_types.hpp"
#include "kube/runtime/event_series.hpp"
#include "static_token.hpp"

namespace softmig::kube {
namespace {

EventNote Note(const std::string& text = "weight is 20") {
  return {kSoftMigrations, {"shop", "cart"}, "uid-1", EventType::kNormal, "WeightApplied", "ApplyWeight", text};
}

class EventSeriesTest : public ::testing::Test {
 protected:
  EventTime Now() const { return {clock_.WallNow(), clock_.SteadyNow()}; }
  fakes::FakeClock clock_;
  EventSeries series_;
};

TEST_F(EventSeriesTest, RendersAnEventThatTheServerAccepts) {
  const EventSeries::Series* fresh = series_.Add(Note(), Now(), "pod-1");
  ASSERT_NE(fresh, nullptr);
  const nlohmann::json event = RenderEvent(*fresh, "softmigration.io/controller", "pod-1");
  EXPECT_EQ(event["apiVersion"], "events.k8s.io/v1");
  EXPECT_EQ(event["metadata"]["namespace"], "shop");
  EXPECT_EQ(event["metadata"]["name"].get<std::string>().substr(0, 5), "cart.");
  EXPECT_EQ(event["metadata"]["name"].get<std::string>().size(), 21U);
  EXPECT_EQ(event["eventTime"], "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(event["regarding"]["kind"], "SoftMigration");
  EXPECT_EQ(event["regarding"]["uid"], "uid-1");
  EXPECT_EQ(event["type"], "Normal");
  EXPECT_FALSE(event.contains("series"));
}

TEST_F(EventSeriesTest, NamesAreTheSameForTheSameNoteAtTheSameTime) {
  EventSeries other;
  EXPECT_EQ(series_.Add(Note(), Now(), "pod-1")->name, other.Add(Note(), Now(), "pod-1")->name);
  EXPECT_NE(EventSeries().Add(Note("x"), Now(), "pod-1")->name, other.Add(Note("y"), Now(), "pod-1")->name);
}

TEST_F(EventSeriesTest, CountsTheSameNoteAndSendsTheCountAtMostEvery30Seconds) {
  ASSERT_NE(series_.Add(Note(), Now(), "i"), nullptr);
  EXPECT_EQ(series_.Add(Note(), Now(), "i"), nullptr);
  EXPECT_EQ(series_.Add(Note(), Now(), "i"), nullptr);
  EXPECT_EQ(series_.DueAt(clock_.SteadyNow()), nullptr);
  EXPECT_EQ(series_.NextDue(), clock_.SteadyNow() + base::Millis(30'000));
  clock_.Advance(base::Millis(30'000));
  const EventSeries::Series* due = series_.DueAt(clock_.SteadyNow());
  ASSERT_NE(due, nullptr);
  EXPECT_EQ(RenderSeriesPatch(*due), nlohmann::json::parse(R"({"series":{"count":3,"lastObservedTime":"2026-01-01T00:00:00.000000Z"}})"));
}

TEST_F(EventSeriesTest, BeginsANewSeriesAfterSixQuietMinutes) {
  const std::string first = series_.Add(Note(), Now(), "i")->name;
  clock_.Advance(base::Millis(359'999));
  EXPECT_EQ(series_.Add(Note(), Now(), "i"), nullptr);
  clock_.Advance(base::Millis(360'000));
  const EventSeries::Series* fresh = series_.Add(Note(), Now(), "i");
  ASSERT_NE(fresh, nullptr);
  EXPECT_NE(fresh->name, first);
  EXPECT_EQ(fresh->count, 1);
}

TEST_F(EventSeriesTest, KeepsToItsBoundsOfLengthAndNumber) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "ü";
  EventNote note = Note("x" + text);
  note.regarding.name = std::string(253, 'n');
  const EventSeries::Series* fresh = series_.Add(note, Now(), "i");
  EXPECT_EQ(fresh->note.note.size(), 999U) << "not cut inside a character";
  EXPECT_LE(fresh->name.size(), 253U);
  for (int i = 0; i < 5'000; ++i) ASSERT_NE(series_.Add(Note(std::to_string(i)), Now(), "i"), nullptr);
}

TEST_F(EventSeriesTest, PutsEventsOfClusterWideObjectsIntoDefault) {
  EventNote note = Note();
  note.regarding.ns.clear();
  const nlohmann::json event = RenderEvent(*series_.Add(note, Now(), "i"), "c", "i");
  EXPECT_EQ(event["metadata"]["namespace"], "default");
  EXPECT_FALSE(event["regarding"].contains("namespace"));
}

class EventRecorderTest : public ::testing::Test {
 protected:
  EventRecorderTest() {
    config_.server = "https://api";
    config_.token = std::make_shared<FixedToken>();
  }
  std::function<std::optional<base::Result<http::Response>>(const http::Request&)> respond_ = [](const http::Request&) {
    return base::Result<http::Response>(http::Response{201, {}, "{}"});
  };
  fakes::FakeClock clock_;
  fakes::FakeTransport transport_{[this](const http::Request& request) { return respond_(request); }};
  ClusterConfig config_;
  std::unique_ptr<base::Log> log_ = base::MakeNullLog();
};

TEST_F(EventRecorderTest, CreatesOneEventAndPatchesItsCountAndCreatesItAgainWhereItVanished) {
  std::atomic<bool> vanished{false};
  respond_ = [&vanished](const http::Request& request) {
    const bool missing = vanished && request.method == http::Method::kPatch;
    return base::Result<http::Response>(http::Response{missing ? 404 : 200, {}, "{}"});
  };
  RestClient client(config_, transport_);
  EventRecorder recorder(client, "c", "i", clock_, *log_);
  recorder.Record(Note());
  ASSERT_TRUE(transport_.WaitForRequests(1));
  clock_.Advance(base::Millis(30'000));
  recorder.Record(Note());
  ASSERT_TRUE(transport_.WaitForRequests(2));
  vanished = true;
  clock_.Advance(base::Millis(30'000));
  recorder.Record(Note());
  ASSERT_TRUE(transport_.WaitForRequests(4));

  const auto sent = transport_.requests();
  EXPECT_EQ(sent[0].method, http::Method::kPost);
  EXPECT_EQ(sent[0].url, "https://api/apis/events.k8s.io/v1/namespaces/shop/events?fieldManager=c");
  EXPECT_EQ(sent[1].method, http::Method::kPatch);
  EXPECT_EQ(nlohmann::json::parse(sent[1].body)["series"]["count"], 2);
  EXPECT_EQ(sent[2].method, http::Method::kPatch);
  EXPECT_EQ(sent[3].method, http::Method::kPost);
  EXPECT_EQ(nlohmann::json::parse(sent[3].body)["series"]["count"], 3);
}

TEST_F(EventRecorderTest, SendsWhatStillWaitsWhenItEnds) {
  RestClient client(config_, transport_);
  {
    EventRecorder recorder(client, "c", "i", clock_, *log_);
    for (int i = 0; i < 10; ++i) recorder.Record(Note(std::to_string(i)));
  }
  EXPECT_EQ(transport_.requests().size(), 10U);
}

TEST_F(EventRecorderTest, EndsSoonThoughThePeerIsDeadAndTheQueueIsFull) {
  respond_ = [](const http::Request&) { return std::nullopt; };
  RestClient client(config_, transport_);
  EventRecorder recorder(client, "c", "i", clock_, *log_);
  for (int i = 0; i < 3'000; ++i) recorder.Record(Note(std::to_string(i)));
  EXPECT_TRUE(transport_.WaitForRequests(1));
}

}  // namespace
}  // namespace softmig::kube
