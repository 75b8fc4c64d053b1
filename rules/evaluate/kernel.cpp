#include "rules/evaluate/header_quantities.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

namespace trialgate::rules {
namespace {

std::string upper(std::string_view text) {
  std::string result(trim(text));
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The first run of digits as a number.
std::optional<int> digits_of(std::string_view text) {
  const auto first = text.find_first_of("0123456789");
  if (first == std::string_view::npos) return std::nullopt;
  int number = 0;
  for (std::size_t i = first; i < text.size() && i < first + 4 && text[i] >= '0' && text[i] <= '9'; ++i) {
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// Siemens: a letter for the body region (B, H, U, I, J, Q, D), an optional letter for the kind, two digits
/// of sharpness, suffixes: B30f, Br40d, I31f, Bl57, Hr60.
std::string_view siemens(std::string_view kernel) {
  const auto sharpness = digits_of(kernel);
  if (!sharpness) return "other";
  const bool lung = kernel.size() > 1 && kernel[1] == 'L';
  const bool head = kernel.front() == 'H' || kernel.front() == 'U';
  if (lung) return "lung";
  if (*sharpness < 50) return "soft";
  if (head) return "bone";
  return *sharpness < 80 ? "lung" : "bone";
}

std::string_view ge(std::string_view kernel) {
  if (contains(kernel, "LUNG") || contains(kernel, "CHST")) return "lung";
  if (contains(kernel, "BONE") || contains(kernel, "EDGE") || contains(kernel, "ULTRA")) return "bone";
  if (contains(kernel, "STANDARD") || contains(kernel, "SOFT") || contains(kernel, "DETAIL")) return "soft";
  return "other";
}

/// Philips: one letter, with Y or E before or behind it for newer variants; D and E are sharp ones for bone.
std::string_view philips(std::string_view kernel) {
  constexpr std::array soft = std::to_array<std::string_view>(
      {"A", "B", "C", "SA", "SB", "SC", "YA", "YB", "UA", "UB", "UC", "AB", "CA", "CB"});
  constexpr std::array lung = std::to_array<std::string_view>({"L", "LA", "LB", "YL", "YC"});
  constexpr std::array bone = std::to_array<std::string_view>({"D", "E", "EB", "EC", "YD", "YE"});
  if (std::ranges::find(soft, kernel) != soft.end()) return "soft";
  if (std::ranges::find(lung, kernel) != lung.end()) return "lung";
  if (std::ranges::find(bone, kernel) != bone.end()) return "bone";
  return "other";
}

/// Canon and Toshiba: FC and two digits.
std::string_view canon(std::string_view kernel) {
  const auto number = digits_of(kernel);
  if (!kernel.starts_with("FC") || !number) return "other";
  if (*number < 30) return "soft";
  if (*number < 40) return "bone";
  if (*number < 50) return "soft";
  if (*number < 60) return "lung";
  return *number >= 80 ? "bone" : "other";
}

std::string_view united_imaging(std::string_view kernel) {
  if (contains(kernel, "LUNG")) return "lung";
  if (contains(kernel, "BONE")) return "bone";
  if (contains(kernel, "SOFT")) return "soft";
  if (contains(kernel, "SHARP")) return kernel.starts_with("H_") ? "bone" : "lung";
  return "other";
}

}  // namespace

std::string_view kernel_class_of(std::string_view kernel, std::string_view manufacturer) {
  const std::string name = upper(kernel);
  const std::string vendor = upper(manufacturer);
  if (name.empty()) return "other";
  if (contains(vendor, "SIEMENS")) return siemens(name);
  if (vendor.starts_with("GE") || contains(vendor, "GENERAL ELECTRIC")) return ge(name);
  if (contains(vendor, "PHILIPS")) return philips(name);
  if (contains(vendor, "CANON") || contains(vendor, "TOSHIBA")) return canon(name);
  if (contains(vendor, "UIH") || contains(vendor, "UNITED IMAGING") || contains(vendor, "联影")) {
    return united_imaging(name);
  }
  return "other";
}

Value kernel_class(const InstanceRecord& record) {
  const auto kernel = record.text("ConvolutionKernel");
  const auto manufacturer = record.text("Manufacturer");
  if (!kernel || trim(*kernel).empty()) {
    return unknown_value({"Convolution Kernel is absent or empty", "缺少重建算法（Convolution Kernel）"});
  }
  return known_text(std::string(kernel_class_of(*kernel, manufacturer ? *manufacturer : std::string_view{})));
}

}  // namespace trialgate::rules
