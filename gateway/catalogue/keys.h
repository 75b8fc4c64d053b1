#pragma once

#include "rules/dataset/dictionary.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace trialgate::gateway {

/// Query/Retrieve Level (0008,0052), from the top.
enum class QueryLevel : std::uint8_t { patient, study, series, image };

/// "PATIENT", "STUDY", "SERIES", "IMAGE".
[[nodiscard]] std::string_view to_string(QueryLevel level) noexcept;

/// An attribute that can be matched and returned (PS3.4 §C.6.1.1). Of nested attributes `level` means
/// nothing.
struct CatalogueAttribute {
  rules::Tag tag;
  QueryLevel level = QueryLevel::image;
  rules::Vr vr = rules::Vr::un;
  std::span<const CatalogueAttribute> nested;  ///< of a sequence: what its items keep
};

/// Ascending by tag.
[[nodiscard]] std::span<const CatalogueAttribute> catalogue_attributes() noexcept;
/// The UIDs by which rows are told apart, and what is gathered from all instances of a study: no row keeps
/// them as the attributes of an instance.
[[nodiscard]] bool comes_from_rows(rules::Tag tag) noexcept;
/// Null for an attribute that the catalogue does not have.
[[nodiscard]] const CatalogueAttribute* catalogue_attribute(rules::Tag tag) noexcept;

/// Attributes of PS3.6 that queries have their own meaning for.
namespace query_tags {
inline constexpr rules::Tag query_retrieve_level{0x0008, 0x0052};
inline constexpr rules::Tag query_retrieve_view{0x0008, 0x0053};
inline constexpr rules::Tag retrieve_ae_title{0x0008, 0x0054};
inline constexpr rules::Tag instance_availability{0x0008, 0x0056};
inline constexpr rules::Tag modality{0x0008, 0x0060};
inline constexpr rules::Tag modalities_in_study{0x0008, 0x0061};
inline constexpr rules::Tag sop_classes_in_study{0x0008, 0x0062};
inline constexpr rules::Tag study_date{0x0008, 0x0020};
inline constexpr rules::Tag accession_number{0x0008, 0x0050};
inline constexpr rules::Tag timezone_offset_from_utc{0x0008, 0x0201};
inline constexpr rules::Tag patient_name{0x0010, 0x0010};
inline constexpr rules::Tag patient_id{0x0010, 0x0020};
inline constexpr rules::Tag number_of_patient_related_studies{0x0020, 0x1200};
inline constexpr rules::Tag number_of_patient_related_series{0x0020, 0x1202};
inline constexpr rules::Tag number_of_patient_related_instances{0x0020, 0x1204};
inline constexpr rules::Tag number_of_study_related_series{0x0020, 0x1206};
inline constexpr rules::Tag number_of_study_related_instances{0x0020, 0x1208};
inline constexpr rules::Tag number_of_series_related_instances{0x0020, 0x1209};
}  // namespace query_tags

}  // namespace trialgate::gateway
