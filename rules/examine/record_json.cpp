#include "rules/examine/instance_record.h"

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>

namespace trialgate::rules {
namespace {

namespace json = boost::json;

json::value put(double number) {
  return number;
}
json::value put(std::int64_t number) {
  return number;
}
json::value put(const std::string& text) {
  return json::value(text);
}
template <std::size_t Count>
json::value put(const std::array<double, Count>& numbers) {
  return json::array(numbers.begin(), numbers.end());
}
json::value put(const std::vector<std::int64_t>& numbers) {
  return json::array(numbers.begin(), numbers.end());
}

bool get(const json::value& value, double& number) {
  boost::system::error_code error;
  number = value.to_number<double>(error);
  return !error;
}
bool get(const json::value& value, std::int64_t& number) {
  boost::system::error_code error;
  number = value.to_number<std::int64_t>(error);
  return !error;
}
bool get(const json::value& value, std::uint64_t& number) {
  boost::system::error_code error;
  number = value.to_number<std::uint64_t>(error);
  return !error;
}
bool get(const json::value& value, std::string& text) {
  if (!value.is_string()) return false;
  text = value.get_string();
  return true;
}
template <std::size_t Count>
bool get(const json::value& value, std::array<double, Count>& numbers) {
  if (!value.is_array() || value.get_array().size() != Count) return false;
  for (std::size_t i = 0; i < Count; ++i) {
    if (!get(value.get_array()[i], numbers[i])) return false;
  }
  return true;
}
template <class Element>
bool get(const json::value& value, std::vector<Element>& elements) {
  if (!value.is_array()) return false;
  for (const json::value& one : value.get_array()) {
    if (!get(one, elements.emplace_back())) return false;
  }
  return true;
}
template <class T>
bool get(const json::value& value, std::optional<T>& field) {
  if (value.is_null()) return true;
  return get(value, field.emplace());
}

template <class T>
json::value put(const std::optional<T>& field) {
  return field ? put(*field) : json::value(nullptr);
}
template <class T>
bool is_there(const std::optional<T>& field) {
  return field.has_value();
}
bool is_there(const std::vector<std::int64_t>& field) {
  return !field.empty();
}

/// Frames are stored by column, and a column has one value when that is the same in all frames.
template <class Column>
void for_each_column(Column&& column) {
  column("position", &Frame::position);
  column("orientation", &Frame::orientation);
  column("pixel_spacing", &Frame::pixel_spacing);
  column("slice_thickness", &Frame::slice_thickness);
  column("spacing_between_slices", &Frame::spacing_between_slices);
  column("stack_id", &Frame::stack_id);
  column("in_stack_position", &Frame::in_stack_position);
  column("temporal_position", &Frame::temporal_position);
  column("echo_time", &Frame::echo_time);
  column("b_value", &Frame::b_value);
  column("frame_type", &Frame::frame_type);
  column("acquisition_date_time", &Frame::acquisition_date_time);
  column("dimension_index", &Frame::dimension_index);
}

json::object frames_to_json(const std::vector<Frame>& frames) {
  json::object object;
  object["count"] = frames.size();
  for_each_column([&](std::string_view name, auto field) {
    const auto present = [&](const Frame& frame) { return is_there(frame.*field); };
    if (std::none_of(frames.begin(), frames.end(), present)) return;
    const auto same = [&](const Frame& frame) { return frame.*field == frames.front().*field; };
    json::array column;
    const std::size_t count = std::all_of(frames.begin(), frames.end(), same) ? 1 : frames.size();
    column.reserve(count);
    for (std::size_t i = 0; i < count; ++i) column.push_back(put(frames[i].*field));
    object[name] = std::move(column);
  });
  return object;
}

bool frames_from_json(const json::value& value, std::vector<Frame>& frames) {
  // As many as an instance may have elements: a record read back never asks for more.
  constexpr std::uint64_t most_frames = 1'000'000;
  if (!value.is_object()) return false;
  const json::object& object = value.get_object();
  std::uint64_t count = 0;
  const json::value* count_value = object.if_contains("count");
  if (count_value == nullptr || !get(*count_value, count) || count > most_frames) return false;
  frames.resize(count);
  bool good = true;
  for_each_column([&](std::string_view name, auto field) {
    const json::value* column = object.if_contains(name);
    if (column == nullptr || !good) return;
    if (!column->is_array()) {
      good = false;
      return;
    }
    const json::array& values = column->get_array();
    if (values.size() != 1 && values.size() != frames.size()) good = false;
    for (std::size_t i = 0; good && i < frames.size(); ++i) {
      good = get(values[values.size() == 1 ? 0 : i], frames[i].*field);
    }
  });
  return good;
}

json::object attribute_to_json(const RecordedAttribute& attribute) {
  json::object object;
  object["values"] = json::array(attribute.values.begin(), attribute.values.end());
  if (attribute.varies) object["varies"] = true;
  if (attribute.undecodable) object["undecodable"] = true;
  if (attribute.truncated) object["truncated"] = true;
  return object;
}

/// Most attributes have one value and no mark: just its text.
json::value attribute_value(const RecordedAttribute& attribute) {
  if (attribute.varies || attribute.undecodable || attribute.truncated) return attribute_to_json(attribute);
  if (attribute.values.size() == 1) return json::value(attribute.values.front());
  return json::array(attribute.values.begin(), attribute.values.end());
}

bool flag(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool attribute_from_json(const json::value& value, RecordedAttribute& attribute) {
  if (value.is_string()) return get(value, attribute.values.emplace_back());
  if (value.is_array()) return get(value, attribute.values);
  if (!value.is_object()) return false;
  const json::object& object = value.get_object();
  const json::value* values = object.if_contains("values");
  attribute.varies = flag(object, "varies");
  attribute.undecodable = flag(object, "undecodable");
  attribute.truncated = flag(object, "truncated");
  return values != nullptr && get(*values, attribute.values);
}

json::object anomaly_to_json(const Anomaly& anomaly) {
  json::object object;
  object["kind"] = to_string(anomaly.kind);
  object["fatal"] = anomaly.severity == Severity::fatal;
  object["offset"] = anomaly.offset;
  if (!anomaly.path.empty()) object["path"] = anomaly.path;
  return object;
}

bool anomaly_from_json(const json::value& value, Anomaly& anomaly) {
  if (!value.is_object()) return false;
  const json::object& object = value.get_object();
  const json::value* kind = object.if_contains("kind");
  if (kind == nullptr || !kind->is_string()) return false;
  const auto known = parse_anomaly_kind(kind->get_string());
  if (!known) return false;
  anomaly.kind = *known;
  anomaly.severity = flag(object, "fatal") ? Severity::fatal : Severity::tolerable;
  const json::value* offset = object.if_contains("offset");
  const json::value* path = object.if_contains("path");
  return (offset == nullptr || get(*offset, anomaly.offset)) && (path == nullptr || get(*path, anomaly.path));
}

bool anomalies_from_json(const json::value& value, std::vector<Anomaly>& anomalies) {
  if (!value.is_array()) return false;
  for (const json::value& one : value.get_array()) {
    if (!anomaly_from_json(one, anomalies.emplace_back())) return false;
  }
  return true;
}

bool pixels_from_json(const json::value& value, PixelSummary& pixels) {
  if (!value.is_object()) return false;
  const json::object& object = value.get_object();
  pixels.encapsulated = flag(object, "encapsulated");
  const auto read = [&](std::string_view name, std::uint64_t& number) {
    const json::value* member = object.if_contains(name);
    return member == nullptr || get(*member, number);
  };
  pixels.present = !flag(object, "missing");
  return read("length", pixels.length) && read("expected_length", pixels.expected_length) &&
         read("fragments", pixels.fragments);
}

Failure bad(std::string_view member) {
  return fail(Errc::malformed_dataset, "instance record: " + std::string(member));
}

}  // namespace

json::value to_json(const InstanceRecord& record) {
  json::object object;
  object["sop_class"] = record.sop_class_uid;
  object["sop_instance"] = record.sop_instance_uid;
  object["study"] = record.study_uid;
  object["series"] = record.series_uid;
  object["transfer_syntax"] = record.transfer_syntax_uid;
  json::object attributes;
  attributes.reserve(record.attributes.size());
  for (const RecordedAttribute& attribute : record.attributes) {
    attributes[attribute.path] = attribute_value(attribute);
  }
  object["attributes"] = std::move(attributes);
  object["number_of_frames"] = record.number_of_frames;
  if (!record.frames.empty()) object["frames"] = frames_to_json(record.frames);
  json::object pixels;
  if (!record.pixel_data.present) pixels["missing"] = true;
  if (record.pixel_data.encapsulated) pixels["encapsulated"] = true;
  pixels["length"] = record.pixel_data.length;
  pixels["expected_length"] = record.pixel_data.expected_length;
  pixels["fragments"] = record.pixel_data.fragments;
  object["pixel_data"] = std::move(pixels);
  json::array anomalies;
  for (const Anomaly& anomaly : record.anomalies) anomalies.push_back(anomaly_to_json(anomaly));
  if (!anomalies.empty()) object["anomalies"] = std::move(anomalies);
  if (record.fatal_anomaly) object["fatal_anomaly"] = true;
  return object;
}

Result<InstanceRecord> instance_record_from_json(const json::value& value) {
  if (!value.is_object()) return bad("no object");
  const json::object& object = value.get_object();
  InstanceRecord record;
  const auto read = [&](std::string_view name, auto& member) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && get(*found, member);
  };
  if (!read("sop_class", record.sop_class_uid)) return bad("sop_class");
  if (!read("sop_instance", record.sop_instance_uid)) return bad("sop_instance");
  if (!read("study", record.study_uid)) return bad("study");
  if (!read("series", record.series_uid)) return bad("series");
  if (!read("transfer_syntax", record.transfer_syntax_uid)) return bad("transfer_syntax");
  if (!read("number_of_frames", record.number_of_frames)) return bad("number_of_frames");
  const json::value* attributes = object.if_contains("attributes");
  if (attributes == nullptr || !attributes->is_object()) return bad("attributes");
  for (const auto& member : attributes->get_object()) {
    RecordedAttribute attribute;
    attribute.path = member.key();
    if (!attribute_from_json(member.value(), attribute)) return bad("attributes");
    record.attributes.push_back(std::move(attribute));
  }
  std::sort(record.attributes.begin(), record.attributes.end(),
            [](const auto& one, const auto& other) { return one.path < other.path; });
  if (const json::value* frames = object.if_contains("frames")) {
    if (!frames_from_json(*frames, record.frames)) return bad("frames");
  }
  const json::value* pixels = object.if_contains("pixel_data");
  if (pixels == nullptr || !pixels_from_json(*pixels, record.pixel_data)) return bad("pixel_data");
  if (const json::value* anomalies = object.if_contains("anomalies")) {
    if (!anomalies_from_json(*anomalies, record.anomalies)) return bad("anomalies");
  }
  record.fatal_anomaly = flag(object, "fatal_anomaly");
  return record;
}

}  // namespace trialgate::rules
