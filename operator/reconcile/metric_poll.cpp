#include "reconcile/metric_poll.hpp"

#include <tuple>

#include "model/checkpoint.hpp"
#include "providers/template.hpp"

namespace softmig::reconcile {
namespace {

std::vector<std::string> QueriesOf(const model::MetricSpec& metric, const providers::TemplateValues& values) {
  if (metric.value) return {providers::FillPlaceholders(metric.value->query, values)};
  const model::MetricSpec::Counts::Queries& target = metric.counts->target;
  return {providers::FillPlaceholders(target.bad, values), providers::FillPlaceholders(target.total, values)};
}

void BeginCounting(Poll& poll, const providers::TemplateValues& values, const model::Status& status) {
  auto plan = PlanCounts(*poll.spec, *poll.metric, values, status.attempt);
  if (!plan) {
    poll.refused = plan.error().message;
    return;
  }
  Counting counting{std::move(*plan), {}, {}, {}};
  if (const auto* record = model::FindRecord(status.checkpoint, poll.component, poll.metric->name)) {
    if (auto evidence = analysis::FromText(record->state, *counting.plan.rule)) counting.memory.state.evidence = std::move(*evidence);
  }
  poll.counting = std::move(counting);
}

}  // namespace

std::shared_ptr<Poll> MakePoll(Asker asker, std::shared_ptr<const model::Spec> spec, const model::MetricSpec& metric,
                               const model::Status& status) {
  auto poll = std::make_shared<Poll>();
  poll->key = asker.migration;
  poll->component = asker.component;
  poll->asker = std::move(asker);
  poll->spec = std::move(spec);
  poll->metric = &metric;
  const providers::TemplateValues values{
      poll->key.ns, poll->key.name, poll->component, poll->spec->legacy.service, poll->spec->target.service, {}};
  if (model::UsesEvidence(metric)) {
    BeginCounting(*poll, values, status);
  } else {
    poll->queries = QueriesOf(metric, values);
  }
  return poll;
}

bool AsksTheSame(const Poll& poll, const model::Spec& spec, const model::MetricSpec& metric) {
  const auto about = [](const model::Spec& one) { return std::tie(one.interval, one.delay, one.alpha, one.beta); };
  return *poll.metric == metric && about(*poll.spec) == about(spec);
}

void Inherit(Poll& poll, const Poll& before) {
  poll.state = before.state;
  poll.seen = before.seen;
  poll.has_users = before.has_users;
  poll.due = before.due;
  const bool same = poll.counting && before.counting && poll.counting->plan.rule->hash() == before.counting->plan.rule->hash();
  if (same) poll.counting->memory = before.counting->memory;
}

void NoteStage(Poll& poll, const model::ComponentStatus& component) {
  if (poll.counting) poll.counting->stage = analysis::StageOf(component, model::IsOfBridge(*poll.metric));
  const bool has_users = component.phase == model::Phase::kShift && component.weight.value() > 0;
  // Whoever met the target before was not sent by us; a breach that is the latest answer still holds.
  if (has_users && poll.has_users == false) poll.seen.ForgetDecisive();
  poll.has_users = has_users;
}

std::size_t Prepare(Poll& poll, base::WallTime now) {
  poll.sample = {};
  poll.sample.asked_at = now;
  if (!poll.counting) return poll.queries.size();
  Counting& counting = *poll.counting;
  const auto instants = NextInstants(counting.memory, now, poll.spec->interval, poll.spec->delay);
  if (!instants) return 0;
  counting.asked.instants = *instants;
  counting.asked.answers.assign(counting.plan.queries.size(), {});
  return counting.plan.queries.size();
}

base::Result<http::Request> RequestOf(const Poll& poll, std::size_t query) {
  const providers::MetricProvider& provider = *poll.access.provider;
  if (poll.counting) return RequestFor(provider, poll.counting->plan, query, poll.counting->asked.instants);
  const std::string& address = poll.access.address.empty() ? poll.metric->address : poll.access.address;
  return provider.Request({address, poll.queries[query], poll.sample.asked_at});
}

}  // namespace softmig::reconcile
