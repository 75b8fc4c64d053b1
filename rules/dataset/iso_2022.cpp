#include "rules/dataset/iso_2022.h"

#include "rules/dataset/converters.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace trialgate::rules {
namespace {

constexpr std::uint8_t escape = 0x1B;
constexpr std::uint8_t high_bit = 0x80;
constexpr std::uint8_t three_byte_prefix = 0x8F;  // EUC-JP: what follows is JIS X 0212

/// Where a set is put by its escape sequence.
enum class Place : std::uint8_t { g0, g1 };

struct SetDescription {
  CodeSet set;
  Place place;
  std::size_t bytes;          // of one character
  std::string_view sequence;  // after ESC
  std::string_view code_set;  // converter that has it, G1 form
};

// PS3.3 Table C.12-3 and C.12-4.
constexpr std::array sets = {
    SetDescription{CodeSet::ir6, Place::g0, 1, "(B", ""},
    SetDescription{CodeSet::ir100, Place::g1, 1, "-A", "ISO-8859-1"},
    SetDescription{CodeSet::ir101, Place::g1, 1, "-B", "ISO-8859-2"},
    SetDescription{CodeSet::ir109, Place::g1, 1, "-C", "ISO-8859-3"},
    SetDescription{CodeSet::ir110, Place::g1, 1, "-D", "ISO-8859-4"},
    SetDescription{CodeSet::ir144, Place::g1, 1, "-L", "ISO-8859-5"},
    SetDescription{CodeSet::ir127, Place::g1, 1, "-G", "ISO-8859-6"},
    SetDescription{CodeSet::ir126, Place::g1, 1, "-F", "ISO-8859-7"},
    SetDescription{CodeSet::ir138, Place::g1, 1, "-H", "ISO-8859-8"},
    SetDescription{CodeSet::ir148, Place::g1, 1, "-M", "ISO-8859-9"},
    SetDescription{CodeSet::ir203, Place::g1, 1, "-b", "ISO-8859-15"},
    SetDescription{CodeSet::ir166, Place::g1, 1, "-T", "TIS-620"},
    SetDescription{CodeSet::ir13, Place::g1, 1, ")I", ""},
    SetDescription{CodeSet::ir87, Place::g0, 2, "$B", "EUC-JP"},
    SetDescription{CodeSet::ir159, Place::g0, 2, "$(D", "EUC-JP"},
    SetDescription{CodeSet::ir149, Place::g1, 2, "$)C", "EUC-KR"},
    SetDescription{CodeSet::ir58, Place::g1, 2, "$)A", "GB2312"},
};
constexpr std::string_view romaji_sequence = "(J";  // ISO-IR 14, the G0 half of ISO_IR 13

const SetDescription& describe(CodeSet set) {
  return sets[static_cast<std::size_t>(set)];
}

bool is_japanese(CodeSet set) {
  return set == CodeSet::ir13 || set == CodeSet::ir87 || set == CodeSet::ir159;
}

/// What is designated: G0 is ASCII, JIS X 0201 romaji or a two-byte set; G1 any other or nothing.
struct Designation {
  bool romaji = false;
  std::optional<CodeSet> g0;  // two-byte set
  std::optional<CodeSet> g1;
};

Designation initial(std::span<const CodeSet> declared) {
  Designation designation;
  if (declared.empty() || declared.front() == CodeSet::ir6) return designation;
  const SetDescription& first = describe(declared.front());
  designation.romaji = first.set == CodeSet::ir13;
  // A two-byte set cannot be the initial one: it waits for its escape sequence.
  if (first.place == Place::g1 && first.bytes == 1) designation.g1 = first.set;
  return designation;
}

void append_code_point(std::string& text, char32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | code >> 6U);
    text += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    text += static_cast<char>(0xE0U | code >> 12U);
    text += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

bool ends_designation(std::uint8_t byte, Delimiters delimiters) {
  const bool control = byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r';
  const bool component = delimiters.components && (byte == '^' || byte == '=');
  return control || component || (delimiters.backslash && byte == '\\');
}

class Decoder {
 public:
  Decoder(std::span<const std::uint8_t> bytes, std::span<const CodeSet> declared, Delimiters delimiters)
      : bytes_(bytes), declared_(declared), delimiters_(delimiters), now_(initial(declared)) {}

  std::optional<std::string> decode() {
    while (position_ < bytes_.size()) {
      if (!step()) return std::nullopt;
    }
    return std::move(text_);
  }

 private:
  bool step() {
    const std::uint8_t byte = bytes_[position_];
    if (byte == escape) return designate();
    if (byte >= high_bit) return read_g1();
    // A control character is one in any set, and PS3.5 wants the initial sets before it.
    if (now_.g0 && byte > ' ') return read_g0_pairs();
    if (ends_designation(byte, delimiters_)) now_ = initial(declared_);
    const bool delimiter = byte == '\\' && delimiters_.backslash;
    if (now_.romaji && byte == '\\' && !delimiter) {
      append_code_point(text_, U'\u00A5');
    } else if (now_.romaji && byte == '~') {
      append_code_point(text_, U'\u203E');
    } else {
      text_ += static_cast<char>(byte);
    }
    ++position_;
    return true;
  }

  bool designate() {
    const auto rest = bytes_.subspan(position_ + 1);
    const std::string_view ahead(reinterpret_cast<const char*>(rest.data()), rest.size());
    if (ahead.starts_with(romaji_sequence)) {
      if (std::none_of(declared_.begin(), declared_.end(), is_japanese)) return false;
      now_.romaji = true;
      now_.g0.reset();
      position_ += 1 + romaji_sequence.size();
      return true;
    }
    for (const SetDescription& set : sets) {
      if (!ahead.starts_with(set.sequence)) continue;
      const bool declared = set.set == CodeSet::ir6 ||
                            std::find(declared_.begin(), declared_.end(), set.set) != declared_.end();
      if (!declared) return false;
      if (set.place == Place::g1) {
        now_.g1 = set.set;
      } else if (set.set == CodeSet::ir6) {
        now_.g0.reset();
        now_.romaji = false;
      } else {
        now_.g0 = set.set;
      }
      position_ += 1 + set.sequence.size();
      return true;
    }
    return false;
  }

  bool read_g1() {
    if (!now_.g1) return false;
    const std::size_t start = position_;
    while (position_ < bytes_.size() && bytes_[position_] >= high_bit) ++position_;
    const auto run = bytes_.subspan(start, position_ - start);
    // 80H-9FH would be C1 controls, which DICOM does not have: such bytes are of another set than declared.
    if (std::any_of(run.begin(), run.end(), [](std::uint8_t byte) { return byte < 0xA0; })) return false;
    if (*now_.g1 != CodeSet::ir13) return append(describe(*now_.g1).code_set, run);
    for (const std::uint8_t byte : run) {
      if (byte < 0xA1 || byte > 0xDF) return false;
      append_code_point(text_, U'\uFF61' + (byte - 0xA1U));
    }
    return true;
  }

  bool read_g0_pairs() {
    std::vector<std::uint8_t> run;
    while (position_ < bytes_.size() && bytes_[position_] > ' ' && bytes_[position_] < 0x7F) {
      if (position_ + 1 >= bytes_.size()) return false;
      const std::uint8_t second = bytes_[position_ + 1];
      if (second <= ' ' || second >= 0x7F) return false;
      if (*now_.g0 == CodeSet::ir159) run.push_back(three_byte_prefix);
      run.push_back(static_cast<std::uint8_t>(bytes_[position_] | high_bit));
      run.push_back(static_cast<std::uint8_t>(second | high_bit));
      position_ += 2;
    }
    return !run.empty() && append(describe(*now_.g0).code_set, run);
  }

  bool append(std::string_view code_set, std::span<const std::uint8_t> run) {
    const auto converted = to_utf8(code_set, run);
    if (converted) text_ += *converted;
    return converted.has_value();
  }

  std::span<const std::uint8_t> bytes_;
  std::span<const CodeSet> declared_;
  Delimiters delimiters_;
  Designation now_;
  std::size_t position_ = 0;
  std::string text_;
};

/// Bytes of one character in a set; nothing when it is not there.
std::optional<std::vector<std::uint8_t>> encode_character(CodeSet set, std::string_view character) {
  if (set == CodeSet::ir6) return std::nullopt;
  if (set == CodeSet::ir13) {
    // U+FF61..U+FF9F is EF BD A1 .. EF BE 9F.
    if (character.size() != 3) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(character[i]); };
    const unsigned code = (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    if (code < 0xFF61 || code > 0xFF9F) return std::nullopt;
    return std::vector<std::uint8_t>{static_cast<std::uint8_t>(code - 0xFF61 + 0xA1)};
  }
  const SetDescription& description = describe(set);
  auto bytes = from_utf8(description.code_set, character);
  if (!bytes) return std::nullopt;
  const bool supplementary = bytes->size() == 3 && bytes->front() == three_byte_prefix;
  if (set == CodeSet::ir159) {
    if (!supplementary) return std::nullopt;
    bytes->erase(bytes->begin());
  }
  if (bytes->size() != description.bytes) return std::nullopt;
  if (std::any_of(bytes->begin(), bytes->end(), [](std::uint8_t byte) { return byte < 0xA0; })) {
    return std::nullopt;
  }
  if (description.place == Place::g0) {
    for (std::uint8_t& byte : *bytes) byte = static_cast<std::uint8_t>(byte & 0x7FU);
  }
  return bytes;
}

class Encoder {
 public:
  Encoder(std::string_view text, std::span<const CodeSet> declared, bool extensions, Delimiters delimiters)
      : text_(text),
        declared_(declared),
        extensions_(extensions),
        delimiters_(delimiters),
        initial_(initial(declared)),
        now_(initial_) {}

  std::optional<std::vector<std::uint8_t>> encode() {
    while (position_ < text_.size()) {
      const auto lead = static_cast<std::uint8_t>(text_[position_]);
      const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      const std::string_view character = text_.substr(position_, length);
      if (!(length == 1 ? write_ascii(lead) : write_other(character))) return std::nullopt;
      position_ += length;
    }
    restore_g0();
    return std::move(bytes_);
  }

 private:
  bool write_ascii(std::uint8_t byte) {
    const bool delimiter = ends_designation(byte, delimiters_);
    restore_g0();
    // A reader falls back to the initial G1 by itself.
    if (delimiter) now_ = initial_;
    if (now_.romaji && ((byte == '\\' && !delimiter) || byte == '~')) return false;
    bytes_.push_back(byte);
    return true;
  }

  bool write_other(std::string_view character) {
    if (initial_.romaji && character == "\u203E") return write_romaji('~');
    if (initial_.romaji && character == "\u00A5" && !delimiters_.backslash) return write_romaji('\\');
    if (now_.g1 && write_in(*now_.g1, character)) return true;
    if (now_.g0 && write_in(*now_.g0, character)) return true;
    if (!extensions_) return false;
    for (const CodeSet set : declared_) {
      if (write_in(set, character)) return true;
    }
    return false;
  }

  bool write_romaji(char byte) {
    restore_g0();
    bytes_.push_back(static_cast<std::uint8_t>(byte));
    return true;
  }

  bool write_in(CodeSet set, std::string_view character) {
    const auto encoded = encode_character(set, character);
    if (!encoded) return false;
    const SetDescription& description = describe(set);
    auto& designated = description.place == Place::g0 ? now_.g0 : now_.g1;
    if (designated != set) {
      write_escape(description.sequence);
      designated = set;
    }
    bytes_.insert(bytes_.end(), encoded->begin(), encoded->end());
    return true;
  }

  void restore_g0() {
    if (!now_.g0) return;
    write_escape(initial_.romaji ? romaji_sequence : describe(CodeSet::ir6).sequence);
    now_.g0.reset();
  }

  void write_escape(std::string_view sequence) {
    bytes_.push_back(escape);
    bytes_.insert(bytes_.end(), sequence.begin(), sequence.end());
  }

  std::string_view text_;
  std::span<const CodeSet> declared_;
  bool extensions_;
  Delimiters delimiters_;
  Designation initial_;
  Designation now_;
  std::size_t position_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

std::optional<std::string> decode_iso_2022(std::span<const std::uint8_t> bytes,
                                           std::span<const CodeSet> declared, Delimiters delimiters) {
  return Decoder(bytes, declared, delimiters).decode();
}

std::optional<std::vector<std::uint8_t>> encode_iso_2022(std::string_view utf8,
                                                         std::span<const CodeSet> declared, bool extensions,
                                                         Delimiters delimiters) {
  return Encoder(utf8, declared, extensions, delimiters).encode();
}

}  // namespace trialgate::rules
