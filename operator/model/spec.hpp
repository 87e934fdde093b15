#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/percent.hpp"

namespace softmig::model {

using base::Millis;
using base::Percent;

/// One of the two systems: a Service in the migration's namespace.
struct Side {
  std::string service;
  int port = 0;
  bool operator==(const Side&) const = default;
};

/// See kind_traits.hpp for what each can do.
enum class RouteKind {
  kHttpRoute,       ///< Gateway API: the user's own (ownership Patch), or made by the operator where it is missing (Managed)
  kGrpcRoute,       ///< Gateway API, likewise
  kHttpProxy,       ///< Contour, the user's own
  kVirtualService,  ///< Istio, the user's own
  kTraefikService,  ///< Traefik, the user's own
  kCanaryIngress,   ///< NGINX, the user's own Ingress with the annotation `canary`, beside the one that serves legacy
  kService,         ///< the user's own Service, by which users come in: its selector is switched
  kCustom,          ///< an object of any kind, the user's own, whose weights are found by their paths
  kBridge,          ///< an Envoy of the operator's own, with an agent that compares; at most one a migration
};

/// Ways into an object of any kind, as JSON pointers (IsSpecPointer, IsPointer).
struct CustomRoute {
  struct Part {
    std::string weight;   ///< where the weight is
    std::string service;  ///< where it says whose weight that is: the Service's name, or a host name that begins with it
    bool operator==(const Part&) const = default;
  };
  std::string type;  ///< "split.smi-spec.io/v1alpha2/TrafficSplit"
  Part legacy, target;
  std::string accepted, accepted_value;  ///< where it says that it has been taken over, and the text there; empty: nobody says it
  std::string generation;                ///< where it says of which generation that is; empty: nowhere
  bool operator==(const CustomRoute&) const = default;
};

/// Where users come in. All routes of a migration move as one set.
struct RouteRef {
  std::string name;        ///< how components refer to it
  std::string object;      ///< name of the route, or of all objects of the bridge, in the migration's namespace
  std::string manifest{};  ///< ownership Managed: metadata and spec of the route to make, compact JSON; else empty
  RouteKind kind = RouteKind::kHttpRoute;
  int port = 0;      ///< of a bridge's Service, where users enter
  int replicas = 0;  ///< of a bridge
  CustomRoute custom{};
  int sampling = 100;            ///< of a bridge: percent of safe requests that are copied for its agent
  bool has_entrance = false;     ///< of a bridge: users come to it by kEntrance, not at its Service
  std::optional<Side> bridge{};  ///< of kEntrance: where its rules lead while users shift
  bool operator==(const RouteRef&) const = default;
};

/// RouteRef::name of the user's route that the operator puts its bridge behind (`bridge.behind`); no route of the user's can be named so.
inline constexpr const char* kEntrance = "bridge.gateway";

/// A rule of a route: by its name, or by its exact `matches` where it has none.
struct RuleRef {
  std::string route;                   ///< RouteRef::name
  std::optional<std::string> rule;     ///< exactly one of the two is set
  std::optional<std::string> matches;  ///< compact JSON of the matches, with the API server's defaults filled in, keys sorted
  bool operator==(const RuleRef&) const = default;
};

/// Strangler fig: what is routed, judged and rolled back by itself.
struct ComponentSpec {
  std::string name;
  std::vector<RuleRef> rules;      ///< empty only for the implied component "all": every rule that sends to legacy or target
  std::vector<std::string> after;  ///< components that must be complete first
  bool operator==(const ComponentSpec&) const = default;
};

/// How far the operator may go. Lowering it takes traffic back. (Bridge, Shadow and Soak come between later.)
enum class DesiredPhase { kPending, kShift, kComplete };

struct Step {
  Percent weight;  ///< share of the target
  Millis hold{0};  ///< healthy time at this weight before the next step
  bool operator==(const Step&) const = default;
};

/// Requests carrying all of these headers go to the target at any weight while the component shifts.
struct HeaderFlag {
  struct Header {
    std::string name, value;  ///< exact match
    bool operator==(const Header&) const = default;
  };
  std::vector<Header> headers;
  bool operator==(const HeaderFlag&) const = default;
};

enum class BreachPolicy { kRollback, kHold };

/// What to do while a metric gives no evidence (NoData, Stale, NaN, Error).
struct NoEvidencePolicy {
  Millis deadline{15 * 60'000};                 ///< held this long without evidence …
  BreachPolicy then = BreachPolicy::kRollback;  ///< … then this; 0 deadline: at once
  bool operator==(const NoEvidencePolicy&) const = default;
};

/// A value in a Secret of the migration's namespace. The spec only ever holds this reference.
struct SecretKey {
  std::string name, key;
  bool operator==(const SecretKey&) const = default;
};

/// What a source of metrics wants to see before it answers, and how it proves who it is.
struct SourceAccess {
  struct Header {
    std::string name;
    std::string value;                ///< where there is no Secret
    std::optional<SecretKey> secret;  ///< exactly one of the two is set
    bool operator==(const Header&) const = default;
  };
  struct Basic {
    SecretKey username, password;
    bool operator==(const Basic&) const = default;
  };
  std::vector<Header> headers;
  std::optional<SecretKey> bearer_token;  ///< at most one of this and `basic`
  std::optional<Basic> basic;
  std::optional<SecretKey> ca;  ///< PEM, trusted instead of the system's CAs
  std::string server_name;      ///< in the server's certificate, where it is not the address's host
  bool operator==(const SourceAccess&) const = default;
};

/// What speaks Prometheus' HTTP API. The only source that can be asked about the past, and so the only one that gives counts.
struct PrometheusSource {
  bool operator==(const PrometheusSource&) const = default;
};
/// One number out of any JSON. Value::query is the path behind the address, or the body of a POST.
struct WebSource {
  bool posts = false;
  std::string path;          ///< of a POST
  std::string content_type;  ///< of a POST's body
  std::string selection;     ///< which number
  bool operator==(const WebSource&) const = default;
};
struct DatadogSource {
  bool scalar = false;  ///< one number over the window, instead of the newest point
  std::string aggregator;
  Millis window{0};
  SecretKey api_key, application_key;
  bool operator==(const DatadogSource&) const = default;
};
struct CloudWatchSource {
  std::string region;
  Millis window{0}, period{0};
  SecretKey access_key_id, secret_access_key;
  std::optional<SecretKey> session_token;
  bool operator==(const CloudWatchSource&) const = default;
};
struct NewRelicSource {
  std::int64_t account = 0;
  SecretKey user_key;
  bool operator==(const NewRelicSource&) const = default;
};
struct GraphiteSource {
  Millis window{0};
  bool operator==(const GraphiteSource&) const = default;
};
struct InfluxDbSource {
  std::string organization;  ///< of InfluxDB 2, which is asked in Flux
  std::string database;      ///< of InfluxDB 1, in InfluxQL; exactly one of the two is set
  std::optional<SecretKey> token;
  bool operator==(const InfluxDbSource&) const = default;
};
/// Jobs that the operator makes from a suspended CronJob, one after the other: good where the newest that has ended completed. Value::max
/// is 0, as an exit code's.
struct JobSource {
  std::string cron_job;
  Millis interval{0};  ///< from the beginning of one to that of the next
  Millis timeout{0};   ///< of one Job, in whole seconds
  bool operator==(const JobSource&) const = default;
};
/// What the agents of the migration's bridge count. The operator asks them itself; see providers/bridge.
struct BridgeSource {
  std::vector<std::string> verdicts;  ///< those that are bad; sorted
  bool operator==(const BridgeSource&) const = default;
};
using MetricSource = std::variant<PrometheusSource, WebSource, DatadogSource, CloudWatchSource, NewRelicSource, GraphiteSource,
                                  InfluxDbSource, JobSource, BridgeSource>;

/// One thing that is judged. Exactly one of `counts` and `value` is set.
struct MetricSpec {
  /// Requests, and the bad ones of them, as cumulative counters: the operator takes the differences.
  struct Counts {
    /// PromQL of one side: bad and total, or the buckets of a histogram (series with a label `le`) of which the slow ones are bad.
    struct Queries {
      std::string bad, total;
      std::string histogram;
      bool operator==(const Queries&) const = default;
    };
    /// How the counts are judged.
    enum class Rule {
      kMaxRate,             ///< evidence that at most max_rate of the requests are bad
      kNotWorseThanLegacy,  ///< evidence that at most `ratio` times legacy's rate, or at most `floor`, are bad
      kZeroDiscrepancies,   ///< none at all is bad; `comparisons` good ones in a step advance it
      kThreshold,           ///< windows of min_requests against max_rate, without regard to chance
    };
    Queries target;
    std::optional<Queries> legacy;  ///< the same of legacy; nothing: legacy is not counted
    double bucket = 0;              ///< with a histogram: requests that took longer (the bucket's `le`) are bad
    Rule rule = Rule::kMaxRate;
    double max_rate = 0;               ///< tolerated bad/total, 0–1
    std::int64_t min_requests = 0;     ///< kThreshold: a judgement needs at least this many
    double ratio = 1.25;               ///< kNotWorseThanLegacy
    double floor = 1e-3;               ///< kNotWorseThanLegacy
    std::int64_t comparisons = 0;      ///< kZeroDiscrepancies
    std::optional<double> hard_limit;  ///< a rate so bad that it needs no patience
    Millis burst_tolerance{60'000};    ///< bursts of errors this long are let pass
    bool operator==(const Counts&) const = default;
  };
  struct Value {
    std::string query;  ///< in the source's language, giving one number
    std::optional<double> min, max;
    bool operator==(const Value&) const = default;
  };
  std::string name;
  std::string address;  ///< http(s)://host:port[/prefix]; of a JobSource or BridgeSource its name, for people
  SourceAccess access;
  MetricSource source;
  std::vector<std::string> components;  ///< judged for these; empty: for all
  std::optional<Counts> counts;
  std::optional<Value> value;
  bool operator==(const MetricSpec&) const = default;
};

/// Its counts are of comparisons: what the target says to copies of requests is known before it has users.
inline bool IsOfBridge(const MetricSpec& metric) { return std::holds_alternative<BridgeSource>(metric.source); }

/// Counts that are judged by evidence, which is remembered from window to window.
inline bool UsesEvidence(const MetricSpec& metric) {
  return metric.counts.has_value() && metric.counts->rule != MetricSpec::Counts::Rule::kThreshold;
}

/// The desired state, parsed, defaulted and valid.
struct Spec {
  Side legacy, target;
  std::vector<RouteRef> routes;           ///< as the user lists them, then kEntrance where there is one
  std::vector<ComponentSpec> components;  ///< never empty: one implied "all" where the user wrote none
  DesiredPhase desired_phase = DesiredPhase::kComplete;
  bool paused = false;
  std::int64_t attempt = 1;
  std::vector<Step> steps;  ///< rising weights, the last is 100
  std::vector<HeaderFlag> flags;
  BreachPolicy on_breach = BreachPolicy::kRollback;
  NoEvidencePolicy on_no_evidence;
  Millis interval{5'000};  ///< between two polls of a metric, and the length of a window of counts
  Millis delay{0};         ///< counts are asked for as of this long ago, for sources that get their data late
  double alpha = 0.01;     ///< probability that a target within all tolerances is ever rolled back for its counts
  double beta = 0.01;      ///< probability that a target beyond a tolerance is advanced, for each step
  std::vector<MetricSpec> metrics;
  /// Which rules of `compare` answers are compared by, as a hash; empty for the usual ones. Set by compare::ParseWholeSpec.
  std::string compare_rules;
  /// The same for each component, by its name, as an agent tells what it compares by. Set by compare::ParseWholeSpec.
  std::map<std::string, std::string> component_rules;
  bool operator==(const Spec&) const = default;
};

/// kEntrance; null where users enter at the bridge's Service, or there is no bridge.
const RouteRef* EntranceOf(const Spec& spec);

/// The metric is about this component: it names it, or names none.
bool Judges(const MetricSpec& metric, const std::string& component);

/// Of the safe requests on a bridge, the share that is compared; 1 where there is no bridge.
double ComparedShare(const Spec& spec);

/// An answer of a metric that is older than this is stale: nothing is decided on it.
Millis StaleAfter(const Spec& spec);

}  // namespace softmig::model
