#pragma once

#include "rules/dataset/data_set.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace trialgate::rules {

/// The same characters in every character set that DICOM knows.
[[nodiscard]] bool is_plain_ascii(std::span<const std::uint8_t> bytes) noexcept;

/// VRs whose values can identify by what they are, whatever attribute they stand in.
[[nodiscard]] bool is_telling(Vr vr) noexcept;

/// Every value can be read as the VR wants it: DA, DT or TM.
[[nodiscard]] bool is_date_or_time(std::string_view text, Vr vr);

/// Bytes in a value of text that no character set has there (PS3.5 §6.1.3): another element was swallowed by
/// a wrong length. Padding does not count.
[[nodiscard]] bool has_control_characters(const Element& element) noexcept;

/// A value of numbers or tags that is longer than the attribute can be (PS3.6): another element was swallowed
/// by a wrong length.
[[nodiscard]] bool has_too_many_numbers(const Element& element) noexcept;

/// A code of a hospital or of a maker stands in the sequence: its meaning is free text.
[[nodiscard]] bool has_local_code(const Element& sequence);

}  // namespace trialgate::rules
