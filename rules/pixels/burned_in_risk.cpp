#include "rules/pixels/burned_in_risk.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace trialgate::rules {
namespace {

constexpr Tag image_type{0x0008, 0x0008};
constexpr Tag manufacturer{0x0008, 0x0070};
constexpr Tag model_name{0x0008, 0x1090};
constexpr Tag series_description{0x0008, 0x103E};
constexpr Tag burned_in_annotation{0x0028, 0x0301};

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string text_of(const DataSet& data_set, Tag tag) {
  const Element* element = data_set.elements.find(tag);
  return element == nullptr ? std::string() : upper(element->text());
}

template <class Signs>
bool contains_any(std::string_view text, const Signs& signs) {
  return std::ranges::any_of(
      signs, [text](std::string_view sign) { return text.find(sign) != std::string_view::npos; });
}

class RiskSigns {
 public:
  explicit RiskSigns(const DataSet& data_set) : data_set_(data_set) {}

  std::vector<HoldCause> find() {
    check_annotation();
    check_image_type();
    check_descriptions();
    check_secondary_capture();
    check_equipment();
    check_pixel_format();
    return std::move(causes_);
  }

 private:
  void add(Tag tag, std::string sentence) {
    causes_.push_back({HoldReason::burned_in_risk, keyword_or_tag(tag), std::move(sentence)});
  }

  void check_annotation() {
    const std::string said = text_of(data_set_, burned_in_annotation);
    if (!said.empty() && said != "NO") {
      add(burned_in_annotation, "the pixels are said to show annotations");
    }
  }

  void check_image_type() {
    const std::string text = text_of(data_set_, image_type);
    const auto values = split_values(text);
    if (values.size() < 2 || values[1] != "PRIMARY") {
      add(image_type, "the pixels are not said to be primary, so they may be a screen copy");
    }
    constexpr std::array signs = {"SCREEN", "SAVE", "VOLREN", "SNAPSHOT", "DOSE", "CAPTURE", "REPORT"};
    for (const std::string_view value : values) {
      // "CT_SOM5 PROT": the patient protocol, a page of text.
      if (contains_any(value, signs) || value == "PROT" || value.ends_with(" PROT")) {
        add(image_type, "the pixels are said to be a screen copy");
      }
    }
    const bool localizer = std::ranges::find(values, "LOCALIZER") != values.end();
    if (localizer && values[0] == "DERIVED") {
      add(image_type, "a derived localizer is usually a copy with lines and labels drawn in");
    }
  }

  void check_descriptions() {
    constexpr std::array signs = {"SCREEN SAVE", "SCREENSAVE",     "SCREEN SHOT",      "SCREENSHOT",
                                  "DOSE REPORT", "DOSE INFO",      "DOSE RECORD",      "DOSE SUMMARY",
                                  "SNAPSHOT",    "SCREEN CAPTURE", "PATIENT PROTOCOL", "EXAM PROTOCOL"};
    if (contains_any(text_of(data_set_, series_description), signs)) {
      add(series_description, "the series is said to be a screen copy or a dose report");
    }
    constexpr Tag comments_on_dose{0x0040, 0x0310};
    if (text_of(data_set_, comments_on_dose).find("DLP") != std::string::npos) {
      add(comments_on_dose, "the instance looks like a dose report");
    }
  }

  void check_secondary_capture() {
    // (0018,1010) Secondary Capture Device ID, Date, Manufacturer, Model Name, Software Versions.
    for (const std::uint32_t number : {0x00181010U, 0x00181012U, 0x00181016U, 0x00181018U, 0x00181019U}) {
      const Tag tag(number);
      if (!text_of(data_set_, tag).empty()) {
        add(tag, "the pixels passed through a secondary capture device");
      }
    }
    constexpr Tag conversion_type{0x0008, 0x0064};
    const std::string conversion = text_of(data_set_, conversion_type);
    if (!conversion.empty() && conversion != "DI") {
      add(conversion_type, "the pixels were converted from something else");
    }
  }

  /// Film digitizers scan the labels of the film; work stations write into the copies that they make.
  void check_equipment() {
    constexpr std::array makers = {"VIDAR",     "LUMISYS", "HOWTEK",   "ARRAY CORP", "VITAL IMAGES",
                                   "TERARECON", "VOXAR",   "PACSGEAR", "CAMTRONICS", "CEMAX"};
    if (contains_any(text_of(data_set_, manufacturer), makers)) {
      add(manufacturer, "this manufacturer's film digitizers or work stations write text into images");
    }
    constexpr std::array models = {"DIGITIZER", "CAPTURE", "FRAME GRABBER"};
    if (contains_any(text_of(data_set_, model_name), models)) {
      add(model_name, "the model's name is that of a capture device");
    }
  }

  void check_pixel_format() {
    constexpr Tag samples_per_pixel{0x0028, 0x0002};
    constexpr Tag photometric_interpretation{0x0028, 0x0004};
    const Element* samples = data_set_.elements.find(samples_per_pixel);
    if (samples != nullptr && binary_integer(*samples).value_or(1) != 1) {
      add(samples_per_pixel, "colour pixels of this modality are usually a screen copy");
    } else if (text_of(data_set_, photometric_interpretation) == "PALETTE COLOR") {
      add(photometric_interpretation, "colour pixels of this modality are usually a screen copy");
    }
    constexpr Tag bits_stored{0x0028, 0x0101};
    const Element* bits = data_set_.elements.find(bits_stored);
    const std::string modality = text_of(data_set_, Tag(0x0008, 0x0060));
    if ((modality == "CT" || modality == "PT") && bits != nullptr &&
        binary_integer(*bits).value_or(16) <= 8) {
      add(bits_stored, "so few bits a pixel are usually a screen copy");
    }
  }

  const DataSet& data_set_;
  std::vector<HoldCause> causes_;
};

/// Overlays of the old kind: a bit of the pixel cell, found by Overlay Bits Allocated and Overlay Bit
/// Position.
void check_overlays(const DataSet& data_set, std::vector<HoldCause>& causes) {
  for (const Element& element : data_set.elements) {
    const unsigned group = element.tag().group();
    if (group < 0x6000 || group > 0x60FF || (group & 1U) != 0) continue;
    const unsigned number = element.tag().element();
    const auto value = binary_integer(element);
    const bool in_pixels =
        (number == 0x0100 && value.value_or(1) > 1) || (number == 0x0102 && value.value_or(0) > 0);
    if (!in_pixels) continue;
    causes.push_back({HoldReason::overlay_in_pixels, keyword_or_tag(element.tag()),
                      "an overlay is stored in bits of the pixel data, where it may show text"});
  }
}

}  // namespace

std::vector<HoldCause> burned_in_signs(const DataSet& data_set) {
  return RiskSigns(data_set).find();
}

PixelRuling rule_on_burned_in(const DataSet& data_set, bool usually_shows_text,
                              const std::vector<PixelMask>& masks) {
  PixelRuling ruling;
  bool device_is_known = false;
  for (const PixelMask& mask : masks) {
    const MaskMatch found = match(mask, data_set);
    if (found == MaskMatch::all) ruling.mask = &mask;
    device_is_known = device_is_known || (found == MaskMatch::device_only && !mask.blank.empty());
  }
  if (ruling.mask != nullptr) {
    if (ruling.mask->blank.empty() && text_of(data_set, burned_in_annotation) == "YES") {
      ruling.causes.push_back({HoldReason::burned_in_risk, keyword_or_tag(burned_in_annotation),
                               "the pixels are said to show annotations, but the mask for this device blanks "
                               "nothing"});
    }
    if (ruling.mask->blank.empty()) check_overlays(data_set, ruling.causes);
    return ruling;
  }
  if (usually_shows_text) {
    ruling.causes.push_back({HoldReason::burned_in_risk, "SOPClassUID",
                             "instances of this SOP class usually show text, and no mask is approved"});
  } else {
    ruling.causes = burned_in_signs(data_set);
  }
  check_overlays(data_set, ruling.causes);
  if (device_is_known) {
    ruling.causes.push_back({HoldReason::burned_in_risk, "Rows",
                             "a mask is approved for this device, but not for this size of image or version "
                             "of software"});
  }
  return ruling;
}

}  // namespace trialgate::rules
