#pragma once

#include "rules/dataset/data_set.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules::test {

inline const TransferSyntax& explicit_little() {
  return *find_transfer_syntax(transfer_syntaxes::explicit_vr_little_endian);
}
inline const TransferSyntax& implicit_little() {
  return *find_transfer_syntax(transfer_syntaxes::implicit_vr_little_endian);
}

/// Writes data elements byte by byte, right or wrong as the test wants them. Little endian.
class ByteBuilder {
 public:
  ByteBuilder& u16(std::uint32_t value) { return u8(value).u8(value >> 8U); }
  ByteBuilder& u32(std::uint32_t value) { return u16(value & 0xFFFFU).u16(value >> 16U); }
  ByteBuilder& tag(std::uint32_t value) { return u16(value >> 16U).u16(value & 0xFFFFU); }
  ByteBuilder& text(std::string_view value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }

  ByteBuilder& explicit_header(std::uint32_t where, std::string_view vr, std::uint32_t length) {
    tag(where).text(vr);
    const Vr known = parse_vr(vr[0], vr[1]);
    return has_long_length(known) ? u16(0).u32(length) : u16(length);
  }
  ByteBuilder& explicit_element(std::uint32_t where, std::string_view vr, std::string_view value) {
    return explicit_header(where, vr, static_cast<std::uint32_t>(value.size())).text(value);
  }
  ByteBuilder& implicit_element(std::uint32_t where, std::string_view value) {
    return tag(where).u32(static_cast<std::uint32_t>(value.size())).text(value);
  }
  ByteBuilder& item(std::uint32_t length) { return tag(0xFFFEE000).u32(length); }
  ByteBuilder& item_end() { return tag(0xFFFEE00D).u32(0); }
  ByteBuilder& sequence_end() { return tag(0xFFFEE0DD).u32(0); }

  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  [[nodiscard]] std::string string() const { return {bytes_.begin(), bytes_.end()}; }

 private:
  ByteBuilder& u8(std::uint32_t value) {
    bytes_.push_back(static_cast<std::uint8_t>(value & 0xFFU));
    return *this;
  }

  std::vector<std::uint8_t> bytes_;
};

inline constexpr std::uint32_t no_length = 0xFFFFFFFF;

/// All of a written data set; `source` is what was parsed.
inline std::vector<std::uint8_t> joined(const WrittenDataSet& written, std::span<const std::uint8_t> source) {
  std::vector<std::uint8_t> all = written.prefix;
  const auto pixels = source.subspan(written.pixel_offset, written.pixel_length);
  all.insert(all.end(), pixels.begin(), pixels.end());
  all.insert(all.end(), written.suffix.begin(), written.suffix.end());
  return all;
}

inline bool has(const DataSet& data_set, AnomalyKind kind, Severity severity) {
  for (const Anomaly& anomaly : data_set.anomalies) {
    if (anomaly.kind == kind && anomaly.severity == severity) return true;
  }
  return false;
}

}  // namespace trialgate::rules::test
