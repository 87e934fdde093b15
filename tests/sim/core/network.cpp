#include "sim/core/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace softmig::simulator {
namespace {

constexpr Time kLongWay = milliseconds(1'600);  // together with what is before it, below what a lease leaves for writes in flight
constexpr Time kSlow = milliseconds(200);

bool Concerns(const Fault& fault, int replica) { return fault.who < 0 || fault.who == replica; }

std::string StatusBody(int code) {
  static constexpr std::pair<int, const char*> kReasons[] = {{400, "BadRequest"},    {404, "NotFound"},          {409, "Conflict"},
                                                             {410, "Expired"},       {422, "Invalid"},           {429, "TooManyRequests"},
                                                             {500, "InternalError"}, {503, "ServiceUnavailable"}};
  const char* reason = "InternalError";
  for (const auto& [known, name] : kReasons) {
    if (known == code) reason = name;
  }
  // An admission webhook names the field it does not like: a 422 without one would be a failed `test` of a patch.
  const char* details = code == 422 ? R"(,"details":{"causes":[{"reason":"FieldValueInvalid","field":"spec","message":"no"}]})" : "";
  return fmt::format(R"({{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"{}","message":"injected","code":{}{}}})", reason,
                     code, details);
}

http::Response Injected(int code) {
  http::Response response{code, {{"Content-Type", "application/json"}}, StatusBody(code)};
  if (code == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

ApiCall ReadCall(const http::Request& request) {
  ApiCall call;
  call.write = request.method != http::Method::kGet;
  std::string_view path = request.url;
  path = path.substr(0, path.find('?'));
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    call.kind = KindOf(parts[i]);
    if (call.kind == Kind::kOther) continue;
    if (i + 1 < parts.size()) call.name = std::string(parts[i + 1]);
    if (i + 2 < parts.size()) call.subresource = std::string(parts[i + 2]);
    break;
  }
  return call;
}

Network::Network(Loop& loop, Random& random, Cluster& cluster, Transcript& transcript)
    : loop_(loop), random_(random), cluster_(cluster), transcript_(transcript) {
  cluster.Listen([this](const ClusterChange&) { OnChange(); });
}

void Network::Begin(const Fault& fault) {
  if (fault.kind == FaultKind::kCrashAtWrite || fault.kind == FaultKind::kFreezeAtWrite) {
    at_write_.push_back({fault, 0});
    return;
  }
  active_.push_back(fault);
  if (fault.kind == FaultKind::kApiRefused) CutWatches(fault.who, -1);
}

void Network::End(const Fault& fault) {
  const auto it = std::ranges::find(active_, fault);
  if (it == active_.end()) return;
  watch_trouble_[fault.who] = loop_.now();
  active_.erase(it);
}

const Fault* Network::Active(FaultKind kind, int replica, int what) const {
  for (const Fault& fault : active_) {
    if (fault.kind == kind && Concerns(fault, replica) && (what == -2 || fault.what < 0 || fault.what == what)) return &fault;
  }
  return nullptr;
}

Time Network::DisturbedUntil(int replica, const std::string& name) const {
  if (Active(FaultKind::kApiRefused, replica) != nullptr || Active(FaultKind::kApiHangs, replica) != nullptr) return loop_.now();
  const auto it = disturbed_.find({replica, name});
  return it == disturbed_.end() ? Time(0) : it->second;
}

Time Network::WatchesCalmSince(int replica) const {
  for (const FaultKind kind : {FaultKind::kApiRefused, FaultKind::kApiHangs, FaultKind::kWatchLag, FaultKind::kWatchRefused}) {
    if (Active(kind, replica) != nullptr) return loop_.now();
  }
  const auto one = watch_trouble_.find(replica);
  const auto all = watch_trouble_.find(-1);
  return std::max(one == watch_trouble_.end() ? Time(0) : one->second, all == watch_trouble_.end() ? Time(0) : all->second);
}

void Network::Disturb(int replica, const std::string& name, Time until) {
  Time& disturbed = disturbed_[{replica, name}];
  disturbed = std::max(disturbed, until);
}

Time Network::DrawWay() {
  const int chance = calm_ ? 0 : random_.Below(1'000);
  if (chance < 940) return random_.Within(Time(300), milliseconds(4));
  if (chance < 995) return random_.Within(milliseconds(4), milliseconds(80));
  return random_.Within(milliseconds(80), milliseconds(600));
}

Fate Network::Draw(const Process& process, const ApiCall& call) {
  Fate fate;
  fate.before = random_.Within(Time(20), Time(300));
  fate.out = DrawWay();
  fate.back = DrawWay();
  (call.write ? counts_.writes : counts_.reads) += 1;
  if (chooser_ != nullptr) {
    ChooseFate(call, fate);
  } else if (!active_.empty()) {
    DrawFault(process, call, fate);
  }
  // A status that cannot be written is no excuse: users go first.
  const bool refused_status = fate.kind == Fate::Kind::kInjected && call.kind == Kind::kSoftMigrations;
  const bool hindered = fate.kind != Fate::Kind::kAnswered || fate.out + fate.back > kSlow;
  if (hindered && !refused_status && call.kind != Kind::kLeases) {
    Disturb(process.index(), call.name, loop_.now() + fate.before + fate.out + fate.back);
  }
  if (fate.kind != Fate::Kind::kAnswered) ++counts_.faults;
  return fate;
}

void Network::DrawFault(const Process& process, const ApiCall& call, Fate& fate) {
  const int replica = process.index();
  if (const Fault* slow = Active(FaultKind::kApiSlow, replica)) {
    fate.out = std::min(kLongWay, fate.out + random_.Within(Time(0), milliseconds(slow->amount)));
    fate.back += random_.Within(Time(0), milliseconds(slow->amount));
  }
  if (Active(FaultKind::kApiRefused, replica) != nullptr) {
    fate.kind = Fate::Kind::kRefused;
  } else if (Active(FaultKind::kApiHangs, replica) != nullptr) {
    fate.kind = Fate::Kind::kUnanswered;
  } else if (const Fault* errors = Active(FaultKind::kApiErrors, replica); errors != nullptr && random_.Percent(errors->amount)) {
    fate.kind = Fate::Kind::kInjected;
    fate.code = errors->what;
  } else if (const Fault* lost = Active(FaultKind::kApiLostAnswers, replica); lost != nullptr && random_.Percent(lost->amount)) {
    fate.kind = Fate::Kind::kLostAnswer;
  } else if (const Fault* hang = Active(FaultKind::kHangObject, replica);
             hang != nullptr && call.kind == Kind::kSoftMigrations && call.name == "m" + std::to_string(hang->what)) {
    fate.kind = Fate::Kind::kUnanswered;
  } else if (const Fault* status = Active(FaultKind::kStatusErrors, replica);
             status != nullptr && call.write && call.kind == Kind::kSoftMigrations) {
    fate.kind = Fate::Kind::kInjected;
    fate.code = status->what;
  }
}

void Network::ChooseFate(const ApiCall& call, Fate& fate) {
  if (!call.write || call.kind == Kind::kLeases) return;
  switch (chooser_->Choose(6)) {
    case 1: fate.kind = Fate::Kind::kLostAnswer; break;
    case 2:
      fate.kind = Fate::Kind::kInjected;
      fate.code = 409;
      break;
    case 3: fate.kind = Fate::Kind::kRefused; break;
    case 4: crash_after_ = -1; break;  // before it leaves
    case 5: crash_after_ = 1; break;   // once it is applied
    default: break;
  }
}

void Network::BeforeWrite(Process& process, const ApiCall& call) {
  if (call.kind == Kind::kLeases) return;
  if (crash_after_ < 0) {
    crash_after_ = 0;
    hooks_.kill(process);
  }
  for (std::size_t i = 0; i < at_write_.size(); ++i) {
    if (++at_write_[i].seen < at_write_[i].fault.amount) continue;
    const Fault fault = at_write_[i].fault;
    at_write_.erase(at_write_.begin() + static_cast<std::ptrdiff_t>(i));
    ++counts_.faults;
    transcript_.Line(loop_.now(), "fault: {}", ToText(fault));
    if (fault.kind == FaultKind::kFreezeAtWrite) {
      hooks_.freeze(process, fault.length);
      process.Sleep(Time(1));  // until it runs again
    } else if (fault.what == 0) {
      hooks_.kill(process);
    } else {
      crash_after_ = 1;
    }
    return;
  }
}

std::optional<http::Response> Network::Arrive(const std::shared_ptr<Process>& process, const http::Request& request, const Sender& sender,
                                              const Fate& fate) {
  if (fate.kind == Fate::Kind::kInjected) return Injected(fate.code);
  if (fate.kind != Fate::Kind::kAnswered && fate.kind != Fate::Kind::kLostAnswer) return std::nullopt;
  std::optional<http::Response> response = cluster_.Handle(request, sender);
  const ApiCall call = ReadCall(request);
  if (crash_after_ > 0 && call.write && call.kind != Kind::kLeases) {
    crash_after_ = 0;
    if (!process->dead) hooks_.kill(*process);
  }
  if (fate.kind == Fate::Kind::kLostAnswer) return std::nullopt;
  return response;
}

// ---------------------------------------------------------------------------------------------------------------- watches

void Network::Open(const std::shared_ptr<WatchLink>& link) {
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
  loop_.After(DrawWay(), nullptr, [this, link] { Accept(link); });
}

void Network::Accept(const std::shared_ptr<WatchLink>& link) {
  if (link->closed || link->process->dead) return;
  const int replica = link->process->index();
  if (Active(FaultKind::kApiRefused, replica) != nullptr) {
    return EndLink(link, base::Fail(base::ErrorCode::kUnavailable, "connection refused"));
  }
  if (const Fault* hangs = Active(FaultKind::kApiHangs, replica)) {
    loop_.At(hangs->at + hangs->length + milliseconds(10), nullptr, [this, link] { Accept(link); });
    return;
  }
  std::optional<http::Response> refused;
  if (const Fault* refuses = Active(FaultKind::kWatchRefused, replica)) {
    refused = Injected(refuses->what);
  } else {
    auto opened = cluster_.server().OpenWatch(link->request);
    if (std::holds_alternative<http::Response>(opened)) {
      refused = std::get<http::Response>(std::move(opened));
    } else {
      link->watch = std::get<std::unique_ptr<FakeWatch>>(std::move(opened));
    }
  }
  transcript_.Line(loop_.now(), "{}: watch {} {}", link->process->name(), Plural(link->kind), refused ? refused->status : 200);
  loop_.After(DrawWay(), link->process, [this, link, refused] {
    if (link->closed) return;
    link->callbacks.on_status(refused ? refused->status : 200, refused ? refused->headers : http::Headers{});
    if (refused) {
      link->callbacks.on_chunk(refused->body);
      return EndLink(link, {});
    }
    link->open = true;
    Schedule(link);
  });
  if (refused) return;
  int timeout = 300;
  if (const auto at = link->request.url.find("timeoutSeconds="); at != std::string::npos) {
    std::from_chars(link->request.url.data() + at + 15, link->request.url.data() + link->request.url.size(), timeout);
  }
  loop_.After(seconds(timeout), nullptr, [this, link] { EndLink(link, {}); });
  loop_.After(random_.Within(seconds(40), seconds(70)), nullptr, [this, link] { Bookmark(link); });
}

void Network::EndLink(const std::shared_ptr<WatchLink>& link, base::Status end) {
  if (link->closed || link->process->dead) return;
  link->watch.reset();
  loop_.After(Time(50), link->process, [link, end] {
    if (link->closed) return;
    link->closed = true;
    link->callbacks.on_end(end);
  });
}

void Network::CutWatches(int replica, int kind) {
  watch_trouble_[replica] = loop_.now();
  for (const auto& weak : links_) {
    const auto link = weak.lock();
    if (!link || link->closed || !link->watch || (replica >= 0 && link->process->index() != replica)) continue;
    if (kind >= 0 && link->kind != static_cast<Kind>(kind)) continue;
    EndLink(link, base::Fail(base::ErrorCode::kUnavailable, "connection reset"));
  }
}

void Network::OnChange() {
  for (const auto& weak : links_) {
    if (const auto link = weak.lock()) Schedule(link);
  }
}

void Network::Schedule(const std::shared_ptr<WatchLink>& link) {
  if (link->closed || !link->open || link->scheduled || !link->watch || !link->watch->ready()) return;
  link->scheduled = true;
  loop_.After(DrawWay(), link->process, [this, link] { Deliver(link); });
}

void Network::Deliver(const std::shared_ptr<WatchLink>& link) {
  link->scheduled = false;
  if (link->closed || !link->watch) return;
  const int replica = link->process->index();
  const Fault* held = Active(FaultKind::kWatchLag, replica, static_cast<int>(link->kind));
  if (held == nullptr) held = Active(FaultKind::kApiHangs, replica);
  if (held != nullptr) {
    link->scheduled = true;
    ++counts_.faults;
    loop_.At(std::max(loop_.now(), held->at + held->length) + DrawWay(), link->process, [this, link] { Deliver(link); });
    return;
  }
  const bool twice = Active(FaultKind::kWatchDoubled, replica) != nullptr;
  // Often several events arrive together, sometimes each alone.
  for (int left = random_.Between(1, 4); left > 0; --left) {
    const auto line = link->watch ? link->watch->Next() : std::nullopt;
    if (!line) break;
    link->callbacks.on_chunk(*line);
    if (twice && !link->closed) link->callbacks.on_chunk(*line);
    if (link->closed) return;
  }
  if (link->watch && link->watch->ended()) return EndLink(link, {});
  Schedule(link);
}

void Network::Bookmark(const std::shared_ptr<WatchLink>& link) {
  if (link->closed || !link->watch || link->process->dead) return;
  const bool held = Active(FaultKind::kWatchLag, link->process->index(), static_cast<int>(link->kind)) != nullptr;
  if (!held && link->open && !link->scheduled && !link->watch->ready()) {
    loop_.After(DrawWay(), link->process, [link, line = link->watch->Bookmark()] {
      if (!link->closed && !link->scheduled) link->callbacks.on_chunk(line);
    });
  }
  loop_.After(seconds(60), nullptr, [this, link] { Bookmark(link); });
}

}  // namespace softmig::simulator
