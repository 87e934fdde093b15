#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "fakes/fake_clock.hpp"
#include "lint/check.hpp"
#include "sim/api/fake_api_server.hpp"

/// What lint says offline is what an API server says: held against the one in memory, which evaluates the CRD's schema and CEL rules, and
/// which tests/api_conformance holds to a real one.
namespace softmig::lint {
namespace {

using nlohmann::json;

const json& Base() {
  static const json kBase = [] {
    std::ifstream file(SOFTMIG_SOURCE_DIR "/tests/unit/model/spec_cases.json");
    return json{{"apiVersion", "softmigration.io/v1alpha1"},
                {"kind", "SoftMigration"},
                {"metadata", {{"name", "payments"}, {"namespace", "shop"}}},
                {"spec", json::parse(file).at("base")}};
  }();
  return kBase;
}

/// Pointers to everything below the object.
// NOLINTNEXTLINE(misc-no-recursion): a manifest is some levels deep.
void Collect(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& pointers) {
  if (!value.is_structured()) return;
  for (const auto& [key, child] : value.items()) {
    const json::json_pointer own = value.is_array() ? at / static_cast<std::size_t>(std::stoul(key)) : at / key;
    pointers.push_back(own);
    Collect(child, own, pointers);
  }
}

json AnyValue() {
  static const std::vector<json> kValues{nullptr,
                                         true,
                                         0,
                                         -1,
                                         1,
                                         50,
                                         100,
                                         101,
                                         1.5,
                                         "",
                                         "a",
                                         "A b",
                                         "0",
                                         "0.5",
                                         "1.5",
                                         "-1",
                                         "90s",
                                         "1h30m",
                                         "100000h",
                                         "5",
                                         "Hold",
                                         "Pending",
                                         "{{service}}",
                                         "{{nobody}}",
                                         std::string(300, 'x'),
                                         json::array(),
                                         json::object(),
                                         json::array({"all"}),
                                         json::array({1}),
                                         json::object({{"name", "x"}}),
                                         "http://a:1",
                                         "https://a",
                                         "ftp://a",
                                         "all",
                                         "web",
                                         "refunds"};
  return *rc::gen::elementOf(kValues);
}

void Mutate(json& object) {
  std::vector<json::json_pointer> pointers;
  Collect(object, json::json_pointer(), pointers);
  std::erase_if(pointers, [](const json::json_pointer& pointer) { return !pointer.to_string().starts_with("/spec"); });
  const json::json_pointer pointer = *rc::gen::elementOf(pointers);
  json& value = object[pointer];
  switch (*rc::gen::inRange(0, 5)) {
    case 0: value = AnyValue(); break;
    case 1: object = object.patch(json::array({{{"op", "remove"}, {"path", pointer.to_string()}}})); break;
    case 2:
      if (value.is_object())
        value[*rc::gen::element<std::string>("unknown", "name", "maxRate", "min", "minRequests", "hold", "rule")] = AnyValue();
      break;
    case 3:
      if (value.is_array() && !value.empty()) value.push_back(value[0]);
      break;
    default: {
      const json other = object[*rc::gen::elementOf(pointers)];
      object[pointer] = other;
    }
  }
}

/// The API server takes it; otherwise its words.
std::string Refusal(const json& object) {
  const fakes::FakeClock clock;
  sim::FakeApiServer server(clock);
  http::Request request;
  request.method = http::Method::kPost;
  request.url = "/apis/softmigration.io/v1alpha1/namespaces/shop/softmigrations?fieldValidation=Strict";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = object.dump();
  const http::Response response = server.Handle(request);
  return response.status == 201 ? std::string() : std::to_string(response.status) + " " + response.body;
}

/// Errors that the API server knows of, too.
std::string Errors(const json& object) {
  std::string text;
  for (const Finding& finding : Check(object, {})) {
    const bool admission = finding.rule == Rule::kInvalidField || finding.rule == Rule::kInvalidObject;
    if (admission) text += finding.path + ": " + finding.message + "\n";
  }
  return text;
}

RC_GTEST_PROP(Lint, RefusesWhatTheApiServerRefusesAndNothingElse, ()) {
  json object = Base();
  const int count = *rc::gen::inRange(0, 3);
  for (int i = 0; i < count; ++i) {
    if (object.contains("spec") && object["spec"].is_object() && !object["spec"].empty()) Mutate(object);
  }
  const std::string server = Refusal(object);
  const std::string lint = Errors(object);
  RC_LOG() << object["spec"].dump() << "\nserver: " << server << "\nlint: " << lint << "\n";
  RC_CLASSIFY(server.empty(), "accepted");
  RC_ASSERT(server.empty() == lint.empty());
}

}  // namespace
}  // namespace softmig::lint
