#pragma once

#include "rules/result.h"

#include <boost/json/value.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What was done to an attribute.
enum class Deed : std::uint8_t {
  kept,      ///< an option or an override kept what the profile would not
  removed,   ///< with all its items
  emptied,   ///< zero length value, or no items
  replaced,  ///< by a dummy value, or by a value of the trial
  mapped,    ///< a UID by its keyed replacement
  shifted,   ///< a date by the subject's days
  added,     ///< was not there
};
inline constexpr std::size_t deed_count = 7;
[[nodiscard]] std::string_view to_string(Deed deed) noexcept;

/// One attribute path, items of a sequence taken together.
struct ReportedAttribute {
  std::string path;  ///< "RequestAttributesSequence.RequestedProcedureID", private: "(0009,1001)"
  Deed deed = Deed::removed;
  std::string
      rule;  ///< what asked for it: "E.1-1 X/Z", "retain_device_identity", "VR UI", "unknown attribute" ...
  std::uint64_t count = 0;

  friend bool operator==(const ReportedAttribute&, const ReportedAttribute&) = default;
};

/// What de-identification did to one instance, or merged to all of a study. Never holds a value of the
/// source.
struct DeidentificationReport {
  std::array<std::uint64_t, deed_count> counts{};  ///< by Deed
  std::vector<ReportedAttribute> attributes;       ///< sorted by path
  std::vector<std::string> codes;                  ///< CID 7050 code values that the output claims
  std::string tables_edition;                      ///< "PS3.15 2026d"
  std::string tables_sha256;                       ///< of the tables that the program was built with
  std::string rules_sha256;                        ///< of the resolved rules
  std::string key_id;
  std::uint64_t instances = 1;
  std::uint64_t residual_values = 0;                       ///< searched for in the output, none found
  std::map<std::string, std::uint64_t> residual_excluded;  ///< values not searched for, by reason

  /// Adds what was done to another instance. Codes are those of both.
  void merge(const DeidentificationReport& other);

  friend bool operator==(const DeidentificationReport&, const DeidentificationReport&) = default;
};

[[nodiscard]] boost::json::value to_json(const DeidentificationReport& report);
/// Errors: invalid_configuration, `where` names the member.
[[nodiscard]] Result<DeidentificationReport> deidentification_report_from_json(
    const boost::json::value& json);

/// Why an instance was not de-identified.
enum class HoldReason : std::uint8_t {
  unreadable,              ///< the data set cannot be parsed, or not written
  anomaly,                 ///< a fatal anomaly: bytes may not be what they seem
  private_sop_class,       ///< de-identification is not defined for it (PS3.15 §E.1.1 Note 6)
  sop_class_without_rule,  ///< SR, presentation states, documents, RT ... that nothing vouches for
  burned_in_risk,          ///< pixels may show who the patient is
  overlay_in_pixels,       ///< overlay planes in unused bits of the pixel data
  identity_missing,        ///< blank Patient ID, or a UID that is missing
  subject_mismatch,        ///< not the patient that the plan is for
  unknown_character_set,   ///< text that would be kept cannot be read
  unreadable_sequence,     ///< items cannot be enumerated
  option_conflict,         ///< the rules' options contradict each other for this instance
  residual_value,          ///< a removed value is still in the output
  not_supported,           ///< an encoding that is not written yet
  pixel_metadata,          ///< text that the encoder wrote beside the pixels
  recognizable_features,   ///< a person may be recognised in the pixels
};
/// Snake case name, stable.
[[nodiscard]] std::string_view to_string(HoldReason reason) noexcept;

struct HoldCause {
  HoldReason reason = HoldReason::anomaly;
  std::string path;     ///< attribute, empty when it is about the whole instance
  std::string message;  ///< one sentence in English, no value of the source

  friend bool operator==(const HoldCause&, const HoldCause&) = default;
};

/// The instance stays in quarantine, as it came.
struct Held {
  std::vector<HoldCause> causes;  ///< at least one

  friend bool operator==(const Held&, const Held&) = default;
};

[[nodiscard]] boost::json::value to_json(const Held& held);
/// Errors: invalid_configuration, `where` names the member.
[[nodiscard]] Result<Held> held_from_json(const boost::json::value& json);

}  // namespace trialgate::rules
