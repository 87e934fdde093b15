#include "providers/prometheus/matrix_reader.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using nlohmann::json;

/// The names that matter, by where they stand: {status, errorType, error, isPartial, warnings, data: {resultType, result: [{metric: {…},
/// values: [[at, "number"], …], histograms: [[at, {…}], …]}]}}.
enum class Key { kOther, kStatus, kErrorType, kError, kPartial, kWarnings, kData, kResultType, kResult, kMetric, kValues, kHistograms };

constexpr std::array<std::pair<std::string_view, Key>, 11> kKeys{{{"status", Key::kStatus},
                                                                  {"errorType", Key::kErrorType},
                                                                  {"error", Key::kError},
                                                                  {"isPartial", Key::kPartial},
                                                                  {"warnings", Key::kWarnings},
                                                                  {"data", Key::kData},
                                                                  {"resultType", Key::kResultType},
                                                                  {"result", Key::kResult},
                                                                  {"metric", Key::kMetric},
                                                                  {"values", Key::kValues},
                                                                  {"histograms", Key::kHistograms}}};

Key KeyOf(std::string_view name) {
  for (const auto& [text, key] : kKeys) {
    if (text == name) return key;
  }
  return Key::kOther;
}

/// How many lists and objects are open around what is read.
constexpr std::size_t kInRoot = 1;
constexpr std::size_t kInData = 2;
constexpr std::size_t kInResult = 3;
constexpr std::size_t kInSeries = 4;
constexpr std::size_t kInPoints = 5;  // also: among the labels
constexpr std::size_t kInPoint = 6;

class Handler final : public nlohmann::json_sax<json> {
 public:
  explicit Handler(const MatrixReader& reader) : reader_(reader) {}

  MatrixOutcome Outcome() && {
    MatrixOutcome outcome;
    if (is_object_) outcome.envelope = std::move(envelope_);
    if (error_.empty() && !has_result_) error_ = "the answer has no data.result list";
    outcome.error = std::move(error_);
    return outcome;
  }
  /// Whether what ended the reading was ours to say, and not bad JSON.
  [[nodiscard]] bool stopped() const { return stopped_; }

  bool null() override { return Other(); }
  bool boolean(bool value) override {
    if (value && levels_.size() == kInRoot && Here() == Key::kPartial) envelope_.missing = "the server says that its answer is partial";
    return Other();
  }
  bool number_integer(number_integer_t value) override { return Number(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Number(static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return Number(value); }
  bool binary(binary_t& /*value*/) override { return Other(); }

  bool string(string_t& text) override {
    const std::size_t depth = levels_.size();
    if (InPoint()) return PointText(text);
    if (InSeriesList() && depth == kInPoints && !levels_[4].is_list && levels_[3].key == Key::kMetric) {
      labels_[levels_[4].name] = text;
      return true;
    }
    if (depth == kInRoot) RootText(text);
    if (depth == kInData && levels_[0].key == Key::kData && Here() == Key::kResultType) envelope_.result_type = text;
    const bool is_warning = depth == 2 && levels_[0].key == Key::kWarnings && levels_[1].is_list;
    if (is_warning && TellsOfMissingData(text) && envelope_.missing.empty()) envelope_.missing = text;
    return Other();
  }

  bool start_object(std::size_t /*size*/) override {
    if (levels_.empty()) is_object_ = true;
    if (InPoint()) {
      if (levels_[3].key != Key::kHistograms || ++place_ != 2) return BadPoint();
      point_.reading = Fault(reader_.native);
    } else if (!OtherOrSeries()) {
      return false;
    }
    if (InSeriesList() && levels_.size() == kInResult) Begin();
    if (InSeriesList() && levels_.size() == kInSeries && Here() == Key::kMetric) labels_ = json::object();
    return Push(false);
  }
  bool end_object() override {
    levels_.pop_back();
    if (!InSeriesList() || levels_.size() != kInResult) return true;
    if (!has_values_) return Stop("the answer holds a series without values");
    if (reader_.on_series({labels_, points_})) return true;
    stopped_ = true;  // the callback knows why
    return false;
  }

  bool start_array(std::size_t /*size*/) override {
    if (InPoint()) return BadPoint();
    const bool is_result = levels_.size() == kInData && levels_[0].key == Key::kData && !levels_[1].is_list && Here() == Key::kResult;
    if (is_result && std::exchange(has_result_, true)) return Stop("the answer holds two results");
    if (InSeriesList() && levels_.size() == kInSeries && IsPoints(Here())) {
      has_values_ = true;
    } else if (InSeriesList() && levels_.size() == kInPoints && IsPoints(levels_[3].key)) {
      place_ = 0;
      point_ = {};
      if (points_.size() == reader_.most_points) return Stop("the answer holds more instants than were asked for");
    } else if (!Other()) {
      return false;
    }
    return Push(true);
  }
  bool end_array() override {
    const bool was_point = InPoint();
    levels_.pop_back();
    if (!was_point) return true;
    if (place_ != 2) return BadPoint();
    points_.push_back(std::move(point_));
    return true;
  }

  bool key(string_t& name) override {
    levels_.back().key = KeyOf(name);
    levels_.back().name = levels_.size() == kInPoints ? std::move(name) : std::string();
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const json::exception& /*why*/) override { return false; }

 private:
  struct Level {
    bool is_list = false;
    Key key = Key::kOther;  // of an object: what is read now
    std::string name{};     // the same as text, where it may be a label's
  };

  static bool IsPoints(Key key) { return key == Key::kValues || key == Key::kHistograms; }
  [[nodiscard]] Key Here() const { return levels_.back().is_list ? Key::kOther : levels_.back().key; }
  [[nodiscard]] bool InSeriesList() const {
    return levels_.size() >= kInResult && levels_[0].key == Key::kData && levels_[1].key == Key::kResult && levels_[2].is_list &&
           (levels_.size() < kInSeries || !levels_[3].is_list);
  }
  [[nodiscard]] bool InPoint() const {
    return levels_.size() == kInPoint && InSeriesList() && IsPoints(levels_[3].key) && levels_[4].is_list && levels_[5].is_list;
  }

  bool Stop(std::string why) {
    error_ = std::move(why);
    stopped_ = true;
    return false;
  }
  bool BadPoint() { return Stop("the answer holds no [time, \"number\"] pair"); }
  bool Push(bool is_list) {
    levels_.push_back({is_list});
    return true;
  }
  void Begin() {
    labels_ = json::object();
    points_.clear();
    has_values_ = false;
  }

  /// Something that is not looked into. Within the result everything has its shape.
  bool Other() {
    if (InSeriesList() && levels_.size() == kInResult) return Stop("the answer holds a series that is no object");
    return OtherOrSeries();
  }
  bool OtherOrSeries() {
    if (InPoint()) return BadPoint();
    if (!InSeriesList()) return true;
    const std::size_t depth = levels_.size();
    if (depth == kInPoints && levels_[3].key == Key::kMetric) return Stop("the answer holds a label that is no text");
    if (depth == kInPoints && IsPoints(levels_[3].key)) return BadPoint();
    if (depth == kInSeries && IsPoints(Here())) return BadPoint();
    return true;
  }

  bool Number(double value) {
    if (!InPoint()) return Other();
    if (++place_ != 1 || std::abs(value) > 1e15) return BadPoint();
    point_.at = std::llround(value * 1000);
    return true;
  }
  bool PointText(const std::string& text) {
    if (++place_ != 2) return BadPoint();
    point_.reading = ReadNumber(text);
    return true;
  }
  void RootText(std::string& text) {
    if (Here() == Key::kStatus) envelope_.status = text;
    if (Here() == Key::kErrorType) envelope_.error_type = text;
    if (Here() == Key::kError) envelope_.error = text;
  }

  const MatrixReader& reader_;
  std::vector<Level> levels_;
  Envelope envelope_;
  std::string error_;
  bool is_object_ = false;
  bool has_result_ = false;
  bool has_values_ = false;
  bool stopped_ = false;
  json labels_ = json::object();
  std::vector<MatrixPoint> points_;
  MatrixPoint point_;
  int place_ = 0;
};

}  // namespace

MatrixOutcome ReadMatrix(const std::string& body, const MatrixReader& reader) {
  if (IsTooDeep(body)) return {};
  Handler handler(reader);
  const bool read = json::sax_parse(body, &handler);
  if (!read && !handler.stopped()) return {};
  return std::move(handler).Outcome();
}

}  // namespace softmig::providers
