#pragma once

#include <map>
#include <string>

#include "reconcile/metric_sources.hpp"
#include "reconcile/secret_reader.hpp"

namespace softmig::reconcile {

/// The Secrets of one metric, by name.
using SecretContents = std::map<std::string, SecretReader::Content>;

/// The list of all sources: the provider of a metric's source, with the credentials that it wants from its Secrets. An error is one
/// sentence that quotes no value: a Secret has no such key, may not be sent anywhere, or holds what cannot be sent. Pure.
base::Result<MetricAccess> MakeAccess(const model::MetricSpec& metric, const SecretContents& secrets);

}  // namespace softmig::reconcile
