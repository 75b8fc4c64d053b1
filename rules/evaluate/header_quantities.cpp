#include "rules/evaluate/header_quantities.h"

#include "rules/dataset/transfer_syntax.h"
#include "rules/evaluate/equivalents.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace trialgate::rules {
namespace {

std::string folded(std::string_view text) {
  std::string result(trim(text));
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string folded_text(const InstanceRecord& record, std::string_view path) {
  const auto text = record.text(path);
  return text ? folded(*text) : std::string();
}

std::string elsewhere(const InstanceRecord& record, std::string_view keyword) {
  const auto values = equivalent_values(keyword, record);
  return values ? values->front() : std::string();
}

bool contains_any(std::string_view text, std::span<const std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// What sites write into Contrast/Bolus Agent when they gave none.
constexpr std::array no_agent = std::to_array<std::string_view>({
    "none",
    "no",
    "n",
    "no contrast",
    "non contrast",
    "non-contrast",
    "noncontrast",
    "without",
    "without contrast",
    "w/o",
    "w/o contrast",
    "wo contrast",
    "wo",
    "plain",
    "unenhanced",
    "native",
    "nativ",
    "ohne",
    "sans",
    "0",
    "-",
    "no iv contrast",
    "no i.v. contrast",
    "无",
    "否",
    "平扫",
    "未增强",
    "无造影剂",
    "未使用",
    "无对比剂",
});
constexpr std::array oral_agent = std::to_array<std::string_view>({
    "oral",
    "po",
    "p.o.",
    "oral only",
    "oral contrast",
    "口服",
    "口服造影剂",
    "口服对比剂",
    "rectal",
    "water",
    "水",
});
constexpr std::array intravenous_words =
    std::to_array<std::string_view>({"iv", "i.v", "intraven", "vein", "静脉", "bolus", "g-d101", "47625008"});
constexpr std::array other_route_words = std::to_array<std::string_view>(
    {"oral", "po", "p.o", "rect", "口服", "直肠", "enema", "g-d140", "26643006"});

template <std::size_t Size>
bool is_in(const std::array<std::string_view, Size>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

const Text contradictory_contrast{"agent and volume of the contrast medium contradict each other",
                                  "造影剂名称与用量相互矛盾"};
const Text silent_contrast{"the header does not say whether contrast was given",
                           "图像头信息未说明是否使用造影剂"};

}  // namespace

Value contrast_given(const InstanceRecord& record) {
  std::string agent = folded_text(record, "ContrastBolusAgent");
  if (agent.empty()) agent = folded(elsewhere(record, "ContrastBolusAgent"));
  auto volume = record.number("ContrastBolusVolume");
  if (!volume) volume = parse_decimal(elsewhere(record, "ContrastBolusVolume"));
  const bool has_volume = volume && *volume > 0;
  std::string route = folded_text(record, "ContrastBolusRoute");
  if (route.empty()) route = folded(elsewhere(record, "ContrastBolusRoute"));
  const bool not_intravenous =
      contains_any(route, other_route_words) && !contains_any(route, intravenous_words);
  if (agent.empty()) {
    if (has_volume && !not_intravenous) return known_text("yes");
    return unknown_value(silent_contrast);
  }
  if (is_in(no_agent, agent)) return has_volume ? unknown_value(contradictory_contrast) : known_text("no");
  if (is_in(oral_agent, agent) || not_intravenous) return known_text("no");
  if (volume && !has_volume) return unknown_value(contradictory_contrast);
  return known_text("yes");
}

Value lossy_compression(const InstanceRecord& record) {
  const std::string flag = folded_text(record, "LossyImageCompression");
  const auto ratio = record.number("LossyImageCompressionRatio");
  const bool has_method = !folded_text(record, "LossyImageCompressionMethod").empty();
  const TransferSyntax* const syntax = find_transfer_syntax(record.transfer_syntax_uid);
  const bool lossy_syntax = syntax != nullptr && syntax->lossiness == Lossiness::lossy;
  if (flag == "01" || flag == "1" || has_method || lossy_syntax || (ratio && *ratio > 1))
    return known_text("yes");
  if (flag == "00" || flag == "0") return known_text("no");
  return unknown_value({"the header does not say whether the image was compressed with loss",
                        "图像头信息未说明是否经过有损压缩"});
}

Value burned_in_annotation(const InstanceRecord& record) {
  const std::string flag = folded_text(record, "BurnedInAnnotation");
  if (flag == "yes" || flag == "no") return known_text(flag);
  return unknown_value(
      {"the header does not say whether the pixels carry annotation", "图像头信息未说明像素中是否含有标注"});
}

}  // namespace trialgate::rules
