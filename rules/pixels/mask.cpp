#include "rules/pixels/mask.h"

#include "rules/dataset/values.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace trialgate::rules {
namespace {

namespace json = boost::json;

constexpr Tag image_type{0x0008, 0x0008};
constexpr Tag manufacturer{0x0008, 0x0070};
constexpr Tag model_name{0x0008, 0x1090};
constexpr Tag software_versions{0x0018, 0x1020};
constexpr Tag rows{0x0028, 0x0010};
constexpr Tag columns{0x0028, 0x0011};

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      trim(a), trim(b), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view text_of(const DataSet& data_set, Tag tag) {
  const Element* element = data_set.elements.find(tag);
  return element == nullptr ? std::string_view() : element->text();
}

bool has_value(const DataSet& data_set, Tag tag, std::string_view wanted) {
  return std::ranges::any_of(split_values(text_of(data_set, tag)),
                             [wanted](std::string_view value) { return same(value, wanted); });
}

bool has_number(const DataSet& data_set, Tag tag, std::uint32_t wanted) {
  const Element* element = data_set.elements.find(tag);
  return element != nullptr && binary_integer(*element) == wanted;
}

bool is_inside(const PixelRectangle& rectangle, const PixelMask& mask) {
  return rectangle.width > 0 && rectangle.height > 0 && rectangle.left < mask.columns &&
         rectangle.top < mask.rows && rectangle.width <= mask.columns - rectangle.left &&
         rectangle.height <= mask.rows - rectangle.top;
}

/// Some instance could match both.
bool overlap(const PixelMask& a, const PixelMask& b) {
  const auto share = [](const std::vector<std::string>& x, const std::vector<std::string>& y) {
    return std::ranges::any_of(x, [&](const std::string& value) {
      return std::ranges::any_of(y, [&](const std::string& other) { return same(value, other); });
    });
  };
  return same(a.manufacturer, b.manufacturer) && same(a.model, b.model) && a.rows == b.rows &&
         a.columns == b.columns && share(a.sop_classes, b.sop_classes) &&
         (a.software.empty() || b.software.empty() || share(a.software, b.software)) &&
         a.image_type == b.image_type;
}

void check(const PixelMask& mask, std::vector<std::string>& problems) {
  const std::string name = "pixel mask " + mask.id + ": ";
  if (mask.manufacturer.empty() || mask.model.empty() || mask.sop_classes.empty()) {
    problems.push_back(name + "manufacturer, model and sop_class say what device it is for; all are needed");
  }
  if (mask.approved_by.empty() || mask.approved_on.empty()) {
    problems.push_back(name + "nobody has approved it; say who did and when");
  }
  if (mask.rows == 0 || mask.columns == 0 || mask.rows > 0xFFFF || mask.columns > 0xFFFF) {
    problems.push_back(name + "rows and columns must be within 1 and 65535");
    return;
  }
  for (const PixelRectangle& rectangle : mask.blank) {
    if (!is_inside(rectangle, mask)) {
      problems.push_back(name + "a rectangle is empty or reaches over the edge of the image");
    }
  }
}

using TextMember = std::pair<std::string_view, std::string PixelMask::*>;
constexpr std::array text_members = {
    TextMember{"id", &PixelMask::id},
    TextMember{"manufacturer", &PixelMask::manufacturer},
    TextMember{"model", &PixelMask::model},
    TextMember{"approved_by", &PixelMask::approved_by},
    TextMember{"approved_on", &PixelMask::approved_on},
};
using ListMember = std::pair<std::string_view, std::vector<std::string> PixelMask::*>;
constexpr std::array list_members = {
    ListMember{"software", &PixelMask::software},
    ListMember{"sop_classes", &PixelMask::sop_classes},
    ListMember{"image_type", &PixelMask::image_type},
};

bool read_number(const json::object& object, std::string_view key, std::uint32_t& number) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr) return false;
  boost::system::error_code error;
  number = found->to_number<std::uint32_t>(error);
  return !error;
}

bool read_text(const json::value* value, std::string& text) {
  const json::string* found = value == nullptr ? nullptr : value->if_string();
  if (found == nullptr) return false;
  text.assign(found->begin(), found->end());
  return true;
}

const json::array* array_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found == nullptr ? nullptr : found->if_array();
}

std::optional<PixelMask> read_mask(const json::object& object) {
  PixelMask mask;
  for (const auto& [key, member] : text_members) {
    if (!read_text(object.if_contains(key), mask.*member)) return std::nullopt;
  }
  for (const auto& [key, member] : list_members) {
    const json::array* list = array_of(object, key);
    if (list == nullptr) return std::nullopt;
    for (const json::value& value : *list) {
      if (!read_text(&value, (mask.*member).emplace_back())) return std::nullopt;
    }
  }
  const json::array* blank = array_of(object, "blank");
  if (!read_number(object, "rows", mask.rows) || !read_number(object, "columns", mask.columns) ||
      blank == nullptr) {
    return std::nullopt;
  }
  for (const json::value& value : *blank) {
    const json::object* entry = value.if_object();
    PixelRectangle rectangle;
    if (entry == nullptr || !read_number(*entry, "left", rectangle.left) ||
        !read_number(*entry, "top", rectangle.top) || !read_number(*entry, "width", rectangle.width) ||
        !read_number(*entry, "height", rectangle.height)) {
      return std::nullopt;
    }
    mask.blank.push_back(rectangle);
  }
  return mask;
}

}  // namespace

MaskMatch match(const PixelMask& mask, const DataSet& data_set) {
  const std::string_view sop_class = text_of(data_set, tags::sop_class_uid);
  const bool device = same(text_of(data_set, manufacturer), mask.manufacturer) &&
                      same(text_of(data_set, model_name), mask.model) &&
                      std::ranges::find(mask.sop_classes, sop_class) != mask.sop_classes.end() &&
                      std::ranges::all_of(mask.image_type, [&](const std::string& value) {
                        return has_value(data_set, image_type, value);
                      });
  if (!device) return MaskMatch::none;
  const bool software = mask.software.empty() || std::ranges::any_of(mask.software, [&](const auto& version) {
                          return has_value(data_set, software_versions, version);
                        });
  const bool size = has_number(data_set, rows, mask.rows) && has_number(data_set, columns, mask.columns);
  return software && size ? MaskMatch::all : MaskMatch::device_only;
}

std::vector<std::string> validate_masks(const std::vector<PixelMask>& masks) {
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    check(masks[i], problems);
    for (std::size_t k = 0; k < i; ++k) {
      if (masks[i].id == masks[k].id) {
        problems.push_back("pixel mask " + masks[i].id + ": two masks have this id");
      } else if (overlap(masks[i], masks[k])) {
        problems.push_back("pixel masks " + masks[k].id + " and " + masks[i].id +
                           " are for the same device and size");
      }
    }
  }
  return problems;
}

json::value to_json(const std::vector<PixelMask>& masks) {
  json::array list;
  for (const PixelMask& mask : masks) {
    json::object object;
    for (const auto& [key, member] : text_members) object[key] = mask.*member;
    for (const auto& [key, member] : list_members) {
      object[key] = json::array((mask.*member).begin(), (mask.*member).end());
    }
    object["rows"] = mask.rows;
    object["columns"] = mask.columns;
    json::array blank;
    for (const PixelRectangle& rectangle : mask.blank) {
      blank.push_back({{"left", rectangle.left},
                       {"top", rectangle.top},
                       {"width", rectangle.width},
                       {"height", rectangle.height}});
    }
    object["blank"] = std::move(blank);
    list.push_back(std::move(object));
  }
  return list;
}

Result<std::vector<PixelMask>> pixel_masks_from_json(const json::value& value) {
  const json::array* list = value.if_array();
  if (list == nullptr) return fail(Errc::invalid_configuration, "pixel masks");
  std::vector<PixelMask> masks;
  for (const json::value& entry : *list) {
    const json::object* object = entry.if_object();
    auto mask = object == nullptr ? std::nullopt : read_mask(*object);
    if (!mask) return fail(Errc::invalid_configuration, "pixel masks");
    masks.push_back(std::move(*mask));
  }
  return masks;
}

}  // namespace trialgate::rules
