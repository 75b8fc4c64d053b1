#include "rules/deidentify/letter_case.h"

#include <array>

namespace trialgate::rules {
namespace {

/// Small letters first..last have their capitals `distance` before them; with `step` 2 every other one is a
/// small letter.
struct Letters {
  char32_t first;
  char32_t last;
  char32_t distance;
  char32_t step = 1;
};

constexpr std::array letters = {
    Letters{0x00E0, 0x00F6, 0x20}, Letters{0x00F8, 0x00FE, 0x20}, Letters{0x0101, 0x012F, 1, 2},
    Letters{0x0133, 0x0137, 1, 2}, Letters{0x013A, 0x0148, 1, 2}, Letters{0x014B, 0x0177, 1, 2},
    Letters{0x017A, 0x017E, 1, 2}, Letters{0x01CE, 0x01DC, 1, 2}, Letters{0x03AC, 0x03AC, 0x26},
    Letters{0x03AD, 0x03AF, 0x25}, Letters{0x03B1, 0x03C1, 0x20}, Letters{0x03C3, 0x03CB, 0x20},
    Letters{0x03CC, 0x03CC, 0x40}, Letters{0x03CD, 0x03CE, 0x3F}, Letters{0x0430, 0x044F, 0x20},
    Letters{0x0450, 0x045F, 0x50}, Letters{0x0461, 0x0481, 1, 2}, Letters{0x048B, 0x04BF, 1, 2},
    Letters{0x04D1, 0x052F, 1, 2}, Letters{0x1E01, 0x1E95, 1, 2}, Letters{0x1EA1, 0x1EFF, 1, 2}};

char32_t capital(char32_t letter) noexcept {
  for (const Letters& range : letters) {
    const bool within = letter >= range.first && letter <= range.last;
    if (within && (letter - range.first) % range.step == 0) return letter - range.distance;
  }
  return letter;
}

char32_t small(char32_t letter) noexcept {
  for (const Letters& range : letters) {
    const char32_t candidate = letter + range.distance;
    const bool within = candidate >= range.first && candidate <= range.last;
    if (within && (candidate - range.first) % range.step == 0) return candidate;
  }
  return letter;
}

}  // namespace

std::u32string capital_letters(std::u32string_view text) {
  std::u32string result(text);
  for (char32_t& letter : result) letter = capital(letter);
  return result;
}

std::u32string small_letters(std::u32string_view text) {
  std::u32string result(text);
  for (char32_t& letter : result) letter = small(letter);
  return result;
}

}  // namespace trialgate::rules
