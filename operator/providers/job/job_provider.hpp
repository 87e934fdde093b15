#pragma once

#include <string>

#include "providers/metric_provider.hpp"

namespace softmig::providers {

/// How the newest Job that has ended ended: 0 where it completed, 1 where it failed, as an exit code; none where none has ended yet.
/// Running ones are waited for. A Job that did not end within its deadline is an error: nobody knows what it would have said.
/// Query::address is the API server; its text is not used. Whoever makes the Jobs stands in reconcile/job_sources.hpp. Immutable,
/// thread-safe.
class JobProvider final : public MetricProvider {
 public:
  /// The Jobs of `ns` that `selector` (of labels) chooses.
  JobProvider(std::string ns, std::string selector) : ns_(std::move(ns)), selector_(std::move(selector)) {}
  [[nodiscard]] base::Result<http::Request> Request(const Query& query) const override;
  /// Reads a JobList. The number is about the time from the Job's creation on, and its note says what became of which Job.
  [[nodiscard]] model::Reading Parse(const http::Response& response) const override;

 private:
  std::string ns_, selector_;
};

}  // namespace softmig::providers
