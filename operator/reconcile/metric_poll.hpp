#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/judge.hpp"
#include "base/clock.hpp"
#include "http/transport.hpp"
#include "kube/core/object.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"
#include "reconcile/count_poll.hpp"
#include "reconcile/metric_sources.hpp"
#include "reconcile/seen_metric.hpp"

namespace softmig::reconcile {

/// Counts that are judged by evidence: what to ask, what is known, and what is being asked now.
struct Counting {
  CountPlan plan;
  CountMemory memory;
  analysis::StageInfo stage;
  CountAnswers asked;
};

/// One metric of one component, polled again and again: what the poller knows of it. No thread rule of its own: the poller's lock guards
/// it.
struct Poll {
  kube::ObjectKey key;
  Asker asker;
  std::shared_ptr<const model::Spec> spec;  // keeps `metric` alive
  const model::MetricSpec* metric = nullptr;
  std::string component;
  std::vector<std::string> queries;  // one for a value; bad and total for counts against a threshold
  std::optional<Counting> counting;  // instead of queries, sample and state
  base::SteadyTime due{};
  std::string refused;  // why it cannot be asked at all
  bool cancelled = false;
  int open = 0;         // answers still awaited
  MetricAccess access;  // of the poll under way; stands still while answers are awaited
  model::Sample sample;
  analysis::MetricState state;
  SeenMetric seen;
  std::optional<bool> has_users;  // the component sends users to the target, as status said last
};

/// A poll that was never carried out. Counts begin where the checkpoint in status left them, if that is about the same.
std::shared_ptr<Poll> MakePoll(Asker asker, std::shared_ptr<const model::Spec> spec, const model::MetricSpec& metric,
                               const model::Status& status);

/// Within one epoch, which stands for the rest of the spec.
bool AsksTheSame(const Poll& poll, const model::Spec& spec, const model::MetricSpec& metric);

/// What an edit leaves valid of the poll that this one takes the place of.
void Inherit(Poll& poll, const Poll& before);

/// Where the component is now.
void NoteStage(Poll& poll, const model::ComponentStatus& component);

/// Begins the sample, or the instants, of `now`. How many queries there are to ask.
std::size_t Prepare(Poll& poll, base::WallTime now);

base::Result<http::Request> RequestOf(const Poll& poll, std::size_t query);

}  // namespace softmig::reconcile
