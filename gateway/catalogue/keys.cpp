#include "gateway/catalogue/keys.h"

#include <algorithm>
#include <array>

namespace trialgate::gateway {
namespace {

using rules::Tag;
using rules::Vr;
using enum QueryLevel;

constexpr std::array code = {
    CatalogueAttribute{Tag(0x0008, 0x0100), image, Vr::sh, {}},  // Code Value
    CatalogueAttribute{Tag(0x0008, 0x0102), image, Vr::sh, {}},  // Coding Scheme Designator
    CatalogueAttribute{Tag(0x0008, 0x0103), image, Vr::sh, {}},  // Coding Scheme Version
    CatalogueAttribute{Tag(0x0008, 0x0104), image, Vr::lo, {}},  // Code Meaning
};

constexpr std::array issuer = {
    CatalogueAttribute{Tag(0x0040, 0x0031), image, Vr::ut, {}},  // Local Namespace Entity ID
    CatalogueAttribute{Tag(0x0040, 0x0032), image, Vr::ut, {}},  // Universal Entity ID
    CatalogueAttribute{Tag(0x0040, 0x0033), image, Vr::cs, {}},  // Universal Entity ID Type
};

constexpr std::array request = {
    CatalogueAttribute{Tag(0x0008, 0x0050), image, Vr::sh, {}},    // Accession Number
    CatalogueAttribute{Tag(0x0020, 0x000D), image, Vr::ui, {}},    // Study Instance UID
    CatalogueAttribute{Tag(0x0032, 0x1060), image, Vr::lo, {}},    // Requested Procedure Description
    CatalogueAttribute{Tag(0x0032, 0x1064), image, Vr::sq, code},  // Requested Procedure Code Sequence
    CatalogueAttribute{Tag(0x0040, 0x0007), image, Vr::lo, {}},    // Scheduled Procedure Step Description
    CatalogueAttribute{Tag(0x0040, 0x0008), image, Vr::sq, code},  // Scheduled Protocol Code Sequence
    CatalogueAttribute{Tag(0x0040, 0x0009), image, Vr::sh, {}},    // Scheduled Procedure Step ID
    CatalogueAttribute{Tag(0x0040, 0x1001), image, Vr::sh, {}},    // Requested Procedure ID
};

constexpr std::array attributes = {
    CatalogueAttribute{Tag(0x0008, 0x0008), image, Vr::cs, {}},      // Image Type
    CatalogueAttribute{Tag(0x0008, 0x0016), image, Vr::ui, {}},      // SOP Class UID
    CatalogueAttribute{Tag(0x0008, 0x0018), image, Vr::ui, {}},      // SOP Instance UID
    CatalogueAttribute{Tag(0x0008, 0x0020), study, Vr::da, {}},      // Study Date
    CatalogueAttribute{Tag(0x0008, 0x0021), series, Vr::da, {}},     // Series Date
    CatalogueAttribute{Tag(0x0008, 0x0022), image, Vr::da, {}},      // Acquisition Date
    CatalogueAttribute{Tag(0x0008, 0x0023), image, Vr::da, {}},      // Content Date
    CatalogueAttribute{Tag(0x0008, 0x002A), image, Vr::dt, {}},      // Acquisition DateTime
    CatalogueAttribute{Tag(0x0008, 0x0030), study, Vr::tm, {}},      // Study Time
    CatalogueAttribute{Tag(0x0008, 0x0031), series, Vr::tm, {}},     // Series Time
    CatalogueAttribute{Tag(0x0008, 0x0032), image, Vr::tm, {}},      // Acquisition Time
    CatalogueAttribute{Tag(0x0008, 0x0033), image, Vr::tm, {}},      // Content Time
    CatalogueAttribute{Tag(0x0008, 0x0050), study, Vr::sh, {}},      // Accession Number
    CatalogueAttribute{Tag(0x0008, 0x0051), study, Vr::sq, issuer},  // Issuer of Accession Number Sequence
    CatalogueAttribute{Tag(0x0008, 0x0060), series, Vr::cs, {}},     // Modality
    CatalogueAttribute{Tag(0x0008, 0x0061), study, Vr::cs, {}},      // Modalities in Study
    CatalogueAttribute{Tag(0x0008, 0x0062), study, Vr::ui, {}},      // SOP Classes in Study
    CatalogueAttribute{Tag(0x0008, 0x0070), series, Vr::lo, {}},     // Manufacturer
    CatalogueAttribute{Tag(0x0008, 0x0080), series, Vr::lo, {}},     // Institution Name
    CatalogueAttribute{Tag(0x0008, 0x0090), study, Vr::pn, {}},      // Referring Physician's Name
    CatalogueAttribute{Tag(0x0008, 0x0201), study, Vr::sh, {}},      // Timezone Offset From UTC
    CatalogueAttribute{Tag(0x0008, 0x1010), series, Vr::sh, {}},     // Station Name
    CatalogueAttribute{Tag(0x0008, 0x1030), study, Vr::lo, {}},      // Study Description
    CatalogueAttribute{Tag(0x0008, 0x1032), study, Vr::sq, code},    // Procedure Code Sequence
    CatalogueAttribute{Tag(0x0008, 0x103E), series, Vr::lo, {}},     // Series Description
    CatalogueAttribute{Tag(0x0008, 0x1040), series, Vr::lo, {}},     // Institutional Department Name
    CatalogueAttribute{Tag(0x0008, 0x1060), study, Vr::pn, {}},      // Name of Physician(s) Reading Study
    CatalogueAttribute{Tag(0x0008, 0x1090), series, Vr::lo, {}},     // Manufacturer's Model Name
    CatalogueAttribute{Tag(0x0010, 0x0010), patient, Vr::pn, {}},    // Patient's Name
    CatalogueAttribute{Tag(0x0010, 0x0020), patient, Vr::lo, {}},    // Patient ID
    CatalogueAttribute{Tag(0x0010, 0x0021), patient, Vr::lo, {}},    // Issuer of Patient ID
    CatalogueAttribute{Tag(0x0010, 0x0030), patient, Vr::da, {}},    // Patient's Birth Date
    CatalogueAttribute{Tag(0x0010, 0x0032), patient, Vr::tm, {}},    // Patient's Birth Time
    CatalogueAttribute{Tag(0x0010, 0x0040), patient, Vr::cs, {}},    // Patient's Sex
    CatalogueAttribute{Tag(0x0010, 0x1000), patient, Vr::lo, {}},    // Other Patient IDs
    CatalogueAttribute{Tag(0x0010, 0x1010), study, Vr::as, {}},      // Patient's Age
    CatalogueAttribute{Tag(0x0010, 0x1020), study, Vr::ds, {}},      // Patient's Size
    CatalogueAttribute{Tag(0x0010, 0x1030), study, Vr::ds, {}},      // Patient's Weight
    CatalogueAttribute{Tag(0x0010, 0x2160), patient, Vr::sh, {}},    // Ethnic Group
    CatalogueAttribute{Tag(0x0010, 0x4000), patient, Vr::lt, {}},    // Patient Comments
    CatalogueAttribute{Tag(0x0012, 0x0010), patient, Vr::lo, {}},    // Clinical Trial Sponsor Name
    CatalogueAttribute{Tag(0x0012, 0x0020), patient, Vr::lo, {}},    // Clinical Trial Protocol ID
    CatalogueAttribute{Tag(0x0012, 0x0021), patient, Vr::lo, {}},    // Clinical Trial Protocol Name
    CatalogueAttribute{Tag(0x0012, 0x0030), patient, Vr::lo, {}},    // Clinical Trial Site ID
    CatalogueAttribute{Tag(0x0012, 0x0031), patient, Vr::lo, {}},    // Clinical Trial Site Name
    CatalogueAttribute{Tag(0x0012, 0x0040), patient, Vr::lo, {}},    // Clinical Trial Subject ID
    CatalogueAttribute{Tag(0x0012, 0x0042), patient, Vr::lo, {}},    // Clinical Trial Subject Reading ID
    CatalogueAttribute{Tag(0x0012, 0x0050), study, Vr::lo, {}},      // Clinical Trial Time Point ID
    CatalogueAttribute{Tag(0x0012, 0x0051), study, Vr::st, {}},      // Clinical Trial Time Point Description
    CatalogueAttribute{Tag(0x0012, 0x0062), patient, Vr::cs, {}},    // Patient Identity Removed
    CatalogueAttribute{Tag(0x0012, 0x0071), series, Vr::lo, {}},     // Clinical Trial Series ID
    CatalogueAttribute{Tag(0x0012, 0x0072), series, Vr::lo, {}},     // Clinical Trial Series Description
    CatalogueAttribute{Tag(0x0018, 0x0015), series, Vr::cs, {}},     // Body Part Examined
    CatalogueAttribute{Tag(0x0018, 0x1030), series, Vr::lo, {}},     // Protocol Name
    CatalogueAttribute{Tag(0x0018, 0x5100), series, Vr::cs, {}},     // Patient Position
    CatalogueAttribute{Tag(0x0020, 0x000D), study, Vr::ui, {}},      // Study Instance UID
    CatalogueAttribute{Tag(0x0020, 0x000E), series, Vr::ui, {}},     // Series Instance UID
    CatalogueAttribute{Tag(0x0020, 0x0010), study, Vr::sh, {}},      // Study ID
    CatalogueAttribute{Tag(0x0020, 0x0011), series, Vr::is, {}},     // Series Number
    CatalogueAttribute{Tag(0x0020, 0x0012), image, Vr::is, {}},      // Acquisition Number
    CatalogueAttribute{Tag(0x0020, 0x0013), image, Vr::is, {}},      // Instance Number
    CatalogueAttribute{Tag(0x0020, 0x0052), series, Vr::ui, {}},     // Frame of Reference UID
    CatalogueAttribute{Tag(0x0020, 0x0060), series, Vr::cs, {}},     // Laterality
    CatalogueAttribute{Tag(0x0028, 0x0008), image, Vr::is, {}},      // Number of Frames
    CatalogueAttribute{Tag(0x0028, 0x0010), image, Vr::us, {}},      // Rows
    CatalogueAttribute{Tag(0x0028, 0x0011), image, Vr::us, {}},      // Columns
    CatalogueAttribute{Tag(0x0028, 0x0100), image, Vr::us, {}},      // Bits Allocated
    CatalogueAttribute{Tag(0x0040, 0x0244), series, Vr::da, {}},     // Performed Procedure Step Start Date
    CatalogueAttribute{Tag(0x0040, 0x0245), series, Vr::tm, {}},     // Performed Procedure Step Start Time
    CatalogueAttribute{Tag(0x0040, 0x0253), series, Vr::sh, {}},     // Performed Procedure Step ID
    CatalogueAttribute{Tag(0x0040, 0x0254), series, Vr::lo, {}},     // Performed Procedure Step Description
    CatalogueAttribute{Tag(0x0040, 0x0275), series, Vr::sq, request},  // Request Attributes Sequence
    CatalogueAttribute{Tag(0x0040, 0xA043), image, Vr::sq, code},      // Concept Name Code Sequence
    CatalogueAttribute{Tag(0x0040, 0xA491), image, Vr::cs, {}},        // Completion Flag
    CatalogueAttribute{Tag(0x0040, 0xA493), image, Vr::cs, {}},        // Verification Flag
};

static_assert(std::ranges::is_sorted(attributes, {}, &CatalogueAttribute::tag));

}  // namespace

std::string_view to_string(QueryLevel level) noexcept {
  constexpr std::array<std::string_view, 4> names{"PATIENT", "STUDY", "SERIES", "IMAGE"};
  return names[static_cast<std::size_t>(level)];
}

std::span<const CatalogueAttribute> catalogue_attributes() noexcept {
  return attributes;
}

bool comes_from_rows(rules::Tag tag) noexcept {
  return tag == rules::tags::study_instance_uid || tag == rules::tags::series_instance_uid ||
         tag == rules::tags::sop_instance_uid || tag == query_tags::modalities_in_study ||
         tag == query_tags::sop_classes_in_study;
}

const CatalogueAttribute* catalogue_attribute(rules::Tag tag) noexcept {
  const auto found = std::ranges::lower_bound(attributes, tag, {}, &CatalogueAttribute::tag);
  return found != attributes.end() && found->tag == tag ? &*found : nullptr;
}

}  // namespace trialgate::gateway
