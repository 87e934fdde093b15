#include "base/time_format.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace softmig::base {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kMaxDurationMillis = 100.0 * 365.25 * 86400e3;

struct CivilTime {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Millis> clock;
};

CivilTime Split(WallTime time) {
  const auto day = std::chrono::floor<days>(time);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<Millis>(time - day)};
}

std::string FormatWithFraction(WallTime time, std::string_view fraction) {
  const CivilTime civil = Split(time);
  return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z"), static_cast<int>(civil.date.year()),
                     static_cast<unsigned>(civil.date.month()), static_cast<unsigned>(civil.date.day()), civil.clock.hours().count(),
                     civil.clock.minutes().count(), civil.clock.seconds().count(), fraction);
}

/// Reads exactly `digits` digits at the front of `text` and drops them.
std::optional<int> TakeDigits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char wanted) {
  if (text.empty() || text[0] != wanted) return false;
  text.remove_prefix(1);
  return true;
}

Millis TakeFraction(std::string_view& text) {
  if (!TakeChar(text, '.')) return Millis(0);
  int value = 0;
  int scale = 100;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value += scale * (text[0] - '0');
    scale /= 10;
    text.remove_prefix(1);
  }
  return Millis(value);
}

std::optional<minutes> TakeZone(std::string_view& text) {
  if (TakeChar(text, 'Z')) return minutes(0);
  const int sign = TakeChar(text, '+') ? 1 : (TakeChar(text, '-') ? -1 : 0);
  if (sign == 0) return std::nullopt;
  const auto hour = TakeDigits(text, 2);
  if (!hour || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute) return std::nullopt;
  return minutes(sign * (*hour * 60 + *minute));
}

std::optional<std::chrono::year_month_day> TakeDate(std::string_view& text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, '-')) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

std::optional<seconds> TakeClock(std::string_view& text) {
  const auto hour = TakeDigits(text, 2);
  if (!hour || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || !TakeChar(text, ':')) return std::nullopt;
  const auto second = TakeDigits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<double> UnitMillis(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1e3;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  return std::nullopt;
}

}  // namespace

std::string FormatRfc3339(WallTime time) {
  const auto fraction = Split(time).clock.subseconds().count();
  return FormatWithFraction(time, fraction == 0 ? "" : fmt::format(".{:03}", fraction));
}

std::string FormatMicroTime(WallTime time) {
  return FormatWithFraction(time, fmt::format(".{:03}000", Split(time).clock.subseconds().count()));
}

Result<WallTime> ParseRfc3339(std::string_view text) {
  std::string_view rest = text;
  const auto fail = [&] { return Fail(ErrorCode::kInvalid, fmt::format("\"{}\" is not an RFC 3339 time", text.substr(0, 64))); };
  const auto date = TakeDate(rest);
  if (!date || !(TakeChar(rest, 'T') || TakeChar(rest, 't'))) return fail();
  const auto clock = TakeClock(rest);
  if (!clock) return fail();
  const Millis fraction = TakeFraction(rest);
  const auto zone = TakeZone(rest);
  if (!zone || !rest.empty()) return fail();
  return WallTime(std::chrono::sys_days(*date) + *clock + fraction - *zone);
}

Result<Millis> ParseDuration(std::string_view text) {
  const auto fail = [&] {
    return Fail(ErrorCode::kInvalid, fmt::format("\"{}\" is not a duration such as 90s, 15m or 1h30m", text.substr(0, 64)));
  };
  if (text == "0") return Millis(0);
  std::string_view rest = text;
  if (rest.empty() || rest.size() > 64) return fail();
  double total = 0;
  while (!rest.empty()) {
    double value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, std::chars_format::fixed);
    if (error != std::errc() || std::signbit(value)) return fail();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_not_of("hms"));
    const auto unit = UnitMillis(name);
    if (!unit) return fail();
    rest.remove_prefix(name.size());
    total += value * *unit;
  }
  if (!(total <= kMaxDurationMillis)) return fail();
  return Millis(std::llround(total));
}

std::string FormatDuration(Millis duration) {
  if (duration.count() == 0) return "0s";
  const auto hour = std::chrono::duration_cast<hours>(duration);
  const auto minute = std::chrono::duration_cast<minutes>(duration - hour);
  const auto second = std::chrono::duration_cast<seconds>(duration - hour - minute);
  const Millis rest = duration - hour - minute - second;
  std::string text;
  if (hour.count() != 0) text += fmt::format("{}h", hour.count());
  if (minute.count() != 0) text += fmt::format("{}m", minute.count());
  if (second.count() != 0) text += fmt::format("{}s", second.count());
  if (rest.count() != 0) text += fmt::format("{}ms", rest.count());
  return text;
}

}  // namespace softmig::base
