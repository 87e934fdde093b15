#include <algorithm>

#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

using Header = SourceAccess::Header;

constexpr TextRule kOwnHeader{1, 128, IsOwnHeaderName, "the name of a header that does not belong to the connection"};
constexpr TextRule kPlainValue{1, 1024, IsHeaderValue, "printable characters without outer blanks"};

SecretKey ReadSecretKey(FieldReader& reader) {
  SecretKey secret;
  secret.name = reader.Text("name", kSubdomain);
  secret.key = reader.Text("key", kSecretKey);
  reader.RefuseOthers();
  return secret;
}

bool SameName(const Header& a, const Header& b) { return LowerAscii(a.name) == LowerAscii(b.name); }

std::vector<Header> ParseHeaders(FieldReader& source) {
  std::vector<Header> headers;
  for (FieldReader& reader : source.Objects("headers", {0, limits::kSourceHeaders})) {
    Header header;
    header.name = reader.Text("name", kOwnHeader);
    header.secret = OptionalSecretKey(reader, "secret");
    header.value = reader.OptionalText("value", kPlainValue).value_or("");
    if (reader.Has("value") == header.secret.has_value()) reader.Fail("value", "exactly one of value and secret must be set");
    reader.RefuseOthers();
    const bool twice = std::any_of(headers.begin(), headers.end(), [&](const Header& other) { return SameName(other, header); });
    if (twice) reader.Fail("name", "two headers must not have the same name");
    headers.push_back(std::move(header));
  }
  return headers;
}

void ParseTls(FieldReader& source, const std::string& address, SourceAccess& access) {
  auto tls = source.Object("tls");
  if (!tls) return;
  if (!address.starts_with("https://")) source.Fail("tls", "goes with an https:// address");
  access.ca = OptionalSecretKey(*tls, "ca");
  access.server_name = tls->OptionalText("serverName", kSubdomain).value_or("");
  tls->RefuseOthers();
}

}  // namespace

std::optional<SecretKey> OptionalSecretKey(FieldReader& reader, std::string_view key) {
  auto secret = reader.Object(key);
  return secret ? std::optional(ReadSecretKey(*secret)) : std::nullopt;
}

SecretKey RequiredSecretKey(FieldReader& reader, std::string_view key) {
  auto secret = reader.RequiredObject(key);
  return secret ? ReadSecretKey(*secret) : SecretKey();
}

bool SetsAuthorization(const SourceAccess& access) {
  return std::any_of(access.headers.begin(), access.headers.end(),
                     [](const Header& header) { return LowerAscii(header.name) == "authorization"; });
}

SourceAccess ParseAccess(FieldReader& source, const std::string& address) {
  SourceAccess access;
  access.headers = ParseHeaders(source);
  access.bearer_token = OptionalSecretKey(source, "bearerToken");
  if (auto basic = source.Object("basicAuth")) {
    access.basic.emplace();
    access.basic->username = RequiredSecretKey(*basic, "username");
    access.basic->password = RequiredSecretKey(*basic, "password");
    basic->RefuseOthers();
  }
  if (access.bearer_token && access.basic) source.Fail("bearerToken", "at most one of bearerToken and basicAuth may be set");
  if ((access.bearer_token || access.basic) && SetsAuthorization(access)) {
    source.Fail("headers", "Authorization is set by bearerToken or basicAuth already");
  }
  ParseTls(source, address, access);
  return access;
}

}  // namespace softmig::model
