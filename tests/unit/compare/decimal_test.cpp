#include "compare/decimal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace softmig::compare {
namespace {

Decimal Number(std::string_view text) {
  const auto number = ParseDecimal(text);
  EXPECT_TRUE(number) << text;
  return number.value_or(Decimal());
}

TEST(Decimal, IsTheNumberAndNotItsSpelling) {
  EXPECT_EQ(Number("0.1"), Number("0.10"));
  EXPECT_EQ(Number("1e2"), Number("100"));
  EXPECT_EQ(Number("1E+2"), Number("100.0"));
  EXPECT_EQ(Number("-0.0"), Number("0e5"));
  EXPECT_EQ(Number("12.5e-1"), Number("1.25"));
  EXPECT_EQ(Number("1000000000000000000000"), Number("1e21"));
}

TEST(Decimal, KeepsWhatADoubleLoses) {
  EXPECT_NE(Number("9007199254740993"), Number("9007199254740992"));
  EXPECT_NE(Number("0.1"), Number("0.1000000000000000055511151231257827"));
  EXPECT_NE(Number("123456789012345678901234567890"), Number("123456789012345678901234567891"));
  EXPECT_NE(Number("1e400"), Number("1e401"));
  EXPECT_NE(Number("1"), Number("-1"));
}

TEST(Decimal, RefusesWhatIsNoJsonNumber) {
  for (const char* text :
       {"", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1 ", " 1", "NaN", "1.e2", "--1", "1e2.5", "1a", "1e99999999"}) {
    EXPECT_FALSE(ParseDecimal(text)) << text;
  }
  EXPECT_FALSE(ParseDecimal(std::string(kMostNumberBytes + 1, '1')));
}

TEST(IsSameNumber, SaysWhatTheDecimalsSay) {
  const std::vector<std::string> texts{"0",   "-0",   "0.0", "-0.00", "0e7",   "1",   "1.0",  "1.00",  "-1",   "-1.0", "10",   "10.0",
                                       "1e1", "1E+1", "100", "1e2",   "100.5", "1.5", "1.50", "15e-1", "1.05", "0.1",  "0.10", "1e-1"};
  for (const std::string& a : texts) {
    for (const std::string& b : texts) EXPECT_EQ(IsSameNumber(a, b), Number(a) == Number(b)) << a << ' ' << b;
  }
}

TEST(IsSameNumber, GoesByTheSpellingWhereANumberIsTooLong) {
  const std::string longest(kMostNumberBytes, '1');
  EXPECT_TRUE(IsSameNumber(longest + "1", longest + "1"));
  EXPECT_FALSE(IsSameNumber(longest + ".0", longest));
  EXPECT_FALSE(IsSameNumber(longest, longest + ".0"));
}

TEST(NumberForm, OfTwoPlainTextsOnlyTheSameAreTheSameNumber) {
  for (const char* text : {"0", "10", "-1", "0.5", "-0.25", "123456789012345678901234567890"})
    EXPECT_EQ(FormOf(text), NumberForm::kPlain) << text;
  for (const char* text : {"-0", "0.0", "1.50", "1e2", "-0.0"}) EXPECT_EQ(FormOf(text), NumberForm::kOther) << text;
  for (const char* text : {"", "-", "01", "1.", "1.e1", "1e", "1x", "1.5x", "-01"}) EXPECT_EQ(FormOf(text), NumberForm::kNone) << text;
}

TEST(Tolerance, IsExactAtItsEdge) {
  EXPECT_TRUE(WithinAbsolute(Number("10.00"), Number("10.01"), Number("0.01")));
  EXPECT_FALSE(WithinAbsolute(Number("10.00"), Number("10.0100000000000000001"), Number("0.01")));
  EXPECT_TRUE(WithinAbsolute(Number("-0.005"), Number("0.005"), Number("0.01")));
  EXPECT_TRUE(WithinAbsolute(Number("1e30"), Number("1000000000000000000000000000000.5"), Number("0.5")));
  EXPECT_TRUE(WithinRelative(Number("100"), Number("101"), Number("0.01"))) << "of the larger one";
  EXPECT_FALSE(WithinRelative(Number("100"), Number("101.02"), Number("0.01")));
  EXPECT_FALSE(WithinRelative(Number("0"), Number("1e-300"), Number("0.5")));
  EXPECT_TRUE(WithinRelative(Number("-100"), Number("-99.5"), Number("0.005")));
}

TEST(Tolerance, DoesNotTryDigitsWithoutEnd) {
  EXPECT_FALSE(WithinAbsolute(Number("1e999999"), Number("1"), Number("0.01")));
  EXPECT_FALSE(WithinRelative(Number("1e-999999"), Number("1e999999"), Number("0.5")));
  EXPECT_TRUE(WithinAbsolute(Number("1e999999"), Number("10e999998"), Number("0.01")));
}

}  // namespace
}  // namespace softmig::compare
