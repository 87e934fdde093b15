#include "sim/api/call.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace softmig::sim {
namespace {

std::string Decode(std::string_view text, bool plus_is_blank) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() + 0 &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr == text.data() + i + 3) {
      plain += static_cast<char>(code);
      i += 2;
    } else {
      plain += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Without scheme and host.
std::string_view TargetOf(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const auto path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : url.substr(path);
}

void ReadQuery(std::string_view text, Call& call) {
  for (const std::string_view part : Split(text, '&')) {
    const auto equals = std::min(part.find('='), part.size());
    if (equals == 0) continue;
    call.query[Decode(part.substr(0, equals), true)] = equals < part.size() ? Decode(part.substr(equals + 1), true) : "";
  }
}

const Kind* FindKind(std::string_view group, std::string_view version, std::string_view plural) {
  const auto kinds = Kinds();
  const auto found = std::ranges::find_if(
      kinds, [&](const Kind& kind) { return kind.type.plural == plural && kind.type.group == group && kind.type.version == version; });
  return found == kinds.end() ? nullptr : &*found;
}

/// "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE" and its shorter forms.
bool ReadPath(std::string_view path, Call& call) {
  std::vector<std::string_view> parts = Split(path.substr(1), '/');
  std::size_t at = 0;
  const auto next = [&] { return at < parts.size() ? parts[at++] : std::string_view(); };
  const std::string_view root = next();
  if (root != "api" && root != "apis") return false;
  const std::string_view group = root == "apis" ? next() : std::string_view();
  const std::string_view version = next();
  std::string_view plural = next();
  if (plural == "namespaces") {
    call.ns = Decode(next(), false);
    plural = next();
    if (call.ns.empty()) return false;
  }
  call.kind = FindKind(group, version, plural);
  call.name = Decode(next(), false);
  call.subresource = next();
  const bool subresource_served = call.subresource.empty() || (call.subresource == "status" && call.kind != nullptr && call.kind->custom);
  return call.kind != nullptr && at >= parts.size() && subresource_served && (call.name.empty() || !call.ns.empty());
}

std::string FirstWord(const http::Headers& headers) {
  const auto agent = http::Find(headers, "User-Agent");
  if (!agent || agent->empty()) return "unknown";
  return std::string(agent->substr(0, agent->find('/')));
}

}  // namespace

std::string_view Call::Query(std::string_view parameter) const {
  const auto found = query.find(parameter);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

bool Call::Asks(std::string_view parameter) const {
  const std::string_view value = Query(parameter);
  return value == "1" || value == "true";
}

std::optional<Call> ReadCall(const http::Request& request) {
  Call call;
  const std::string_view target = TargetOf(request.url);
  const auto question = std::min(target.find('?'), target.size());
  if (!target.starts_with('/') || !ReadPath(target.substr(0, question), call)) return std::nullopt;
  if (question < target.size()) ReadQuery(target.substr(question + 1), call);
  call.body = request.body;
  const auto type = http::Find(request.headers, "Content-Type");
  if (type) call.media_type = type->substr(0, type->find(';'));
  call.manager_asked = call.Query("fieldManager");
  call.manager = call.manager_asked.empty() ? FirstWord(request.headers) : call.manager_asked;
  return call;
}

std::optional<std::string> SelectedName(const Call& call) {
  const std::string_view selector = call.Query("fieldSelector");
  if (!call.Query("labelSelector").empty()) return std::nullopt;
  if (selector.empty()) return "";
  constexpr std::string_view kName = "metadata.name=";
  if (!selector.starts_with(kName)) return std::nullopt;
  std::string_view name = selector.substr(kName.size());
  if (name.starts_with('=')) name.remove_prefix(1);
  if (name.empty() || name.find_first_of(",=!") != std::string_view::npos) return std::nullopt;
  return std::string(name);
}

}  // namespace softmig::sim
