#include "rules/dataset/values.h"
#include "rules/evaluate/equivalents.h"
#include "rules/evaluate/header_quantities.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace trialgate::rules {
namespace {

std::string capitals(std::string_view text) {
  std::string result(trim(text));
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

}  // namespace

std::size_t frame_count(const Stack& stack) {
  std::size_t count = 0;
  for (const Slice& slice : stack.slices) {
    count += slice.record->frames.empty() ? slice.record->number_of_frames : 1;
  }
  return count;
}

Value in_plane_spacing(const InstanceRecord& record) {
  if (const auto spacing = record.geometry().pixel_spacing) {
    const double larger = std::max((*spacing)[0], (*spacing)[1]);
    if (larger > 0) return known_number(larger);
  }
  for (const char* const keyword : {"PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"}) {
    const auto rows = record.number(keyword, 0);
    const auto columns = record.number(keyword, 1);
    if (rows && columns && *rows > 0 && *columns > 0) return known_number(std::max(*rows, *columns));
  }
  return unknown_value({"the header has no pixel spacing", "图像头信息缺少像素间距"});
}

Value laterality(const InstanceRecord& record) {
  for (const char* const keyword : {"ImageLaterality", "FrameLaterality", "Laterality"}) {
    const auto text = record.text(keyword);
    if (!text) continue;
    const std::string side = capitals(*text);
    if (side == "L") return known_text("left");
    if (side == "R") return known_text("right");
    if (side == "B") return known_text("both");
    if (side == "U") return known_text("unpaired");
    return unknown_value(
        {std::string(keyword) + " is none of L, R, B and U", std::string(keyword) + " 不是 L、R、B 或 U"});
  }
  return unknown_value({"the header does not say which side was examined", "图像头信息未说明检查的左右侧"});
}

Value view(const InstanceRecord& record) {
  const auto position = record.text("ViewPosition");
  if (position && !trim(*position).empty()) return known_text(capitals(*position));
  if (const auto meaning = equivalent_values("ViewPosition", record)) {
    if (!trim(meaning->front()).empty()) return known_text(capitals(meaning->front()));
  }
  return unknown_value({"the header does not name the view", "图像头信息未说明投照体位"});
}

Value ultrasound_calibrated(const InstanceRecord& record) {
  // PS3.3 §C.8.5.5.1.15: 3 is cm.
  constexpr double centimetres = 3;
  const auto units = record.find_all("SequenceOfUltrasoundRegions[*].PhysicalUnitsXDirection");
  if (units.empty())
    return unknown_value({"the header describes no ultrasound region", "图像头信息未描述超声区域"});
  for (const RecordedAttribute* const unit : units) {
    const std::string region = unit->path.substr(0, unit->path.rfind('.') + 1);
    const auto is_scaled = [&](const char* direction) {
      const auto in = record.number(region + "PhysicalUnits" + direction + "Direction");
      const auto delta = record.number(region + "PhysicalDelta" + direction);
      return in && *in == centimetres && delta && *delta != 0;
    };
    if (is_scaled("X") && is_scaled("Y")) return known_text("yes");
  }
  return known_text("no");
}

}  // namespace trialgate::rules
