#include "rules/deidentify/sop_classes.h"

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
    {"11.", presentation_state},
    {"88.59", key_object},
    {"88.", structured_report},
    {"104.", encapsulated_document},
    {"481.1", burned_in_risk},  // RT image
    {"481.2", radiotherapy},    // dose
    {"481.3", radiotherapy},    // structure set
    {"481.4", radiotherapy},    // treatment records
    {"481.5", radiotherapy},    // plan
    {"481.6", radiotherapy},
    {"481.7", radiotherapy},
    {"481.8", radiotherapy},
    {"481.9", radiotherapy},
    {"30", derived_object},  // parametric map
    {"66", raw_data},
    {"66.1", derived_object},  // registration
    {"66.2", derived_object},  // fiducials
    {"66.3", derived_object},
    {"66.4", derived_object},  // segmentation
    {"66.5", derived_object},
    {"66.6", derived_object},  // tractography
    {"67", derived_object},    // real world value mapping
    {"9.", waveform},
};

bool matches(std::string_view pattern, std::string_view uid) noexcept {
  if (!pattern.ends_with('.')) return uid == pattern;
  return uid.starts_with(pattern) || uid == pattern.substr(0, pattern.size() - 1);
}

std::string_view sentence_for(SopClassHandling handling) noexcept {
  switch (handling) {
    case structured_report:
    case key_object:
      return "its content items are cleaned only with the option clean_structured_content";
    case presentation_state:
      return "its annotations are taken out only with the option clean_graphics";
    case radiotherapy:
      return "contours of a structure set show a face, which clean_recognizable_visual_features cannot "
             "remove";
    case encapsulated_document:
      return "the standard defines no way to clean an encapsulated document";
    case waveform:
      return "a waveform can hold speech and written annotations";
    case raw_data:
      return "raw data cannot be cleaned";
    case private_class:
      return "de-identification is not defined for a private SOP class (PS3.15 E.1.1)";
    default:
      return "there is no de-identification rule for this SOP class";
  }
}

bool may_be_deidentified(SopClassHandling handling, std::string_view sop_class_uid,
                         const DeidentificationRules& rules) {
  constexpr std::string_view structure_set = "1.2.840.10008.5.1.4.1.1.481.3";
  switch (handling) {
    case image:
    case burned_in_risk:
    case derived_object:
      return true;
    case radiotherapy:
      return sop_class_uid != structure_set ||
             !rules.has(DeidentificationOption::clean_recognizable_visual_features);
    case structured_report:
    case key_object:
      return rules.has(DeidentificationOption::clean_structured_content);
    case presentation_state:
      return rules.has(DeidentificationOption::clean_graphics);
    default:
      return false;
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

std::vector<HoldCause> hold_causes_of_kind(const DataSet& data_set, const DeidentificationRules& rules) {
  const Element* sop_class = data_set.elements.find(tags::sop_class_uid);
  const std::string_view uid = sop_class == nullptr ? std::string_view() : sop_class->text();
  const SopClassHandling handling = sop_class_handling(uid);
  if (may_be_deidentified(handling, uid, rules)) return {};
  const HoldReason reason =
      handling == private_class ? HoldReason::private_sop_class : HoldReason::sop_class_without_rule;
  return {{reason, "SOPClassUID", std::string(sentence_for(handling))}};
}

}  // namespace trialgate::rules
