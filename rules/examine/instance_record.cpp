#include "rules/examine/instance_record.h"

#include "rules/dataset/attribute_path.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

/// Whether `path` is `pattern` with numbers for its [*].
bool matches(std::string_view path, std::string_view pattern) {
  constexpr std::string_view any = "[*]";
  for (;;) {
    const auto at = pattern.find(any);
    if (at == std::string_view::npos) return path == pattern;
    if (path.substr(0, at) != pattern.substr(0, at)) return false;
    path.remove_prefix(std::min(at, path.size()));
    pattern.remove_prefix(at + any.size());
    if (!path.starts_with('[')) return false;
    const auto close = path.find(']');
    if (close == std::string_view::npos) return false;
    path.remove_prefix(close + 1);
  }
}

template <std::size_t Count>
std::optional<std::array<double, Count>> numbers(const InstanceRecord& record, std::string_view path) {
  const RecordedAttribute* attribute = record.find(path);
  if (attribute == nullptr || attribute->varies || attribute->values.size() != Count) return std::nullopt;
  std::array<double, Count> result{};
  for (std::size_t i = 0; i < Count; ++i) {
    const auto number = parse_decimal(attribute->values[i]);
    if (!number) return std::nullopt;
    result[i] = *number;
  }
  return result;
}

std::optional<double> one_number(const InstanceRecord& record, std::string_view path) {
  const auto number = numbers<1>(record, path);
  return number ? std::optional((*number)[0]) : std::nullopt;
}

}  // namespace

const RecordedAttribute* InstanceRecord::find(std::string_view path) const {
  const auto at = [&](std::string_view exact) -> const RecordedAttribute* {
    const auto found =
        std::lower_bound(attributes.begin(), attributes.end(), exact,
                         [](const RecordedAttribute& one, std::string_view p) { return one.path < p; });
    return found != attributes.end() && found->path == exact ? &*found : nullptr;
  };
  if (const RecordedAttribute* found = at(path)) return found;
  // A plain keyword has only one way to be written.
  if (path.find_first_of("(.") == std::string_view::npos) return nullptr;
  const auto parsed = AttributePath::parse(path);
  return parsed ? at(parsed->text()) : nullptr;
}

std::vector<const RecordedAttribute*> InstanceRecord::find_all(std::string_view path) const {
  const auto parsed = AttributePath::parse(path);
  if (!parsed) return {};
  const std::string pattern = parsed->text();
  std::vector<const RecordedAttribute*> found;
  for (const RecordedAttribute& attribute : attributes) {
    if (matches(attribute.path, pattern)) found.push_back(&attribute);
  }
  // "[10]" sorts before "[2]".
  std::stable_sort(found.begin(), found.end(),
                   [](const auto* one, const auto* other) { return one->path.size() < other->path.size(); });
  return found;
}

Read<std::span<const std::string>> InstanceRecord::values(std::string_view path) const {
  const RecordedAttribute* attribute = find(path);
  if (attribute == nullptr) return {Reading::absent, {}};
  if (attribute->undecodable) return {Reading::malformed, {}};
  if (attribute->values.empty()) return {Reading::empty, {}};
  return {Reading::value, attribute->values};
}

Read<std::string_view> InstanceRecord::text(std::string_view path, std::size_t index) const {
  const auto all = values(path);
  if (!all) return {all.reading, {}};
  if (index >= all->size()) return {Reading::absent, {}};
  const std::string& value = (*all)[index];
  return {value.empty() ? Reading::empty : Reading::value, value};
}

Read<double> InstanceRecord::number(std::string_view path, std::size_t index) const {
  const auto value = text(path, index);
  if (!value) return {value.reading, 0};
  return parse_decimal(*value);
}

Frame InstanceRecord::geometry() const {
  if (!frames.empty()) return frames.front();
  Frame frame;
  frame.position = numbers<3>(*this, "ImagePositionPatient");
  frame.orientation = numbers<6>(*this, "ImageOrientationPatient");
  frame.pixel_spacing = numbers<2>(*this, "PixelSpacing");
  frame.slice_thickness = one_number(*this, "SliceThickness");
  frame.spacing_between_slices = one_number(*this, "SpacingBetweenSlices");
  frame.echo_time = one_number(*this, "EchoTime");
  frame.b_value = one_number(*this, "DiffusionBValue");
  if (const auto position = one_number(*this, "TemporalPositionIdentifier")) {
    frame.temporal_position = static_cast<std::int64_t>(*position);
  }
  return frame;
}

}  // namespace trialgate::rules
