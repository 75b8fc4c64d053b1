#include "gateway/catalogue/text_match.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace trialgate::gateway {
namespace {

/// Bytes of the character that begins at `at`; 1 for a byte that begins none.
std::size_t character_bytes(std::string_view text, std::size_t at) noexcept {
  const auto lead = static_cast<std::uint8_t>(text[at]);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size() - at);
}

char32_t code_point(std::string_view character) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(character[at]); };
  if (character.size() == 1) return byte(0);
  char32_t value = byte(0) & (0x7FU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) value = value << 6U | (byte(i) & 0x3FU);
  return value;
}

void append_code_point(std::string& out, char32_t value) {
  if (value < 0x80) {
    out.push_back(static_cast<char>(value));
    return;
  }
  const unsigned trailing = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned, 4> leads{0, 0xC0, 0xE0, 0xF0};
  out.push_back(static_cast<char>(leads[trailing] | value >> (6 * trailing)));
  for (unsigned i = trailing; i-- > 0;) out.push_back(static_cast<char>(0x80U | (value >> (6 * i) & 0x3FU)));
}

bool is_between(char32_t value, char32_t first, char32_t last) noexcept {
  return value >= first && value <= last;
}

char32_t lower_case(char32_t c) noexcept {
  if (is_between(c, 'A', 'Z')) return c + 32;
  if (c < 0xC0) return c;
  if (is_between(c, 0xC0, 0xDE) && c != 0xD7) return c + 32;  // Latin-1
  if (is_between(c, 0x100, 0x137) || is_between(c, 0x14A, 0x177))
    return c | 1U;  // Latin Extended-A, in pairs
  if (is_between(c, 0x139, 0x148) || is_between(c, 0x179, 0x17E)) return c % 2 == 1 ? c + 1 : c;
  if (c == 0x178) return 0xFF;
  if (is_between(c, 0x391, 0x3A9)) return c + 32;    // Greek
  if (is_between(c, 0x410, 0x42F)) return c + 32;    // Cyrillic
  if (is_between(c, 0x400, 0x40F)) return c + 80;    // Cyrillic with marks
  if (is_between(c, 0xFF21, 0xFF3A)) return c + 32;  // full width
  return c;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string normalised_group(std::string_view group) {
  std::string folded;
  for (const std::string_view component : split(group, '^')) {
    folded += fold_case(rules::trim(component)) + '^';
  }
  folded.erase(folded.find_last_not_of('^') + 1);
  return folded;
}

bool matches_group(std::string_view pattern, std::string_view group) {
  if (group.empty()) return false;
  if (!has_wild_card(pattern)) return pattern == group;
  if (matches_wild_card(pattern, group)) return true;
  // "LI^*" asks for a family name whatever follows; nothing may follow.
  const auto carets = [](std::string_view text) { return std::ranges::count(text, '^'); };
  const auto missing = carets(pattern) - carets(group);
  return missing > 0 &&
         matches_wild_card(pattern, std::string(group) + std::string(static_cast<std::size_t>(missing), '^'));
}

}  // namespace

std::string fold_case(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_bytes(text, at);
    const char32_t before = code_point(text.substr(at, length));
    const char32_t after = lower_case(before);
    if (after == before) {
      folded.append(text.substr(at, length));
    } else {
      append_code_point(folded, after);
    }
    at += length;
  }
  return folded;
}

bool matches_wild_card(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last '*' met, and where in the text it began to count
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += character_bytes(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      star_text += character_bytes(text, star_text);
      t = star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view literal_prefix(std::string_view pattern) noexcept {
  return pattern.substr(0, pattern.find_first_of("*?"));
}

bool has_wild_card(std::string_view pattern) noexcept {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

NameGroups name_groups(std::string_view name) {
  NameGroups groups;
  const auto parts = split(name, '=');
  for (std::size_t i = 0; i < std::min(parts.size(), groups.size()); ++i)
    groups[i] = normalised_group(parts[i]);
  return groups;
}

std::vector<std::string> name_keys(std::string_view name) {
  std::vector<std::string> keys;
  for (std::string& group : name_groups(name)) {
    if (!group.empty() && std::ranges::find(keys, group) == keys.end()) keys.push_back(std::move(group));
  }
  return keys;
}

bool matches_name(const NameGroups& pattern, const NameGroups& name) noexcept {
  const bool single = pattern[1].empty() && pattern[2].empty();
  if (single) {
    return std::ranges::any_of(name,
                               [&](const std::string& group) { return matches_group(pattern[0], group); });
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!pattern[i].empty() && !matches_group(pattern[i], name[i])) return false;
  }
  return true;
}

}  // namespace trialgate::gateway
