#include "providers/template.hpp"

#include <gtest/gtest.h>

namespace softmig::providers {
namespace {

const TemplateValues& Values() {
  static const TemplateValues kValues{"shop", "move", "refunds", "old", "new.v2", "new.v2"};
  return kValues;
}

TEST(FillPlaceholders, PutsEachValueInItsPlace) {
  EXPECT_EQ(FillPlaceholders(R"(sum(x{ns="{{namespace}}",m="{{ name }}",c="{{component}}",a="{{legacy}}",b="{{target}}"}))", Values()),
            R"(sum(x{ns="shop",m="move",c="refunds",a="old",b="new.v2"}))");
}

TEST(FillPlaceholders, LeavesEverythingElseAsItIs) {
  for (const char* text : {"", "up", "x{a=\"b\"}", "{{", "}}", "{{unknown}}", "{{Name}}", "{{}}", "{{ na me }}", "{{name"}) {
    EXPECT_EQ(FillPlaceholders(text, Values()), text);
  }
}

TEST(FillPlaceholders, FindsAPlaceholderBehindStrayBraces) {
  EXPECT_EQ(FillPlaceholders("{{{name}} {{x {{name}}", Values()), "{move {{x move");
}

TEST(FillPlaceholders, AValueIsNeverFilledAgain) {
  TemplateValues values = Values();
  values.name = "{{target}}";
  EXPECT_EQ(FillPlaceholders("{{name}}", values), "{{name}}");
}

TEST(FillPlaceholders, ValuesThatCouldChangeTheQueryAreNotUsed) {
  for (const char* hostile : {"a\"} or up{x=\"", "a b", "", "a\\", "a\n"}) {
    TemplateValues values = Values();
    values.component = hostile;
    EXPECT_EQ(FillPlaceholders("x{c=\"{{component}}\"}", values), "x{c=\"{{component}}\"}") << hostile;
  }
}

}  // namespace
}  // namespace softmig::providers
