#include "rules/trial/read_masks.h"

#include "rules/dataset/values.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcuid.h>

#include <utility>

namespace trialgate::rules {
namespace {

constexpr int largest_size = 65'535;

std::uint32_t read_size(YamlMap& map, std::string_view key, int smallest, YamlErrors& errors) {
  const auto value = map.need(key);
  if (!value) return 0;
  return static_cast<std::uint32_t>(read_integer(*value, key, errors, smallest, largest_size).value_or(0));
}

PixelRectangle read_rectangle(const YAML::Node& node, YamlErrors& errors) {
  YamlMap map(node, "a rectangle", errors);
  PixelRectangle rectangle;
  rectangle.left = read_size(map, "left", 0, errors);
  rectangle.top = read_size(map, "top", 0, errors);
  rectangle.width = read_size(map, "width", 1, errors);
  rectangle.height = read_size(map, "height", 1, errors);
  map.finish();
  return rectangle;
}

/// UIDs, or keywords of PS3.6 Annex A.
std::vector<std::string> read_sop_classes(const YAML::Node& node, YamlErrors& errors) {
  std::vector<std::string> uids;
  for (const std::string& text : read_texts(node, "sop_class", errors)) {
    const char* known = dcmFindUIDFromName(text.c_str());
    if (known != nullptr) {
      uids.emplace_back(known);
    } else if (is_valid_uid(text)) {
      uids.push_back(text);
    } else {
      errors.add(node, "'" + text +
                           "' is no SOP class; expected a UID or a keyword of PS3.6, e.g. "
                           "UltrasoundImageStorage");
    }
  }
  return uids;
}

void read_approval(const YAML::Node& node, PixelMask& mask, YamlErrors& errors) {
  YamlMap map(node, "approved", errors);
  if (const auto by = map.need("by")) mask.approved_by = read_text(*by, "by", errors).value_or("");
  if (const auto on = map.need("on")) {
    if (const auto date = read_date(*on, "on", errors))
      mask.approved_on = read_text(*on, "on", errors).value_or("");
  }
  map.finish();
}

PixelMask read_mask(const YAML::Node& node, YamlErrors& errors) {
  YamlMap map(node, "a mask", errors);
  PixelMask mask;
  if (const auto id = map.need("id")) mask.id = read_id(*id, "id", errors).value_or("");
  if (const auto value = map.need("manufacturer")) {
    mask.manufacturer = read_text(*value, "manufacturer", errors).value_or("");
  }
  if (const auto value = map.need("model")) mask.model = read_text(*value, "model", errors).value_or("");
  if (const auto value = map.take("software")) mask.software = read_texts(*value, "software", errors);
  if (const auto value = map.need("sop_class")) mask.sop_classes = read_sop_classes(*value, errors);
  if (const auto value = map.take("image_type")) mask.image_type = read_texts(*value, "image_type", errors);
  mask.rows = read_size(map, "rows", 1, errors);
  mask.columns = read_size(map, "columns", 1, errors);
  if (const auto blank = map.need("blank")) {
    if (!blank->IsSequence()) {
      errors.add(*blank,
                 "blank is no list; expected '- {left: 0, top: 0, width: 640, height: 40}' entries, "
                 "or [] where nothing is burned in");
    } else {
      for (const YAML::Node& item : *blank) mask.blank.push_back(read_rectangle(item, errors));
    }
  }
  if (const auto approved = map.need("approved")) read_approval(*approved, mask, errors);
  map.finish();
  return mask;
}

std::vector<PixelMask> read_masks(const YAML::Node& node, YamlErrors& errors) {
  std::vector<PixelMask> masks;
  if (!node.IsSequence()) {
    errors.add(node, "masks is no list; expected '- {id: ..., manufacturer: ..., blank: [...]}' entries");
    return masks;
  }
  for (const YAML::Node& item : node) masks.push_back(read_mask(item, errors));
  return masks;
}

std::vector<PixelMask> read_masks_file(const YAML::Node& node, const RegisterReader& read_file,
                                       YamlErrors& errors) {
  const auto name = read_text(node, "masks_file", errors);
  if (!name) return {};
  const auto text = read_file(*name);
  if (text.has_error()) {
    errors.add(node, "file of masks '" + *name + "' " + text.error().where);
    return {};
  }
  YamlErrors own(*name);
  std::vector<PixelMask> masks;
  try {
    masks = read_masks(YAML::Load(*text), own);
  } catch (const YAML::Exception& exception) {
    own.add(exception.mark, exception.msg + "; expected YAML");
  }
  for (ConfigError& mistake : std::move(own).sorted()) errors.add(std::move(mistake));
  return masks;
}

}  // namespace

std::vector<PixelMask> read_pixels_section(const YAML::Node& node, const RegisterReader& read_file,
                                           YamlErrors& errors) {
  YamlMap map(node, "pixels", errors);
  std::vector<PixelMask> masks;
  if (const auto list = map.take("masks")) masks = read_masks(*list, errors);
  if (const auto file = map.take("masks_file")) {
    for (PixelMask& mask : read_masks_file(*file, read_file, errors)) masks.push_back(std::move(mask));
  }
  map.finish();
  return masks;
}

}  // namespace trialgate::rules
