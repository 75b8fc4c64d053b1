#include "rules/deidentify/residual.h"

#include "rules/dataset/charset.h"
#include "rules/dataset/values.h"
#include "rules/deidentify/letter_case.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <optional>

namespace trialgate::rules {
namespace {

constexpr std::size_t long_key_bytes = 8;
constexpr std::size_t short_key_bytes = 3;
constexpr unsigned hash_bits = 16;
constexpr std::size_t long_uid_bytes = 24;

constexpr char fold(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string fold(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = fold(c);
  return result;
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::uint32_t long_hash(const char* last) noexcept {
  std::uint64_t key = 0;
  std::memcpy(&key, last - (long_key_bytes - 1), long_key_bytes);
  return static_cast<std::uint32_t>(key * 0x9E3779B97F4A7C15ULL >> (64 - hash_bits));
}

std::uint32_t short_hash(const char* last) noexcept {
  const auto byte = [last](int back) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(last[-back]));
  };
  const std::uint32_t key = byte(2) << 16U | byte(1) << 8U | byte(0);
  return key * 2654435761U >> (32 - hash_bits);
}

/// Code points of valid UTF-8.
std::u32string code_points(std::string_view utf8) {
  std::u32string result;
  std::size_t i = 0;
  while (i < utf8.size()) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (i + length > utf8.size()) break;
    char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      point = point << 6U | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    }
    result += point;
    i += length;
  }
  return result;
}

std::string to_utf8(const std::u32string& points) {
  std::string result;
  for (const char32_t point : points) {
    const auto byte = [&](char32_t lead, unsigned shift) {
      result += static_cast<char>(lead | (point >> shift & (lead == 0x80 ? 0x3FU : 0xFFU)));
    };
    if (point < 0x80) {
      byte(0, 0);
    } else if (point < 0x800) {
      byte(0xC0, 6);
    } else if (point < 0x10000) {
      byte(0xE0, 12);
    } else {
      byte(0xF0, 18);
    }
    if (point >= 0x10000) byte(0x80, 12);
    if (point >= 0x800) byte(0x80, 6);
    if (point >= 0x80) byte(0x80, 0);
  }
  return result;
}

std::string to_utf16(const std::u32string& points, bool big_endian) {
  std::string result;
  const auto unit = [&](std::uint32_t value) {
    const char high = static_cast<char>(value >> 8U & 0xFFU);
    const char low = static_cast<char>(value & 0xFFU);
    result += big_endian ? high : low;
    result += big_endian ? low : high;
  };
  for (const char32_t point : points) {
    if (point < 0x10000) {
      unit(point);
    } else {
      unit(0xD800 + ((point - 0x10000) >> 10U));
      unit(0xDC00 + ((point - 0x10000) & 0x3FFU));
    }
  }
  return result;
}

std::optional<std::string> to_latin1(const std::u32string& points) {
  std::string result;
  for (const char32_t point : points) {
    if (point > 0xFF) return std::nullopt;
    result += static_cast<char>(point);
  }
  return result;
}

/// Han, Kana, Hangul: one or two characters make a name.
bool is_ideographic(const std::u32string& points) noexcept {
  return std::ranges::any_of(
      points, [](char32_t c) { return (c >= 0x2E80 && c < 0xFB00) || (c >= 0x20000 && c < 0x40000); });
}

/// Words that stand in person names and identifiers and identify nobody, and that technical attributes are
/// full of.
bool is_common_word(std::string_view folded) noexcept {
  static constexpr auto words = std::to_array<std::string_view>(
      {"abdomen",     "acr",       "admin",        "angio",        "ankle",      "anon",      "anonymised",
       "anonymized",  "anonymous", "arterial",     "attenuation",  "average",    "axial",     "body",
       "bone",        "bowtie",    "brain",        "breast",       "canon",      "center",    "centre",
       "chest",       "cine",      "clinic",       "contrast",     "coronal",    "ct01",      "default",
       "delayed",     "demo",      "department",   "derived",      "detail",     "diffusion", "doctor",
       "dynamic",     "edge",      "elbow",        "emission",     "example",    "family",    "filter",
       "fine",        "flat",      "fujifilm",     "gated",        "gems",       "general",   "given",
       "head",        "heart",     "helical",      "helix",        "hitachi",    "hospital",  "image",
       "imaginary",   "imaging",   "kidney",       "large",        "left",       "linear",    "liver",
       "localizer",   "lung",      "magnitude",    "male",         "maximum",    "medical",   "medium",
       "minimum",     "mixed",     "modality",     "monochrome",   "mosaic",     "name",      "neck",
       "none",        "normal",    "not",          "null",         "operator",   "original",  "other",
       "patient",     "pelvis",    "perfusion",    "phantom",      "phase",      "philips",   "physician",
       "plus",        "portal",    "presentation", "primary",      "processing", "prof",      "projection",
       "prone",       "prostate",  "protocol",     "qa",           "radiology",  "real",      "recon",
       "reformatted", "removed",   "resampled",    "rest",         "right",      "sagittal",  "sample",
       "scan",        "scanner",   "secondary",    "sequenced",    "series",     "service",   "sharp",
       "shoulder",    "siemens",   "skull",        "small",        "smooth",     "soft",      "spine",
       "spiral",      "standard",  "static",       "stress",       "study",      "supine",    "system",
       "systems",     "tech",      "technologist", "test",         "test1",      "the",       "thorax",
       "tissue",      "tomo",      "toshiba",      "transmission", "ultra",      "unknown",   "user",
       "venous",      "view",      "volume",       "water",        "wedge",      "whole",     "wrist",
       "yes"});
  static_assert(std::ranges::is_sorted(words));
  return std::ranges::binary_search(words, folded);
}

std::vector<std::string> name_tokens(std::string_view name) {
  std::vector<std::string> tokens(1);
  for (const char c : name) {
    if (c == '^' || c == '=' || c == ' ' || c == ',' || c == '\0') {
      if (!tokens.back().empty()) tokens.emplace_back();
    } else {
      tokens.back() += c;
    }
  }
  for (std::string& token : tokens) {
    while (!token.empty() && (token.back() == '.' || token.back() == ')')) token.pop_back();
    while (!token.empty() && token.front() == '(') token.erase(token.begin());
  }
  std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
  return tokens;
}

bool has_name_length(const std::string& token) {
  if (is_ascii(token)) return token.size() >= 3;
  const std::u32string points = code_points(token);
  return points.size() >= (is_ideographic(points) ? 2U : 3U);
}

}  // namespace

void ResidualSearch::allow(std::string_view utf8) {
  if (!utf8.empty()) allowed_.insert(fold(trim(utf8)));
}

void ResidualSearch::add_needle(std::string bytes, Kind kind, bool whole_word, std::uint8_t unit,
                                bool big_endian) {
  if (bytes.size() < short_key_bytes) return;
  needles_.push_back({fold(bytes), kind, whole_word, unit, big_endian});
}

void ResidualSearch::add_value(std::string_view utf8, std::string_view raw, Kind kind, bool whole_word) {
  const std::string folded = fold(utf8);
  if (allowed_.contains(folded)) {
    exclude("same as written");
    return;
  }
  if (!values_.insert(static_cast<char>('0' + static_cast<int>(kind)) + folded).second) return;
  if (!raw.empty() && raw != utf8) add_needle(std::string(raw), kind, false);
  if (!is_valid_utf8(utf8)) return add_needle(std::string(utf8), kind, whole_word);
  const std::u32string points = code_points(utf8);
  add_encodings(points, kind, whole_word);
  if (is_ascii(utf8)) return;
  const std::u32string capitals = capital_letters(points);
  const std::u32string smalls = small_letters(points);
  if (capitals != points) add_encodings(capitals, kind, whole_word);
  if (smalls != points) add_encodings(smalls, kind, whole_word);
}

void ResidualSearch::add_encodings(const std::u32string& points, Kind kind, bool whole_word) {
  const std::string utf8 = to_utf8(points);
  add_needle(utf8, kind, whole_word);
  add_needle(to_utf16(points, false), kind, whole_word, 2, false);
  add_needle(to_utf16(points, true), kind, whole_word, 2, true);
  if (is_ascii(utf8)) return;
  if (auto latin1 = to_latin1(points)) add_needle(std::move(*latin1), kind, false);
  static const std::optional<CharacterSet> gb18030 = CharacterSet::parse("GB18030");
  if (!gb18030) return;
  if (const auto bytes = gb18030->encode(utf8, Vr::lo)) {
    add_needle(std::string(bytes->begin(), bytes->end()), kind, false);
  }
}

void ResidualSearch::add_token(const std::string& token, std::string_view raw) {
  const bool digits = std::ranges::all_of(token, is_digit);
  if (digits) {
    add_identifier(token, raw);
  } else if (is_common_word(fold(token))) {
    exclude("common word");
  } else {
    add_value(token, raw, Kind::name, is_ascii(token) && token.size() < 5);
  }
}

void ResidualSearch::add_name(std::string_view utf8, std::string_view raw) {
  const std::vector<std::string> tokens = name_tokens(utf8);
  const std::vector<std::string> raw_tokens = name_tokens(raw);
  const bool paired = tokens.size() == raw_tokens.size();
  bool any_short = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (has_name_length(tokens[i])) {
      add_token(tokens[i], paired ? std::string_view(raw_tokens[i]) : std::string_view());
    } else {
      any_short = true;
    }
  }
  if (!any_short) return;
  if (tokens.size() < 2) {
    exclude("too short");
    return;
  }
  // Family and given name of two letters each say nothing alone, together they do.
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const std::string& first = tokens[i];
    const std::string& second = tokens[i + 1];
    if (has_name_length(first) && has_name_length(second)) continue;
    for (const std::string_view between : {"", " ", "^", ",", ", ", "_", "-", "."}) {
      for (const bool reversed : {false, true}) {
        const std::string joined =
            reversed ? second + std::string(between) + first : first + std::string(between) + second;
        if (has_name_length(joined)) add_value(joined, {}, Kind::name, is_ascii(joined));
      }
    }
  }
}

void ResidualSearch::add_identifier(std::string_view utf8, std::string_view raw) {
  const std::string_view value = trim(utf8);
  if (value.empty()) return;
  if (is_common_word(fold(value))) {
    exclude("common word");
    return;
  }
  const bool digits = std::ranges::all_of(value, is_digit);
  const std::size_t least = digits ? 5 : 4;
  const std::size_t length = is_ascii(value) ? value.size() : code_points(value).size() * 2;
  if (length < least) {
    exclude("too short");
    return;
  }
  add_value(value, raw.empty() ? raw : trim(raw), Kind::identifier,
            is_ascii(value) && (digits || value.size() < 8));
}

void ResidualSearch::add_date(std::chrono::year_month_day date) {
  const auto year = static_cast<int>(date.year());
  const auto month = static_cast<unsigned>(date.month());
  const auto day = static_cast<unsigned>(date.day());
  if (!date.ok() || year < 1000 || year > 9999) return;
  if (year == 1900 && month == 1 && day == 1) {
    exclude("same as written");
    return;
  }
  static constexpr auto forms = std::to_array<const char*>(
      {"%1$04d%2$02u%3$02u", "%1$04d-%2$02u-%3$02u", "%1$04d.%2$02u.%3$02u", "%1$04d/%2$02u/%3$02u",
       "%2$02u/%3$02u/%1$04d", "%3$02u/%2$02u/%1$04d", "%3$02u.%2$02u.%1$04d", "%3$02u-%2$02u-%1$04d",
       "%1$04d年%2$u月%3$u日", "%1$04d年%2$02u月%3$02u日"});
  std::array<char, 48> text{};
  for (const char* form : forms) {
    const int length = std::snprintf(text.data(), text.size(), form, year, month, day);
    add_value({text.data(), static_cast<std::size_t>(length)}, {}, Kind::date, true);
  }
}

void ResidualSearch::add_uid(std::string_view uid) {
  uid = trim(uid);
  if (uid.size() < 8) {
    if (!uid.empty()) exclude("too short");
    return;
  }
  // In a long one a beginning tells whose it is: what goes on behind it, or before, is a UID of the same
  // origin.
  add_value(uid, {}, Kind::uid, uid.size() < long_uid_bytes);
}

void ResidualSearch::prepare() {
  for (Index* index : {&long_, &short_}) {
    index->bits.assign((std::size_t{1} << hash_bits) / 64, 0);
    index->needles.clear();
  }
  for (std::uint32_t i = 0; i < needles_.size(); ++i) {
    const std::string& bytes = needles_[i].bytes;
    const char* last = &bytes.back();
    const bool is_long = bytes.size() >= long_key_bytes;
    const std::uint32_t hash = is_long ? long_hash(last) : short_hash(last);
    Index& index = is_long ? long_ : short_;
    index.bits[hash / 64] |= std::uint64_t{1} << (hash % 64);
    index.needles.emplace_back(hash, i);
  }
  std::ranges::sort(long_.needles);
  std::ranges::sort(short_.needles);
}

namespace {

/// Characters beside a needle, in its encoding; NUL where there is none.
struct Neighbours {
  char before = '\0';
  char behind = '\0';
  char second_behind = '\0';
};

Neighbours neighbours(std::string_view text, std::size_t start, std::size_t length, std::size_t unit,
                      bool big_endian) {
  // Of a UTF-16 unit only the byte that ASCII has in it is looked at, when the other one is 0.
  const auto at = [&](std::ptrdiff_t position) -> char {
    if (position < 0 || static_cast<std::size_t>(position) + unit > text.size()) return '\0';
    const auto first = static_cast<std::size_t>(position);
    if (unit == 1) return text[first];
    const char low = text[big_endian ? first + 1 : first];
    const char high = text[big_endian ? first : first + 1];
    return high == '\0' ? low : '\0';
  };
  const auto begin = static_cast<std::ptrdiff_t>(start);
  const auto step = static_cast<std::ptrdiff_t>(unit);
  const auto end = begin + static_cast<std::ptrdiff_t>(length);
  return {at(begin - step), at(end), at(end + step)};
}

bool is_alone(const Neighbours& beside, ResidualSearch::Kind kind) noexcept {
  switch (kind) {
    case ResidualSearch::Kind::date:
      // What follows may be the time of a DT.
      return !is_digit(beside.before);
    case ResidualSearch::Kind::uid:
      return !is_digit(beside.before) && beside.before != '.' && !is_digit(beside.behind) &&
             !(beside.behind == '.' && is_digit(beside.second_behind));
    case ResidualSearch::Kind::identifier:
      return !is_alphanumeric(beside.before) && !is_alphanumeric(beside.behind) && beside.before != '.' &&
             !(beside.behind == '.' && is_digit(beside.second_behind));
    case ResidualSearch::Kind::name:
      return !is_alphanumeric(beside.before) && !is_alphanumeric(beside.behind);
  }
  return true;
}

}  // namespace

std::vector<ResidualSearch::Hit> ResidualSearch::search(std::span<const std::uint8_t> bytes) const {
  std::vector<Hit> hits;
  if (needles_.empty() || bytes.size() < short_key_bytes) return hits;
  std::string text(bytes.size(), '\0');
  std::ranges::transform(bytes, text.begin(),
                         [](std::uint8_t byte) { return fold(static_cast<char>(byte)); });
  const auto look = [&](const Index& index, std::uint32_t hash, std::size_t last) {
    if ((index.bits[hash / 64] >> (hash % 64) & 1U) == 0) return;
    auto place = std::ranges::lower_bound(index.needles, std::pair(hash, 0U));
    for (; place != index.needles.end() && place->first == hash; ++place) {
      const Needle& needle = needles_[place->second];
      const std::size_t length = needle.bytes.size();
      if (length > last + 1) continue;
      const std::size_t start = last + 1 - length;
      if (std::memcmp(&text[start], needle.bytes.data(), length) != 0) continue;
      if (needle.whole_word &&
          !is_alone(neighbours(text, start, length, needle.unit, needle.big_endian), needle.kind)) {
        continue;
      }
      hits.push_back({start, needle.kind});
    }
  };
  for (std::size_t last = short_key_bytes - 1; last < text.size(); ++last) {
    look(short_, short_hash(&text[last]), last);
    if (last + 1 >= long_key_bytes) look(long_, long_hash(&text[last]), last);
  }
  return hits;
}

}  // namespace trialgate::rules
