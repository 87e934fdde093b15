#include "reconcile/reconciler.hpp"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {
namespace {

using Outcome = PassResult::Outcome;

class NoEvents final : public kube::EventSink {
 public:
  void Record(kube::EventNote) override {}
};

/// Sees that a route is not as recorded and has nothing to write.
class SpeechlessRouter final : public routers::RuleListRouter {
 public:
  SpeechlessRouter() : RuleListRouter(routers::kHttpDialect) {}
  [[nodiscard]] base::Result<routers::ObjectPatch> Render(const routers::TrafficIntent&, const json&) const override {
    return routers::ObjectPatch();
  }
};

/// At 10 % by its status, with a route at 0 %. What is written to status comes back; nothing else is written anywhere.
struct PassWorld {
  PassWorld() : world([this](const http::Request& request) { return Take(request); }) {
    json object = MigrationJson();
    object["metadata"]["finalizers"] = {kFinalizer};
    Fill(world.cache.migrations(), {object});
    model::Status status = world.migration().status;
    status.observed_generation = 1;
    status.attempt = 1;
    status.phase = model::Phase::kShift;
    status.routes = {{"web", "uid-route", *world.router.Save(RouteJson(), *world.migration().spec, world.migration().spec->routes[0])}};
    status.components.resize(1);
    status.components[0].name = "all";
    status.components[0].phase = model::Phase::kShift;
    status.components[0].weight = base::Percent::Of(10);
    object["status"] = model::ToJson(status);
    Fill(world.cache.migrations(), {object});
    live = object;
  }

  http::Response Take(const http::Request& request) {
    EXPECT_NE(request.url.find("/softmigrations/payments/status"), std::string::npos) << request.url;
    live.merge_patch(json::parse(request.body));
    live["metadata"]["resourceVersion"] = std::to_string(++version);
    return Answer(200, live);
  }

  /// Passes until one of them is something else than a word written to status.
  Outcome PassUntilRecorded(const Executor& executor) {
    Reconciler reconciler(
        {world.cache, world.gatherer, executor, world.poller, world.migrations, world.routes, events, metrics, world.clock, *log});
    PassResult result{Outcome::kRequeueSoon, {}, kube::Lane::kOrdinary, false};
    for (int pass = 0; pass < 20 && result.outcome == Outcome::kRequeueSoon; ++pass) result = reconciler.Reconcile({"shop", "payments"});
    return result.outcome;
  }

  World world;
  json live;
  int version = 10;
  NoEvents events;
  prometheus::Registry registry;
  DomainMetrics metrics{registry};
  std::unique_ptr<base::Log> log = base::MakeNullLog();
};

TEST(Reconciler, ADifferenceThatTheRouterCannotWriteIsNotAskedForAgainAtOnce) {
  PassWorld pass;
  const SpeechlessRouter router;
  World& world = pass.world;
  const Executor executor({world.client, router, world.cache, world.fence, world.migrations, world.routes});
  EXPECT_EQ(pass.PassUntilRecorded(executor), Outcome::kNothingToWrite);
}

}  // namespace
}  // namespace softmig::reconcile
