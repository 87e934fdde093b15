#include <re2/re2.h>

#include <set>

#include "base/time_format.hpp"
#include "sim/api/cel_rules.hpp"
#include "sim/api/cel_view.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

bool WeightsRise(const json& self, const json* /*old*/) {
  const auto not_rising = [](const json& a, const json& b) { return Child(a, "weight") >= Child(b, "weight"); };
  return std::adjacent_find(self.begin(), self.end(), not_rising) == self.end();
}

bool EndsAtHundred(const json& self, const json* /*old*/) { return !self.empty() && Child(self.back(), "weight") == 100; }

bool DurationWithin(const json& self, base::Millis least, base::Millis most) {
  const auto duration = base::ParseDuration(self.get_ref<const std::string&>());
  return duration && *duration >= least && *duration <= most;
}

bool AtMostAYear(const json& self, const json* /*old*/) { return DurationWithin(self, base::Millis(0), std::chrono::hours(8'760)); }

bool SecondToHour(const json& self, const json* /*old*/) { return DurationWithin(self, std::chrono::seconds(1), std::chrono::hours(1)); }

bool SecondToDay(const json& self, const json* /*old*/) { return DurationWithin(self, std::chrono::seconds(1), std::chrono::hours(24)); }

bool AtMostTenMinutes(const json& self, const json* /*old*/) { return DurationWithin(self, base::Millis(0), std::chrono::minutes(10)); }

bool FlagsDiffer(const json& self, const json* /*old*/) {
  const auto same = [](const json& f, const json& g) {
    const json& mine = Child(f, "headers");
    const json& theirs = Child(g, "headers");
    return mine.size() == theirs.size() && All(mine, [&](const json& h) {
             return Exists(theirs, [&](const json& k) {
               return Child(k, "value") == Child(h, "value") && LowerAscii(Child(k, "name")) == LowerAscii(Child(h, "name"));
             });
           });
  };
  return All(self, [&](const json& f) { return ExistsOne(self, [&](const json& g) { return same(f, g); }); });
}

bool HeadersDiffer(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    return ExistsOne(self, [&](const json& b) { return LowerAscii(Child(a, "name")) == LowerAscii(Child(b, "name")); });
  });
}

int CountOf(const json& object, std::initializer_list<const char*> names) {
  int count = 0;
  for (const char* name : names) count += Has(object, name) ? 1 : 0;
  return count;
}
double NumberOf(const json& text) { return std::strtod(text.get_ref<const std::string&>().c_str(), nullptr); }
bool Contains(const json& text, std::string_view part) { return text.get_ref<const std::string&>().find(part) != std::string::npos; }
constexpr std::string_view kService = "{{service}}";

/// The value of a metric without one is null, which has nothing.
const json& PrometheusOf(const json& metric) { return Child(metric, "prometheus"); }
bool IsOneNumber(const json& metric) {
  return !Has(metric, "bridge") && (!Has(metric, "prometheus") || Has(PrometheusOf(metric), "query"));
}

bool OneSourceOfMetric(const json& self, const json* /*old*/) {
  return CountOf(self, {"prometheus", "web", "datadog", "cloudWatch", "newRelic", "graphite", "influxDB", "job", "bridge"}) == 1;
}
bool OneTolerance(const json& self, const json* /*old*/) {
  return !Has(PrometheusOf(self), "bad") || CountOf(self, {"maxRate", "notWorseThanLegacy", "zeroDiscrepancies"}) == 1;
}
bool LatencyNeedsHistogram(const json& self, const json* /*old*/) { return Has(PrometheusOf(self), "histogram") == Has(self, "latency"); }
bool OneLatencyTolerance(const json& self, const json* /*old*/) {
  return !Has(self, "latency") || Has(self["latency"], "maxFractionAbove") != Has(self, "notWorseThanLegacy");
}
bool LatencyNeedsNoRate(const json& self, const json* /*old*/) {
  return !Has(self, "latency") || CountOf(self, {"maxRate", "zeroDiscrepancies"}) == 0;
}
bool ThresholdStandsAlone(const json& self, const json* /*old*/) {
  return !Has(self, "minRequests") || (Has(self, "maxRate") && CountOf(self, {"hardLimit", "burstTolerance"}) == 0);
}
bool RateBelowOne(const json& self, const json* /*old*/) {
  return !Has(self, "maxRate") || Has(self, "minRequests") || NumberOf(self["maxRate"]) < 1;
}
bool ZeroNeedsNoLimit(const json& self, const json* /*old*/) { return CountOf(self, {"zeroDiscrepancies", "hardLimit"}) < 2; }
bool LimitIsShare(const json& self, const json* /*old*/) {
  return !Has(self, "hardLimit") || (NumberOf(self["hardLimit"]) > 0 && NumberOf(self["hardLimit"]) < 1);
}
bool LimitAboveRate(const json& self, const json* /*old*/) {
  return !Has(self, "hardLimit") || !Has(self, "maxRate") || NumberOf(self["hardLimit"]) > NumberOf(self["maxRate"]);
}
bool LimitAboveFraction(const json& self, const json* /*old*/) {
  if (!Has(self, "hardLimit") || !Has(self, "latency") || !Has(self["latency"], "maxFractionAbove")) return true;
  return NumberOf(self["hardLimit"]) > NumberOf(self["latency"]["maxFractionAbove"]);
}
bool RelativeNeedsLegacy(const json& self, const json* /*old*/) {
  const json& prometheus = PrometheusOf(self);
  if (!Has(self, "notWorseThanLegacy") || prometheus.is_null() || Has(prometheus, "legacy")) return true;
  if (Has(prometheus, "histogram")) return Contains(prometheus["histogram"], kService);
  return Has(prometheus, "bad") && Contains(prometheus["bad"], kService) && Contains(prometheus["total"], kService);
}
bool QueryNeedsNoRate(const json& self, const json* /*old*/) {
  return !IsOneNumber(self) ||
         CountOf(self, {"maxRate", "minRequests", "notWorseThanLegacy", "zeroDiscrepancies", "hardLimit", "burstTolerance"}) == 0;
}
bool QueryNeedsBound(const json& self, const json* /*old*/) {
  return !IsOneNumber(self) || Has(self, "job") || Has(self, "min") || Has(self, "max");
}
bool JobNeedsNoBound(const json& self, const json* /*old*/) { return !Has(self, "job") || CountOf(self, {"min", "max"}) == 0; }
bool BoundNeedsQuery(const json& self, const json* /*old*/) {
  return !Has(self, "prometheus") || IsOneNumber(self) || CountOf(self, {"min", "max"}) == 0;
}
bool BoundsInOrder(const json& self, const json* /*old*/) {
  if (!Has(self, "min") || !Has(self, "max")) return true;
  const auto number = [](const json& text) { return std::strtod(text.get_ref<const std::string&>().c_str(), nullptr); };
  return number(self["min"]) <= number(self["max"]);
}
bool OneSource(const json& self, const json* /*old*/) {
  return Has(self, "bad") == Has(self, "total") && CountOf(self, {"bad", "histogram", "query"}) == 1;
}
bool LegacyAsTarget(const json& self, const json* /*old*/) {
  if (!Has(self, "legacy")) return true;
  const json& legacy = self["legacy"];
  return Has(legacy, "bad") == Has(self, "bad") && Has(legacy, "total") == Has(self, "bad") &&
         Has(legacy, "histogram") == Has(self, "histogram") && !Has(self, "query");
}
bool BodyNeedsPost(const json& self, const json* /*old*/) { return Child(self, "method") == "POST" || !Has(self, "body"); }
bool PostPathIsPlain(const json& self, const json* /*old*/) {
  return Child(self, "method") != "POST" || !Has(self, "path") || !Contains(self["path"], "{{");
}
bool PathNamesNoSide(const json& self, const json* /*old*/) { return !Has(self, "path") || !Contains(self["path"], kService); }
bool BodyNamesNoSide(const json& self, const json* /*old*/) { return !Has(self, "body") || !Contains(self["body"], kService); }
bool TenSecondsToDay(const json& self, const json* /*old*/) {
  return DurationWithin(self, std::chrono::seconds(10), std::chrono::hours(24));
}
bool WholeSecondsToHour(const json& self, const json* /*old*/) {
  const auto duration = base::ParseDuration(self.get_ref<const std::string&>());
  return SecondToHour(self, nullptr) && *duration % std::chrono::seconds(1) == base::Millis(0);
}
bool OneInflux(const json& self, const json* /*old*/) { return CountOf(self, {"organization", "database"}) == 1; }
bool TokenStandsAlone(const json& self, const json* /*old*/) {
  return !Has(self, "token") || CountOf(self, {"bearerToken", "basicAuth"}) == 0;
}
bool OneAuthorization(const json& self, const json* /*old*/) { return CountOf(self, {"bearerToken", "basicAuth"}) < 2; }
bool SetsNoAuthorization(const json& source) {
  return All(Child(source, "headers"), [](const json& header) { return LowerAscii(Child(header, "name")) != "authorization"; });
}
bool AuthorizationIsNotSetTwice(const json& self, const json* /*old*/) {
  return CountOf(self, {"bearerToken", "basicAuth"}) == 0 || SetsNoAuthorization(self);
}
bool TokenIsTheOnlyAuthorization(const json& self, const json* /*old*/) { return !Has(self, "token") || SetsNoAuthorization(self); }
bool TlsNeedsHttps(const json& self, const json* /*old*/) {
  return !Has(self, "tls") || self["address"].get_ref<const std::string&>().starts_with("https://");
}
bool ValueOrSecret(const json& self, const json* /*old*/) { return CountOf(self, {"value", "secret"}) == 1; }
bool LeavesTheConnection(const json& self, const json* /*old*/) {
  static const std::set<std::string> kOurs{
      "accept-encoding", "connection",        "content-length", "expect", "host", "keep-alive", "proxy-authorization", "te",
      "trailer",         "transfer-encoding", "upgrade"};
  return !kOurs.contains(LowerAscii(self));
}
bool QueryNamesNoSide(const json& self, const json* /*old*/) { return !Has(self, "query") || !Contains(self["query"], kService); }

bool IsChance(const json& self, const json* /*old*/) { return NumberOf(self) >= 0.000001 && NumberOf(self) <= 0.5; }
bool IsRatio(const json& self, const json* /*old*/) { return NumberOf(self) >= 1 && NumberOf(self) <= 100; }
bool IsPositive(const json& self, const json* /*old*/) { return NumberOf(self) > 0; }

/// Every "{{" begins a placeholder that is known; a single "{" may stand alone.
bool KnownPlaceholders(const json& self, const json* /*old*/) {
  std::string_view rest = self.get_ref<const std::string&>();
  while (!rest.empty()) {
    if (!rest.starts_with("{{")) {
      rest.remove_prefix(rest.front() == '{' ? std::min<std::size_t>(2, rest.size()) : 1);
      continue;
    }
    const auto end = rest.find("}}");
    if (end == std::string_view::npos) return false;
    const std::string_view name = rest.substr(2, end - 2);
    if (name != "namespace" && name != "name" && name != "component" && name != "legacy" && name != "target" && name != "service") {
      return false;
    }
    rest.remove_prefix(end + 2);
  }
  return true;
}

bool ComparesKnownComponents(const json& self, const json* /*old*/) {
  return All(Child(Child(self, "compare"), "rules"), [&](const json& rule) { return NamesComponents(self, rule); });
}
bool OneKindOfRule(const json& self, const json* /*old*/) {
  return CountOf(self, {"ignore", "tolerance", "decimal", "unordered", "pattern", "pairs", "sameId", "clockSkew"}) == 1;
}
bool UnorderedIsInTheBody(const json& self, const json* /*old*/) {
  return !Has(self, "unordered") || Child(self, "path").get_ref<const std::string&>().starts_with('$');
}
bool StatusNeedsItsKinds(const json& self, const json* /*old*/) {
  return Child(self, "path") != "status" || CountOf(self, {"ignore", "pairs"}) > 0;
}
bool OneOfTwoTolerances(const json& self, const json* /*old*/) { return CountOf(self, {"absolute", "relative"}) > 0; }
bool MillisecondToDay(const json& self, const json* /*old*/) { return DurationWithin(self, base::Millis(1), std::chrono::hours(24)); }
bool IsExpression(const json& self, const json* /*old*/) {
  RE2::Options options;
  options.set_log_errors(false);
  return RE2(self.get_ref<const std::string&>(), options).ok();
}

void AddPlanRules(RuleTable& book) {
  book["self.map(s, s.weight).isSorted() && self.all(a, self.exists_one(b, a.weight == b.weight))"] = WeightsRise;
  book["self[size(self) - 1].weight == 100"] = EndsAtHundred;
  book["duration(self) <= duration('8760h')"] = AtMostAYear;
  book
      ["self.all(f, self.exists_one(g, size(f.headers) == size(g.headers) && f.headers.all(h, g.headers.exists(k, k.value == h.value && "
       "k.name.lowerAscii() == h.name.lowerAscii()))))"] = FlagsDiffer;
  book["self.all(a, self.exists_one(b, a.name.lowerAscii() == b.name.lowerAscii()))"] = HeadersDiffer;
  book["duration(self) >= duration('1s') && duration(self) <= duration('1h')"] = SecondToHour;
}

void AddMetricRules(RuleTable& book) {
  book
      ["[has(self.prometheus), has(self.web), has(self.datadog), has(self.cloudWatch), has(self.newRelic), has(self.graphite), "
       "has(self.influxDB), has(self.job), has(self.bridge)].filter(x, x).size() == 1"] = OneSourceOfMetric;
  book
      ["!has(self.prometheus) || !has(self.prometheus.bad) || [has(self.maxRate), has(self.notWorseThanLegacy), "
       "has(self.zeroDiscrepancies)].filter(x, x).size() == "
       "1"] = OneTolerance;
  book["(has(self.prometheus) && has(self.prometheus.histogram)) == has(self.latency)"] = LatencyNeedsHistogram;
  book["!has(self.latency) || has(self.latency.maxFractionAbove) != has(self.notWorseThanLegacy)"] = OneLatencyTolerance;
  book["!has(self.latency) || (!has(self.maxRate) && !has(self.zeroDiscrepancies))"] = LatencyNeedsNoRate;
  book["!has(self.minRequests) || (has(self.maxRate) && !has(self.hardLimit) && !has(self.burstTolerance))"] = ThresholdStandsAlone;
  book["!has(self.maxRate) || has(self.minRequests) || double(self.maxRate) < 1.0"] = RateBelowOne;
  book["!has(self.zeroDiscrepancies) || !has(self.hardLimit)"] = ZeroNeedsNoLimit;
  book["!has(self.hardLimit) || (double(self.hardLimit) > 0.0 && double(self.hardLimit) < 1.0)"] = LimitIsShare;
  book["!has(self.hardLimit) || !has(self.maxRate) || double(self.hardLimit) > double(self.maxRate)"] = LimitAboveRate;
  book
      ["!has(self.hardLimit) || !has(self.latency) || !has(self.latency.maxFractionAbove) || double(self.hardLimit) > "
       "double(self.latency.maxFractionAbove)"] = LimitAboveFraction;
  book
      ["!has(self.notWorseThanLegacy) || !has(self.prometheus) || has(self.prometheus.legacy) || (has(self.prometheus.histogram) ? "
       "self.prometheus.histogram.contains('{{service}}') : has(self.prometheus.bad) && self.prometheus.bad.contains('{{service}}') && "
       "self.prometheus.total.contains('{{service}}'))"] = RelativeNeedsLegacy;
  book
      ["has(self.bridge) || (has(self.prometheus) && !has(self.prometheus.query)) || (!has(self.maxRate) && !has(self.minRequests) && "
       "!has(self.notWorseThanLegacy) && "
       "!has(self.zeroDiscrepancies) && !has(self.hardLimit) && !has(self.burstTolerance))"] = QueryNeedsNoRate;
  book["has(self.bridge) || (has(self.prometheus) && !has(self.prometheus.query)) || has(self.job) || has(self.min) || has(self.max)"] =
      QueryNeedsBound;
  book["!has(self.job) || (!has(self.min) && !has(self.max))"] = JobNeedsNoBound;
  book["!has(self.prometheus) || has(self.prometheus.query) || (!has(self.min) && !has(self.max))"] = BoundNeedsQuery;
  book["!has(self.min) || !has(self.max) || double(self.min) <= double(self.max)"] = BoundsInOrder;
}

void AddSourceRules(RuleTable& book) {
  book["has(self.bad) == has(self.total) && [has(self.bad), has(self.histogram), has(self.query)].filter(x, x).size() == 1"] = OneSource;
  book
      ["!has(self.legacy) || (has(self.legacy.bad) == has(self.bad) && has(self.legacy.total) == has(self.bad) && "
       "has(self.legacy.histogram) == has(self.histogram) && !has(self.query))"] = LegacyAsTarget;
  book["!has(self.query) || !self.query.contains('{{service}}')"] = QueryNamesNoSide;
  book["self.matches('^([^{]|[{][^{]|[{][{](namespace|name|component|legacy|target|service)[}][}])*[{]?$')"] = KnownPlaceholders;
  book["double(self) >= 0.000001 && double(self) <= 0.5"] = IsChance;
  book["double(self) >= 1.0 && double(self) <= 100.0"] = IsRatio;
  book["double(self) > 0.0"] = IsPositive;
  book["duration(self) >= duration('1s') && duration(self) <= duration('24h')"] = SecondToDay;
  book["duration(self) <= duration('10m')"] = AtMostTenMinutes;
}

void AddAccessRules(RuleTable& book) {
  book["!has(self.bearerToken) || !has(self.basicAuth)"] = OneAuthorization;
  book
      ["!has(self.headers) || (!has(self.bearerToken) && !has(self.basicAuth)) || self.headers.all(h, h.name.lowerAscii() != "
       "'authorization')"] = AuthorizationIsNotSetTwice;
  book["!has(self.tls) || self.address.startsWith('https://')"] = TlsNeedsHttps;
  book["has(self.value) != has(self.secret)"] = ValueOrSecret;
  book
      ["!(self.lowerAscii() in ['accept-encoding', 'connection', 'content-length', 'expect', 'host', 'keep-alive', "
       "'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'])"] = LeavesTheConnection;
}

void AddOtherSourceRules(RuleTable& book) {
  book["self.method == 'POST' || !has(self.body)"] = BodyNeedsPost;
  book["self.method != 'POST' || !has(self.path) || !self.path.contains('{{')"] = PostPathIsPlain;
  book["!has(self.path) || !self.path.contains('{{service}}')"] = PathNamesNoSide;
  book["!has(self.body) || !self.body.contains('{{service}}')"] = BodyNamesNoSide;
  book["duration(self) >= duration('10s') && duration(self) <= duration('24h')"] = TenSecondsToDay;
  book["duration(self) >= duration('1s') && duration(self) <= duration('1h') && duration(self).getMilliseconds() % 1000 == 0"] =
      WholeSecondsToHour;
  book["has(self.organization) != has(self.database)"] = OneInflux;
  book["!has(self.token) || (!has(self.bearerToken) && !has(self.basicAuth))"] = TokenStandsAlone;
  book["!has(self.token) || !has(self.headers) || self.headers.all(h, h.name.lowerAscii() != 'authorization')"] =
      TokenIsTheOnlyAuthorization;
}

void AddCompareRules(RuleTable& book) {
  book
      ["!has(self.compare) || !has(self.compare.rules) || self.compare.rules.all(r, !has(r.components) || r.components.all(c, "
       "has(self.components) && size(self.components) > 0 ? self.components.exists(x, x.name == c) : c == 'all'))"] =
          ComparesKnownComponents;
  book
      ["[has(self.ignore), has(self.tolerance), has(self.decimal), has(self.unordered), has(self.pattern), has(self.pairs), "
       "has(self.sameId), has(self.clockSkew)].filter(x, x).size() == 1"] = OneKindOfRule;
  book["!has(self.unordered) || self.path.startsWith('$')"] = UnorderedIsInTheBody;
  book["self.path != 'status' || has(self.ignore) || has(self.pairs)"] = StatusNeedsItsKinds;
  book["has(self.absolute) || has(self.relative)"] = OneOfTwoTolerances;
  book["duration(self) >= duration('1ms') && duration(self) <= duration('24h')"] = MillisecondToDay;
  book["''.matches(self) || !''.matches(self)"] = IsExpression;
}

RuleTable MakeBook() {
  RuleTable book;
  for (auto* add :
       {AddSpecRules, AddPlanRules, AddMetricRules, AddSourceRules, AddAccessRules, AddOtherSourceRules, AddCompareRules, AddBridgeRules}) {
    add(book);
  }
  return book;
}

}  // namespace

std::optional<RuleCheck> FindMigrationRule(std::string_view text) {
  static const RuleTable kBook = MakeBook();
  const auto found = kBook.find(text);
  return found == kBook.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace softmig::sim
