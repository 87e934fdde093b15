#include "simulate/consequence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/builders.hpp"

namespace softmig::simulate {
namespace {

using fakes::MakeMigration;
using testing::Contains;
using testing::HasSubstr;

const base::WallTime kNow{base::Millis(1'700'000'000'000)};

model::Spec WithTemplate(const std::string& manifest) {
  model::Spec spec = MakeMigration().Spec();
  spec.routes.front().manifest = manifest;
  return spec;
}

std::vector<std::string> Said(const model::Spec* before, const model::Spec& after) {
  Edit edit;
  edit.before = before;
  edit.after = &after;
  return Consequences(edit, kNow);
}

TEST(Consequences, SayThatARouteIsMadeFromItsTemplate) {
  const model::Spec patch = MakeMigration().Spec();
  const model::Spec managed = WithTemplate("{}");
  EXPECT_THAT(Said(nullptr, managed), Contains(HasSubstr("is made from its template where it is missing")));
  EXPECT_THAT(Said(&patch, managed), Contains(HasSubstr("is made from its template where it is missing")));
}

TEST(Consequences, SayThatAnEditedTemplateReachesTheRoute) {
  const model::Spec before = WithTemplate(R"({"spec":{"hostnames":["a"]}})");
  const model::Spec after = WithTemplate(R"({"spec":{"hostnames":["b"]}})");
  EXPECT_THAT(Said(&before, after), Contains(HasSubstr("becomes what the edited template says")));
  EXPECT_THAT(Said(&before, before), testing::Not(Contains(HasSubstr("template"))));
}

}  // namespace
}  // namespace softmig::simulate
