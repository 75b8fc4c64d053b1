#include "rules/deidentify/sop_classes.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace trialgate::rules {
namespace {

using enum SopClassHandling;

constexpr std::string_view dicom_root = "1.2.840.10008.";
constexpr std::string_view storage_arc = "1.2.840.10008.5.1.4.1.1.";

struct ClassRow {
  std::string_view uid;  // behind storage_arc; "88." stands for everything that starts so
  SopClassHandling handling;
};

// PS3.4 Annex B. Longest match wins. What is not here has no rule.
constexpr ClassRow class_rows[] = {
    {"1", burned_in_risk},  // CR: markers and annotations of digitisers and work stations
    {"1.1", image},         // DX, for presentation and for processing
    {"1.1.1", image},
    {"1.2", image},  // mammography
    {"1.2.1", image},
    {"1.3", burned_in_risk},  // intra-oral
    {"1.3.1", burned_in_risk},
    {"2", image},  // CT
    {"2.1", image},
    {"2.2", image},
    {"4", image},  // MR
    {"4.1", image},
    {"4.3", burned_in_risk},  // enhanced MR colour
    {"4.4", image},
    {"128", image},  // PET
    {"128.1", image},
    {"130", image},
    {"20", image},      // NM
    {"13.1.3", image},  // breast tomosynthesis
    {"13.1.4", image},
    {"13.1.5", image},
    {"13.1.1", burned_in_risk},  // X-ray 3D
    {"13.1.2", burned_in_risk},
    {"3", burned_in_risk},  // US
    {"3.1", burned_in_risk},
    {"5", burned_in_risk},  // retired NM
    {"6", burned_in_risk},
    {"6.1", burned_in_risk},
    {"6.2", burned_in_risk},
    {"6.3", burned_in_risk},
    {"7.", burned_in_risk},     // secondary capture
    {"12.", burned_in_risk},    // XA, RF
    {"14.", burned_in_risk},    // intravascular OCT
    {"77.1.", burned_in_risk},  // visible light, ophthalmic
    {"8", presentation_state},  // standalone overlay
    {"11.", presentation_state},
    {"88.59", key_object},
    {"88.", structured_report},
    {"104.", encapsulated_document},
    {"481.", radiotherapy},
    {"66", raw_data},
};

bool matches(std::string_view pattern, std::string_view uid) noexcept {
  if (!pattern.ends_with('.')) return uid == pattern;
  return uid.starts_with(pattern) || uid == pattern.substr(0, pattern.size() - 1);
}

std::string_view sentence_for(SopClassHandling handling) noexcept {
  switch (handling) {
    case structured_report:
      return "structured reports are not cleaned by this version";
    case key_object:
      return "key object selections are not cleaned by this version";
    case presentation_state:
      return "annotations of presentation states are not cleaned by this version";
    case encapsulated_document:
      return "the standard defines no way to clean an encapsulated document";
    case radiotherapy:
      return "radiotherapy objects are not cleaned by this version";
    case raw_data:
      return "raw data cannot be cleaned";
    case private_class:
      return "de-identification is not defined for a private SOP class (PS3.15 E.1.1)";
    default:
      return "there is no de-identification rule for this SOP class";
  }
}

constexpr Tag image_type{0x0008, 0x0008};
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

class RiskSigns {
 public:
  explicit RiskSigns(const DataSet& data_set) : data_set_(data_set) {}

  std::vector<HoldCause> find() {
    check_annotation();
    check_image_type();
    check_descriptions();
    check_secondary_capture();
    check_colour();
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
    constexpr std::array signs = {"SCREEN", "SAVE", "VOLREN", "SNAPSHOT", "DOSE"};
    for (const std::string_view value : values) {
      const bool shows = std::ranges::any_of(
          signs, [value](std::string_view sign) { return value.find(sign) != std::string_view::npos; });
      if (shows) add(image_type, "the pixels are said to be a screen copy");
    }
  }

  void check_descriptions() {
    constexpr std::array signs = {"SCREEN SAVE", "SCREENSAVE",       "SCREEN SHOT",
                                  "SCREENSHOT",  "DOSE REPORT",      "DOSE INFO",
                                  "DOSE RECORD", "PATIENT PROTOCOL", "SNAPSHOT"};
    const std::string text = text_of(data_set_, series_description);
    for (const std::string_view sign : signs) {
      if (text.find(sign) == std::string::npos) continue;
      add(series_description, "the series is said to be a screen copy or a dose report");
      return;
    }
    constexpr Tag comments_on_dose{0x0040, 0x0310};
    if (text_of(data_set_, comments_on_dose).find("DLP") != std::string::npos) {
      add(comments_on_dose, "the instance looks like a dose report");
    }
  }

  void check_secondary_capture() {
    // (0018,1010) Secondary Capture Device ID, Manufacturer, Model Name, Software Versions; Conversion Type.
    for (const std::uint32_t number : {0x00181010U, 0x00181016U, 0x00181018U, 0x00181019U}) {
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

  void check_colour() {
    constexpr Tag samples_per_pixel{0x0028, 0x0002};
    const Element* samples = data_set_.elements.find(samples_per_pixel);
    if (samples != nullptr && binary_integer(*samples).value_or(1) != 1) {
      add(samples_per_pixel, "colour pixels of this modality are usually a screen copy");
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

SopClassHandling sop_class_handling(std::string_view uid) noexcept {
  if (!uid.starts_with(dicom_root)) return private_class;
  if (!uid.starts_with(storage_arc)) return other;
  const std::string_view rest = uid.substr(storage_arc.size());
  const ClassRow* best = nullptr;
  for (const ClassRow& row : class_rows) {
    if (matches(row.uid, rest) && (best == nullptr || row.uid.size() > best->uid.size())) best = &row;
  }
  return best == nullptr ? other : best->handling;
}

std::vector<HoldCause> hold_causes_of_kind(const DataSet& data_set) {
  const Element* sop_class = data_set.elements.find(tags::sop_class_uid);
  const SopClassHandling handling =
      sop_class == nullptr ? private_class : sop_class_handling(sop_class->text());
  std::vector<HoldCause> causes;
  switch (handling) {
    case image:
      causes = RiskSigns(data_set).find();
      check_overlays(data_set, causes);
      break;
    case burned_in_risk:
      causes.push_back({HoldReason::burned_in_risk, "SOPClassUID",
                        "instances of this SOP class usually show text, and no mask is approved"});
      break;
    case private_class:
      causes.push_back({HoldReason::private_sop_class, "SOPClassUID", std::string(sentence_for(handling))});
      break;
    default:
      causes.push_back(
          {HoldReason::sop_class_without_rule, "SOPClassUID", std::string(sentence_for(handling))});
      break;
  }
  return causes;
}

}  // namespace trialgate::rules
