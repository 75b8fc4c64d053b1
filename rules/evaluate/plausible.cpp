#include "rules/evaluate/plausible.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>

namespace trialgate::rules {
namespace {

constexpr std::array ranges = std::to_array<PlausibleRange>({
    {"SliceThickness", 0.01, 500},
    {"SpacingBetweenSlices", -500, 500},
    {"PixelSpacing", 0.001, 100},
    {"ImagerPixelSpacing", 0.001, 100},
    {"NominalScannedPixelSpacing", 0.001, 100},
    {"ReconstructionDiameter", 10, 2000},
    {"DataCollectionDiameter", 10, 2000},
    {"KVP", 1, 500},
    {"XRayTubeCurrent", 0, 5000},
    {"GantryDetectorTilt", -90, 90},
    {"MagneticFieldStrength", 0.001, 300'000},  // some scanners write gauss
    {"RepetitionTime", 0, 1e6},
    {"EchoTime", 0, 1e5},
    {"EffectiveEchoTime", 0, 1e5},
    {"InversionTime", 0, 1e6},
    {"FlipAngle", 0, 360},
    {"EchoTrainLength", 0, 10'000},
    {"DiffusionBValue", 0, 100'000},
    {"PatientWeight", 0.1, 500},
    {"PatientSize", 0.1, 3},
    {"ContrastBolusVolume", 0, 10'000},
    {"RadionuclideHalfLife", 1, 1e10},
    {"RadionuclideTotalDose", 1e-6, 1e13},
    {"Rows", 1, 65'535},
    {"Columns", 1, 65'535},
    {"NumberOfFrames", 1, 1e7},
});

/// A reconstruction circle is as wide as the square it fills; cropped and zoomed matrices differ by less.
constexpr double most_diameter_ratio = 1.5;
/// Direction cosines are written with four to six digits.
constexpr double orthonormal_tolerance = 0.01;

class Contradictions {
 public:
  explicit Contradictions(const InstanceRecord& record) : record_(record) {}

  std::vector<Text> find() && {
    for (const PlausibleRange& range : ranges) look_at_number(range);
    for (const char* const keyword : {"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"}) {
      const auto text = record_.text(keyword);
      if (text && !parse_date(*text)) add(keyword, "is no date", "不是有效日期");
    }
    for (const char* const keyword : {"AcquisitionTime", "ContrastBolusStartTime"}) {
      const auto text = record_.text(keyword);
      if (text && !parse_time(*text)) add(keyword, "is no time", "不是有效时间");
    }
    look_at_orientation();
    look_at_diameter();
    look_at_acquisition_times();
    return std::move(problems_);
  }

 private:
  void add(std::string_view keyword, std::string_view en, std::string_view zh) {
    problems_.push_back(
        {std::string(keyword) + " " + std::string(en), std::string(keyword) + std::string(zh)});
  }

  void look_at_number(const PlausibleRange& range) {
    const auto values = record_.values(range.keyword);
    if (!values) return;
    for (const std::string& text : *values) {
      const auto number = parse_decimal(text);
      if (number.reading == Reading::malformed) return add(range.keyword, "is no number", "不是有效数值");
      if (number && (*number < range.least || *number > range.most)) {
        return add(range.keyword, "is no possible value", "的数值不可能成立");
      }
    }
  }

  void look_at_orientation() {
    const auto frame = record_.geometry();
    if (!frame.orientation) return;
    const auto& o = *frame.orientation;
    const double rows = std::hypot(o[0], o[1], o[2]);
    const double columns = std::hypot(o[3], o[4], o[5]);
    const double dot = o[0] * o[3] + o[1] * o[4] + o[2] * o[5];
    const auto is_off = [](double difference) { return !(std::abs(difference) <= orthonormal_tolerance); };
    if (is_off(rows - 1) || is_off(columns - 1) || is_off(dot)) {
      add("ImageOrientationPatient", "holds no perpendicular unit vectors", "不是相互垂直的单位向量");
    }
  }

  void look_at_diameter() {
    const auto diameter = record_.number("ReconstructionDiameter");
    const auto spacing = record_.number("PixelSpacing");
    const auto columns = record_.number("Columns");
    if (!diameter || !spacing || !columns || !(*diameter > 0)) return;
    const double ratio = *spacing * *columns / *diameter;
    if (ratio > most_diameter_ratio || ratio < 1 / most_diameter_ratio) {
      add("ReconstructionDiameter", "contradicts Pixel Spacing and Columns", "与像素间距及列数相互矛盾");
    }
  }

  /// Acquisition DateTime against Acquisition Date: a day apart is a midnight, more is not one scan.
  void look_at_acquisition_times() {
    const auto both_text = record_.text("AcquisitionDateTime");
    const auto date_text = record_.text("AcquisitionDate");
    if (!both_text || !date_text) return;
    const auto both = parse_date_time(*both_text);
    const auto date = parse_date(*date_text);
    if (!both || both->date_components < 3 || !date) return;
    const auto apart = std::chrono::sys_days{both->date} - std::chrono::sys_days{*date};
    if (apart < std::chrono::days{-1} || apart > std::chrono::days{1}) {
      add("AcquisitionDateTime", "contradicts Acquisition Date", "与采集日期相互矛盾");
    }
  }

  const InstanceRecord& record_;
  std::vector<Text> problems_;
};

}  // namespace

const PlausibleRange* plausible_range(std::string_view path) noexcept {
  const auto dot = path.rfind('.');
  const std::string_view keyword = dot == std::string_view::npos ? path : path.substr(dot + 1);
  const auto* const found = std::ranges::find(ranges, keyword, &PlausibleRange::keyword);
  return found == ranges.end() ? nullptr : found;
}

std::vector<Text> header_contradictions(const InstanceRecord& record) {
  return Contradictions(record).find();
}

}  // namespace trialgate::rules
