#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Lower case of Latin, Greek, Cyrillic and full-width letters; everything else stays. UTF-8.
[[nodiscard]] std::string fold_case(std::string_view text);

/// Wild card matching (PS3.4 §C.2.2.2.4): '*' any characters or none, '?' one character. The whole text,
/// which is UTF-8. Time at most the product of both lengths.
[[nodiscard]] bool matches_wild_card(std::string_view pattern, std::string_view text) noexcept;

/// What stands in front of the first wild card.
[[nodiscard]] std::string_view literal_prefix(std::string_view pattern) noexcept;
[[nodiscard]] bool has_wild_card(std::string_view pattern) noexcept;

/// The component groups of a person name (PS3.5 §6.2.1): alphabetic, ideographic, phonetic, as they are
/// compared: folded, no space around a component, no empty components at the end.
using NameGroups = std::array<std::string, 3>;
[[nodiscard]] NameGroups name_groups(std::string_view name);

/// The groups that are there, each once.
[[nodiscard]] std::vector<std::string> name_keys(std::string_view name);

/// One group of a pattern without '=' may match any group of the name: people type an ideographic name where
/// the alphabetic one belongs. Of a pattern with '=' every group that is there must match its counterpart.
[[nodiscard]] bool matches_name(const NameGroups& pattern, const NameGroups& name) noexcept;

}  // namespace trialgate::gateway
