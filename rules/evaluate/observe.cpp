#include "rules/evaluate/observe.h"

#include "rules/dataset/dictionary.h"
#include "rules/dataset/values.h"
#include "rules/evaluate/equivalents.h"
#include "rules/evaluate/header_quantities.h"
#include "rules/evaluate/plausible.h"
#include "rules/evaluate/scanner.h"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>
#include <utility>

namespace trialgate::rules {
namespace {

Value absent(std::string_view name) {
  return {Value::State::absent,
          {},
          {},
          {std::string(name) + " is absent or empty", std::string(name) + " 缺失或为空"}};
}

Value malformed(std::string_view name) {
  return {Value::State::malformed,
          {},
          {},
          {std::string(name) + " is not readable as what it must be", std::string(name) + " 的值无法识别"}};
}

/// Adds the values of one attribute; false when one of them cannot be read.
bool add_values(std::span<const std::string> values, bool numeric, Value& value) {
  for (const std::string& text : values) {
    const std::string_view trimmed = trim(text);
    if (trimmed.empty() && values.size() == 1) return true;
    if (numeric) {
      const auto number = parse_decimal(trimmed);
      if (!number) return false;
      value.numbers.push_back(*number);
    }
    value.texts.emplace_back(trimmed);
  }
  return true;
}

std::vector<Observation> whole_stack(const MeasuredStack& measured, Value value, Text detail = {},
                                     std::vector<const InstanceRecord*> instances = {}) {
  if (instances.empty()) instances = measured.stack->records;
  return {Observation{std::move(value), std::move(instances), std::move(detail)}};
}

/// One observation for each different value.
std::vector<Observation> by_instance(const Stack& stack,
                                     const std::function<Value(const InstanceRecord&)>& value_of) {
  std::vector<Observation> observations;
  std::unordered_map<std::string, std::size_t> places;  // by what tells values apart
  for (const InstanceRecord* const record : stack.records) {
    Value value = value_of(*record);
    std::string key = value.why.en + '\0' + std::to_string(static_cast<int>(value.state));
    for (const std::string& text : value.texts) key += '\\' + text;
    const auto [place, is_new] = places.emplace(std::move(key), observations.size());
    if (is_new) {
      observations.push_back({std::move(value), {record}, {}});
    } else {
      observations[place->second].instances.push_back(record);
    }
  }
  return observations;
}

Text no_geometry(const Stack& stack) {
  if (stack.unplaced == stack.slices.size()) {
    return {"no slice has a usable Image Position and Image Orientation (Patient)",
            "所有层面均缺少可用的图像位置与方向信息"};
  }
  if (stack.unplaced != 0) {
    return {std::to_string(stack.unplaced) + " of " + std::to_string(stack.slices.size()) +
                " slices have no usable Image Position or Image Orientation (Patient)",
            std::to_string(stack.slices.size()) + " 层中有 " + std::to_string(stack.unplaced) +
                " 层缺少可用的图像位置或方向信息"};
  }
  return {"there are too few different slice positions, or the slice thickness is missing",
          "不同层面位置过少，或缺少层厚"};
}

Value number_or_unknown(const std::optional<double>& number, const Stack& stack) {
  return number ? known_number(*number) : unknown_value(no_geometry(stack));
}

Value count_or_unknown(const std::optional<std::size_t>& count, const Stack& stack) {
  return count ? known_number(static_cast<double>(*count)) : unknown_value(no_geometry(stack));
}

std::vector<Observation> missing_slices(const MeasuredStack& measured) {
  constexpr std::size_t most_listed = 5;
  Text detail;
  std::vector<const InstanceRecord*> instances;
  const auto& missing = measured.geometry.missing;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    instances.push_back(missing[i].before_instance);
    instances.push_back(missing[i].after_instance);
    if (i >= most_listed) continue;
    const std::string count = std::to_string(missing[i].count);
    const std::string before = std::to_string(missing[i].after);
    const std::string after = std::to_string(missing[i].after + 1);
    const std::string span = number_text(missing[i].from_mm) + " / " + number_text(missing[i].to_mm) + " mm";
    detail.en +=
        (i == 0 ? "" : "; ") + count + " between slices " + before + " and " + after + " (" + span + ")";
    detail.zh += (i == 0 ? "" : "；") + std::string("第 ") + before + " 层与第 " + after + " 层之间缺 " +
                 count + " 层（" + span + "）";
  }
  if (missing.size() > most_listed) {
    detail.en += "; and " + std::to_string(missing.size() - most_listed) + " more places";
    detail.zh += "；另有 " + std::to_string(missing.size() - most_listed) + " 处";
  }
  return whole_stack(measured, count_or_unknown(measured.geometry.missing_count, *measured.stack),
                     std::move(detail), std::move(instances));
}

std::vector<Observation> duplicate_slices(const MeasuredStack& measured) {
  constexpr std::size_t most_listed = 5;
  Text detail;
  std::vector<const InstanceRecord*> instances;
  const auto& duplicates = measured.geometry.duplicates;
  for (std::size_t i = 0; i < duplicates.size(); ++i) {
    instances.insert(instances.end(), duplicates[i].instances.begin(), duplicates[i].instances.end());
    if (i >= most_listed) continue;
    const std::string count = std::to_string(duplicates[i].instances.size());
    const std::string at = number_text(duplicates[i].at_mm) + " mm";
    detail.en += (i == 0 ? "" : "; ") + count + " slices at " + at;
    detail.zh += (i == 0 ? "" : "；") + at + " 处有 " + count + " 层";
  }
  return whole_stack(measured, count_or_unknown(measured.geometry.duplicate_count, *measured.stack),
                     std::move(detail), std::move(instances));
}

Value software_versions(const InstanceRecord& record) {
  Value value = attribute_value({std::nullopt, "SoftwareVersions", false, ""}, record);
  std::ranges::sort(value.texts);
  return value;
}

Value orientation(const MeasuredStack& measured) {
  if (measured.geometry.orientation.empty()) return unknown_value(no_geometry(*measured.stack));
  return known_text(std::string(measured.geometry.orientation));
}

Value acquisition_start(const Stack& stack) {
  const auto start = first_acquisition(stack);
  if (start) return known_text(instant_text(*start));
  return unknown_value({"the time of acquisition is absent or malformed", "缺少采集时间或其格式有误"});
}

/// "no" with what stands in the way, each obstacle once, and the instances that have one.
std::vector<Observation> suv_computable(const MeasuredStack& measured) {
  std::vector<Text> named;
  std::vector<const InstanceRecord*> instances;
  const auto name = [&named](const Text& obstacle) {
    if (std::ranges::find(named, obstacle) == named.end()) named.push_back(obstacle);
  };
  for (const InstanceRecord* const record : measured.stack->records) {
    const std::vector<Text> obstacles = suv_obstacles(*record);
    if (!obstacles.empty()) instances.push_back(record);
    std::ranges::for_each(obstacles, name);
  }
  std::ranges::for_each(suv_disagreements(*measured.stack), name);
  Text detail;
  for (const Text& obstacle : named) {
    detail.en += (detail.en.empty() ? "" : "; ") + obstacle.en;
    detail.zh += (detail.zh.empty() ? "" : "；") + obstacle.zh;
  }
  return whole_stack(measured, known_text(named.empty() ? "yes" : "no"), std::move(detail),
                     std::move(instances));
}

std::vector<Observation> observe_quantity(Quantity quantity, const MeasuredStack& measured) {
  const Stack& stack = *measured.stack;
  const Geometry& geometry = measured.geometry;
  switch (quantity) {
    case Quantity::slice_count:
      return whole_stack(measured, known_number(static_cast<double>(stack.slices.size())));
    case Quantity::slice_spacing:
      return whole_stack(measured, number_or_unknown(geometry.spacing_mm, stack));
    case Quantity::slice_gap:
      return whole_stack(measured, number_or_unknown(geometry.gap_mm, stack));
    case Quantity::missing_slices:
      return missing_slices(measured);
    case Quantity::duplicate_slices:
      return duplicate_slices(measured);
    case Quantity::spacing_deviation:
      return whole_stack(measured, number_or_unknown(geometry.spacing_deviation_mm, stack));
    case Quantity::z_coverage:
      return whole_stack(measured, number_or_unknown(geometry.coverage_mm, stack));
    case Quantity::gantry_tilt:
      return whole_stack(measured, number_or_unknown(geometry.tilt_deg, stack));
    case Quantity::orientation:
      return whole_stack(measured, orientation(measured));
    case Quantity::mixed_orientation:
      return whole_stack(measured, stack.normal ? known_text(stack.series_orientations > 1 ? "yes" : "no")
                                                : unknown_value(no_geometry(stack)));
    case Quantity::contrast_given:
      return by_instance(stack, contrast_given);
    case Quantity::phase_delay:
      return whole_stack(measured, phase_delay(stack));
    case Quantity::lossy_compression:
      return by_instance(stack, lossy_compression);
    case Quantity::burned_in_annotation:
      return by_instance(stack, burned_in_annotation);
    case Quantity::scanner:
      return by_instance(
          stack, [](const InstanceRecord& record) { return known_text(scanner_of(record).in_words()); });
    case Quantity::software_versions:
      return by_instance(stack, software_versions);
    case Quantity::kernel_class:
      return by_instance(stack, kernel_class);
    case Quantity::voxel_anisotropy:
      return whole_stack(measured, number_or_unknown(geometry.voxel_anisotropy, stack));
    case Quantity::uptake_time:
      return whole_stack(measured, uptake_time(stack));
    case Quantity::field_of_view:
      return whole_stack(measured, number_or_unknown(geometry.field_of_view_mm, stack));
    case Quantity::field_strength:
      return by_instance(stack, field_strength);
    case Quantity::acquisition_start:
      return whole_stack(measured, acquisition_start(stack));
    case Quantity::suv_computable:
      return suv_computable(measured);
    case Quantity::injected_activity:
      return by_instance(stack, injected_activity);
    case Quantity::stack_kind:
      return whole_stack(measured, known_text(std::string(to_string(stack.kind))));
    case Quantity::voxel_size:
      return whole_stack(measured, number_or_unknown(geometry.voxel_size_mm, stack));
    case Quantity::in_plane_spacing:
      return by_instance(stack, in_plane_spacing);
    case Quantity::frame_count:
      return whole_stack(measured, known_number(static_cast<double>(frame_count(stack))));
    case Quantity::attenuation_corrected:
      return by_instance(stack, attenuation_corrected);
    case Quantity::decay_corrected:
      return by_instance(stack, decay_corrected);
    case Quantity::radionuclide:
      return by_instance(stack, radionuclide);
    case Quantity::laterality:
      return by_instance(stack, laterality);
    case Quantity::view:
      return by_instance(stack, view);
    case Quantity::ultrasound_calibrated:
      return by_instance(stack, ultrasound_calibrated);
  }
  return whole_stack(measured, unknown_value({}));
}

}  // namespace

Value attribute_value(const Property& property, const InstanceRecord& record) {
  // Of the file meta information, which is not part of the data set.
  if (property.attribute == "TransferSyntaxUID") {
    return record.transfer_syntax_uid.empty() ? absent(property.attribute)
                                              : known_text(record.transfer_syntax_uid);
  }
  Value value;
  value.state = Value::State::known;
  bool is_there = false;
  const auto add = [&](const RecordedAttribute& attribute) {
    is_there = true;
    if (attribute.undecodable || !add_values(attribute.values, property.numeric, value)) {
      value.state = Value::State::malformed;
    }
  };
  if (property.attribute.find("[*]") == std::string::npos) {
    if (const RecordedAttribute* const attribute = record.find(property.attribute)) add(*attribute);
  } else {
    for (const RecordedAttribute* const attribute : record.find_all(property.attribute)) add(*attribute);
  }
  const auto has_text = [&value] {
    return std::ranges::any_of(value.texts, [](const std::string& text) { return !text.empty(); });
  };
  if (value.state != Value::State::malformed && !(is_there && has_text())) {
    const auto elsewhere = equivalent_values(property.attribute, record);
    value.texts.clear();
    is_there = elsewhere.has_value();
    if (elsewhere && !add_values(*elsewhere, property.numeric, value)) value.state = Value::State::malformed;
  }
  if (value.state == Value::State::malformed) return malformed(property.attribute);
  if (!is_there || !has_text()) return absent(property.attribute);
  if (const PlausibleRange* const range = plausible_range(property.attribute)) {
    const auto is_beyond = [&](double number) { return number < range->least || number > range->most; };
    if (std::ranges::any_of(value.numbers, is_beyond)) {
      value.why = {property.attribute + " is no possible value", property.attribute + " 的数值不可能成立"};
    }
  }
  return value;
}

bool is_identifying(const Property& property) {
  if (property.quantity) return false;
  if (property.attribute.find(':') != std::string::npos)
    return true;  // a private attribute may hold anything
  const std::string_view path = property.attribute;
  const auto dot = path.rfind('.');
  const std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
  const auto tag = parse_tag(name);
  const DictionaryEntry* const entry = tag ? lookup(*tag) : lookup(name);
  if (entry == nullptr) return true;
  constexpr std::array harmless = std::to_array<std::string_view>(
      {"PatientSex", "PatientAge", "PatientSize", "PatientWeight", "PatientSpeciesDescription"});
  constexpr std::array places_and_numbers = std::to_array<std::string_view>(
      {"AccessionNumber", "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StudyID"});
  if (entry->vr == Vr::pn) return true;
  if (entry->tag.group() == 0x0010) return std::ranges::find(harmless, entry->keyword) == harmless.end();
  return std::ranges::find(places_and_numbers, entry->keyword) != places_and_numbers.end();
}

std::vector<Observation> observe(const Property& property, const MeasuredStack& measured) {
  if (property.quantity) return observe_quantity(*property.quantity, measured);
  return by_instance(*measured.stack,
                     [&](const InstanceRecord& record) { return attribute_value(property, record); });
}

}  // namespace trialgate::rules
