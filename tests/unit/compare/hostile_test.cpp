#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "compare/decode.hpp"
#include "unit/compare/compare_fixture.hpp"

/// Bodies that somebody made to hurt, and bodies that broke on their way.
namespace softmig::compare::testing {
namespace {

std::string Repeat(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// window_bits: 15 zlib, 31 gzip, -15 raw.
std::string Deflate(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string Brotli(const std::string& text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size());
  std::string out(size, '\0');
  EXPECT_EQ(BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                  reinterpret_cast<std::uint8_t*>(out.data())),
            BROTLI_TRUE);
  out.resize(size);
  return out;
}

Answer Encoded(const std::string& encoding, std::string body) {
  Answer answer = JsonAnswer(std::move(body));
  answer.headers.emplace_back("content-encoding", encoding);
  return answer;
}

TEST(HostileJson, IsUncomparableAndNeverACrash) {
  for (const std::string body : {"{",
                                 "}",
                                 "[",
                                 "[1",
                                 "[1,",
                                 "[1,]",
                                 "{\"a\"",
                                 "{\"a\":",
                                 "{\"a\":1",
                                 "{\"a\":1,",
                                 "{\"a\":1,}",
                                 "{a:1}",
                                 "{\"a\" 1}",
                                 "[1 2]",
                                 "1 2",
                                 "[1]]",
                                 "[1]x",
                                 "x[1]",
                                 "nul",
                                 "nulll",
                                 "tru",
                                 "True",
                                 "01",
                                 "+1",
                                 "1.",
                                 ".1",
                                 "1e",
                                 "NaN",
                                 "-",
                                 "\"",
                                 "\"a",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\\"",
                                 "'a'",
                                 "[\"a\"b]",
                                 "[\"a\"\"b\"]",
                                 "\"\x01\"",
                                 "\"\xff\"",
                                 "\xff",
                                 "\"\xed\xa0\x80\"",
                                 "[\"\xc3\"]",
                                 "//x\n1",
                                 "<html>",
                                 "[1\x01]",
                                 ",",
                                 ":",
                                 "{\"a\":1 \"b\":2}",
                                 "{\"a\"::1}",
                                 "{,}",
                                 "[,]",
                                 "{\"a\":}",
                                 "{1:2}",
                                 " ",
                                 "\n",
                                 "{\"a\":tru}",
                                 "[-]",
                                 "[1e5x]",
                                 "{\"a\\x\":1}"}) {
    EXPECT_EQ(CompareJson("[1]", body), Cannot(Reason::kParse)) << body;
    EXPECT_EQ(CompareJson(body, "[1]"), Cannot(Reason::kParse)) << body;
  }
  EXPECT_EQ(CompareJson("[1]", std::string("[1]\0", 4)), Cannot(Reason::kParse));
}

TEST(HostileJson, SaysWhoseBodyItWas) {
  Comparer comparer(RulesOf("{}"), {});
  EXPECT_EQ(comparer.Compare(JsonExchange("[1]", "["), IdMaps(1)).side, Side::kTarget);
  EXPECT_EQ(comparer.Compare(JsonExchange("[", "[1]"), IdMaps(1)).side, Side::kLegacy);
}

TEST(HostileJson, MayBeAsDeepAsIsAllowed) {
  const auto nested = [](std::size_t depth, const std::string& inner) { return Repeat("[", depth) + inner + Repeat("]", depth); };
  EXPECT_EQ(CompareJson(nested(kMostDepth - 1, "1"), nested(kMostDepth - 1, "2")).verdict, Verdict::kDiffers);
  EXPECT_EQ(CompareJson(nested(kMostDepth, "1"), nested(kMostDepth, "2")), Cannot(Reason::kTooComplex));
  EXPECT_EQ(CompareJson("[1]", Repeat("[", 100'000)), Cannot(Reason::kTooComplex));
  EXPECT_EQ(CompareJson("[1]", Repeat("{\"a\":", 100'000)), Cannot(Reason::kTooComplex));
}

TEST(HostileJson, MayHaveAsManyValuesAsAreAllowed) {
  const std::string many = "[" + Repeat("1,", kMostNodes) + "1]";
  EXPECT_EQ(CompareJson(many, "[1]"), Cannot(Reason::kTooComplex));
  const std::string big = "\"" + std::string(ComparerLimits().most_body_bytes, 'x') + "\"";
  EXPECT_EQ(CompareJson(big, "[1]"), Cannot(Reason::kTooLarge));
}

TEST(HostileJson, WithVeryManyFieldsNamesSomeOfThem) {
  std::string left = "{";
  for (int i = 0; i < 50; ++i) {
    left += "\"g" + std::to_string(i) + "\":{";
    for (int j = 0; j < 50; ++j) left += "\"f" + std::to_string(j) + "\":1" + (j < 49 ? "," : "}");
    left += i < 49 ? "," : "}";
  }
  std::string right = left;
  for (char& c : right) c = c == '1' && (&c)[-1] == ':' ? '2' : c;
  Comparer comparer(RulesOf("{}"), {});
  const Exchange exchange = JsonExchange(left, right);
  const Outcome outcome = comparer.Compare(exchange, IdMaps(1));
  EXPECT_EQ(outcome.verdict, Verdict::kDiffers);
  EXPECT_EQ(outcome.fields.size(), kMostFields);
  EXPECT_TRUE(outcome.more_fields);
}

TEST(HostileJson, CannotBuyMoreWorkThanThereIs) {
  // Lists of lists that are to be matched each with each, ten levels deep.
  std::string left = "0", right = "1";
  for (int i = 0; i < 10; ++i) {
    left = "[" + left + ",[" + left + "],7]";
    right = "[7,[" + right + "]," + right + "]";
  }
  Comparer comparer(RulesOf(Rule(R"({"path": "$..[*]", "unordered": {}})")), {});
  const Exchange exchange = JsonExchange(left, right);
  const Outcome outcome = comparer.Compare(exchange, IdMaps(1));
  EXPECT_TRUE(outcome.more_fields || outcome.reason == Reason::kTooComplex) << "given up on the way";
  EXPECT_NE(outcome.verdict, Verdict::kEqualAfterRules);
}

TEST(Encodings, AreUndoneBeforeBodiesAreCompared) {
  const std::string body = R"({"a":1,"text":")" + std::string(5'000, 'x') + "\"}";
  const std::string other = R"({ "a":1.0,"text":")" + std::string(5'000, 'x') + "\"}";
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>("gzip", Deflate(other, 31)),
                                    {"X-GZip", Deflate(other, 31)},
                                    {"deflate", Deflate(other, 15)},
                                    {"deflate", Deflate(other, -15)},
                                    {"br", Brotli(other)},
                                    {"identity", other}}) {
    EXPECT_EQ(CompareAnswers({JsonAnswer(body), Encoded(name, bytes)}), kSame) << name;
    EXPECT_EQ(CompareAnswers({Encoded(name, bytes), JsonAnswer(R"({"a":2})")}).verdict, Verdict::kDiffers) << name;
  }
  const std::string half = body.substr(0, 20);
  EXPECT_EQ(CompareAnswers({JsonAnswer(body), Encoded("gzip", Deflate(half, 31) + Deflate(body.substr(20), 31))}), kSame) << "two members";
}

TEST(Encodings, ThatNobodyCanReadAreUncomparable) {
  const std::string body(5'000, '1');
  const std::string packed = Deflate(body, 31);
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>("gzip", packed.substr(0, packed.size() / 2)),
                                    {"gzip", body},
                                    {"gzip", packed + "x"},
                                    {"deflate", "\x01\x02\x03"},
                                    {"br", packed},
                                    {"br", Brotli(body).substr(0, 5)},
                                    {"br", Brotli(body) + "x"},
                                    {"zstd", body},
                                    {"gzip, br", packed}}) {
    EXPECT_EQ(CompareAnswers({JsonAnswer(body), Encoded(name, bytes)}), Cannot(Reason::kEncoding)) << name << " " << bytes.size();
  }
}

TEST(Encodings, DoNotBlowUp) {
  const std::string bomb(64 << 20, '0');
  const ComparerLimits limits{1 << 20};
  std::string memory;
  for (const auto& [name, bytes] :
       {std::pair<std::string, std::string>("gzip", Deflate(bomb, 31)), {"deflate", Deflate(bomb, -15)}, {"br", Brotli(bomb)}}) {
    EXPECT_EQ(Decode(name, bytes, limits.most_body_bytes, memory).reason, Reason::kTooLarge) << name;
    EXPECT_LE(memory.capacity(), 2 * limits.most_body_bytes + 2) << name;
  }
}

TEST(Encodings, EndExactlyAtTheLimit) {
  std::string memory;
  const std::string text(100'000, 'a');
  for (const std::string& bytes : {Deflate(text, 31)}) {
    EXPECT_EQ(Decode("gzip", bytes, text.size(), memory).text, text);
    EXPECT_EQ(Decode("gzip", bytes, text.size() - 1, memory).reason, Reason::kTooLarge);
  }
  EXPECT_EQ(Decode("br", Brotli(text), text.size(), memory).text, text);
  EXPECT_EQ(Decode("br", Brotli(text), text.size() - 1, memory).reason, Reason::kTooLarge);
  EXPECT_EQ(Decode("gzip", Deflate("", 31), 10, memory).text, "");
}

}  // namespace
}  // namespace softmig::compare::testing
