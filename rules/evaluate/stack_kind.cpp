#include "rules/evaluate/stacks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace trialgate::rules {
namespace {

constexpr std::string_view secondary_capture = "1.2.840.10008.5.1.4.1.1.7";
constexpr std::array dose_report_classes = std::to_array<std::string_view>({
    "1.2.840.10008.5.1.4.1.1.88.67",  // X-Ray Radiation Dose SR
    "1.2.840.10008.5.1.4.1.1.88.68",  // Radiopharmaceutical Radiation Dose SR
    "1.2.840.10008.5.1.4.1.1.88.73",  // Patient Radiation Dose SR
    "1.2.840.10008.5.1.4.1.1.88.76",  // Enhanced X-Ray Radiation Dose SR
});

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string joined_upper(const InstanceRecord& record, std::string_view path) {
  std::string joined;
  if (const auto values = record.values(path)) {
    for (const std::string& value : *values) joined += upper(value) + '\\';
  }
  return joined;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// A description is a name that people write: it makes a dose report only of a screen.
bool says_dose(bool is_screen, std::string_view image_type, std::string_view description) {
  if (contains(image_type, "DOSE") || contains(image_type, "CSA REPORT")) return true;
  if (!is_screen) return false;
  return contains(description, "DOSE REPORT") || contains(description, "DOSE INFO") ||
         contains(description, "PATIENT PROTOCOL");
}

}  // namespace

StackKind kind_of(const InstanceRecord& record) {
  if (std::ranges::find(dose_report_classes, record.sop_class_uid) != dose_report_classes.end()) {
    return StackKind::dose_report;
  }
  const bool described = record.number("Rows") && record.number("Columns");
  if (!described && !record.pixel_data.present) return StackKind::not_an_image;
  const std::string image_type = joined_upper(record, "ImageType");
  const std::string description = joined_upper(record, "SeriesDescription");
  if (contains(image_type, "LOCALIZER") || contains(image_type, "SCOUT")) return StackKind::localizer;
  const bool captured = record.sop_class_uid.starts_with(secondary_capture) ||
                        contains(image_type, "SCREEN SAVE") || contains(image_type, "SCREENSAVE");
  if (says_dose(captured, image_type, description)) return StackKind::dose_report;
  if (captured) return StackKind::screen_save;
  if (image_type.starts_with("DERIVED")) return StackKind::derived;
  // Reformats that a workstation marks ORIGINAL carry the method in the third and later values.
  for (const std::string_view method :
       {"\\MPR", "\\MIP", "\\MINIP", "\\PROJECTION", "\\VRT", "\\REFORMATTED"}) {
    if (contains(image_type, method)) return StackKind::derived;
  }
  return StackKind::image;
}

}  // namespace trialgate::rules
