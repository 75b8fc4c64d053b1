#pragma once

#include "rules/dataset/dictionary.h"
#include "rules/pixels/mask.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Options of the Basic Application Level Confidentiality Profile (PS3.15 §E.3).
enum class DeidentificationOption : std::uint8_t {
  clean_pixel_data,                    ///< §E.3.1, 113101
  clean_recognizable_visual_features,  ///< §E.3.2, 113102
  clean_graphics,                      ///< §E.3.3, 113103
  clean_structured_content,            ///< §E.3.4, 113104
  clean_descriptors,                   ///< §E.3.5, 113105
  retain_longitudinal_full_dates,      ///< §E.3.6, 113106
  retain_longitudinal_modified_dates,  ///< §E.3.6, 113107
  retain_patient_characteristics,      ///< §E.3.7, 113108
  retain_device_identity,              ///< §E.3.8, 113109
  retain_uids,                         ///< §E.3.9, 113110
  retain_safe_private,                 ///< §E.3.10, 113111
  retain_institution_identity,         ///< §E.3.11, 113112
};

/// Snake case as trial files write it: "retain_device_identity".
[[nodiscard]] std::string_view to_string(DeidentificationOption option) noexcept;
/// Nothing for a name that is no option. Also takes "retain_longitudinal_temporal_information_full_dates",
/// "retain_longitudinal_temporal_information_modified_dates", "retain_full_dates" and
/// "retain_modified_dates".
[[nodiscard]] std::optional<DeidentificationOption> deidentification_option_named(
    std::string_view name) noexcept;
/// Every name that deidentification_option_named() prefers, in the order of the standard.
[[nodiscard]] std::vector<std::string_view> deidentification_option_names();

/// What becomes of dates and times that Table E.1-1 lists, and of those that it does not.
enum class DateHandling : std::uint8_t {
  removed,            ///< as the profile says, without a date option
  unmodified,         ///< needs retain_longitudinal_full_dates
  shift_per_subject,  ///< whole days, one offset a subject; needs retain_longitudinal_modified_dates
};
/// "removed", "unmodified", "per_subject".
[[nodiscard]] std::string_view to_string(DateHandling dates) noexcept;
[[nodiscard]] std::optional<DateHandling> date_handling_named(std::string_view name) noexcept;

/// Which option decides about the eleven attributes that Retain Device Identity keeps and Retain Modified
/// Dates shifts (dates of manufacture, installation and calibration). No output satisfies both options
/// (PS3.15 §E.3.6, §E.3.8), so that the one which does not decide is not claimed for an instance that has
/// such an attribute.
enum class DeviceDates : std::uint8_t {
  unresolved,  ///< a configuration error when both options are chosen
  removed,     ///< neither: the profile's own action; the option codes of both are dropped
  shifted,     ///< Modified Dates decides. Tells the offset to whoever knows the device's real date
  kept,        ///< Device Identity decides
};
/// "unresolved", "removed", "shifted", "kept".
[[nodiscard]] std::string_view to_string(DeviceDates ruling) noexcept;
[[nodiscard]] std::optional<DeviceDates> device_dates_named(std::string_view name) noexcept;

/// What a trial says about one attribute, over the profile and its options.
enum class OverrideAction : std::uint8_t {
  keep,
  remove,
  empty,
  replace,  ///< by `value`
  hash,     ///< by a keyed hash, the same for the same value of every instance of the trial
  shift,    ///< a date by the subject's days
  map,      ///< by what the subject register says: `value` is subject_id, reading_id, site_id, site_name,
            ///< time_point_id or protocol_id
  clean,    ///< only words of imaging, `terms` and `patterns` stay; the profile's action where none does
};
[[nodiscard]] std::string_view to_string(OverrideAction action) noexcept;
[[nodiscard]] std::optional<OverrideAction> override_action_named(std::string_view name) noexcept;

struct DeidentificationOverride {
  std::string attribute;  ///< PS3.6 keyword or "(gggg,eeee)": at every level; several joined by points: only
                          ///< at this path from the data set, in every item
  OverrideAction action = OverrideAction::remove;
  std::string value;                  ///< of replace (ASCII) and map
  std::vector<std::string> terms;     ///< of clean, see DescriptorWords
  std::vector<std::string> patterns;  ///< of clean
  std::string deviation;              ///< name of the deviation that allows a weakening; drops all codes

  friend bool operator==(const DeidentificationOverride&, const DeidentificationOverride&) = default;
};

/// The section `deidentify` of a trial file.
struct DeidentificationRules {
  std::string profile = "basic";  ///< the only one
  std::set<DeidentificationOption> options;
  DateHandling dates = DateHandling::removed;
  std::int32_t max_shift_days = 365;  ///< per_subject: offset within 1..this many days, back or forth
  DeviceDates device_dates = DeviceDates::unresolved;
  std::string key_file;  ///< path of the trial's key, at least 32 bytes; read by the gateway, never by rules
  std::string key_id = "1";                 ///< generation of that key; goes into reports, the key never does
  std::vector<std::string> clean_terms;     ///< words that clean_descriptors lets through besides its own
  std::vector<std::string> clean_patterns;  ///< expressions whose words it lets through
  std::vector<DeidentificationOverride> overrides;
  std::vector<PixelMask> masks;  ///< approved; need the option clean_pixel_data

  [[nodiscard]] bool has(DeidentificationOption option) const noexcept { return options.contains(option); }
  friend bool operator==(const DeidentificationRules&, const DeidentificationRules&) = default;
};

/// Tags of the path that an override names; empty when PS3.6 does not have one of them.
[[nodiscard]] std::vector<Tag> path_of(const DeidentificationOverride& rule);
/// The override lets through what the profile with the chosen options would not.
[[nodiscard]] bool is_weakening(const DeidentificationOverride& rule,
                                const DeidentificationRules& rules) noexcept;

/// What is wrong with the rules, one sentence each; empty when they can be applied. Options that contradict
/// each other come with the ruling that resolves them.
[[nodiscard]] std::vector<std::string> validate(const DeidentificationRules& rules);

}  // namespace trialgate::rules
