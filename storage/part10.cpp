#include "storage/part10.h"

#include <algorithm>
#include <array>

namespace trialgate::storage {
namespace {

constexpr std::size_t preamble_bytes = 128;
constexpr std::string_view magic = "DICM";
constexpr std::size_t max_uid_bytes = 64;  // PS3.5 §9.1

// Explicit VR Little Endian (PS3.10 §7.1), whatever the data set uses.
class MetaWriter {
 public:
  void text(std::uint16_t element, std::string_view vr, std::string_view value, char padding) {
    const std::size_t padded = value.size() + value.size() % 2;
    header(element, vr);
    put16(static_cast<std::uint16_t>(padded));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    if (padded != value.size()) bytes_.push_back(static_cast<std::uint8_t>(padding));
  }
  void version() {
    header(0x0001, "OB");
    put16(0);
    put32(2);
    put16(0x0100);
  }
  void group_length(std::uint32_t length) {
    header(0x0000, "UL");
    put16(4);
    put32(length);
  }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  void header(std::uint16_t element, std::string_view vr) {
    put16(0x0002);
    put16(element);
    bytes_.insert(bytes_.end(), vr.begin(), vr.end());
  }
  void put16(std::uint16_t value) {
    bytes_.push_back(static_cast<std::uint8_t>(value & 0xff));
    bytes_.push_back(static_cast<std::uint8_t>(value >> 8));
  }
  void put32(std::uint32_t value) {
    put16(static_cast<std::uint16_t>(value & 0xffff));
    put16(static_cast<std::uint16_t>(value >> 16));
  }

  std::vector<std::uint8_t> bytes_;
};

bool is_storable_uid(std::string_view uid) {
  return !uid.empty() && uid.size() <= max_uid_bytes &&
         std::all_of(uid.begin(), uid.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

// The value of the UI element `element` at `offset`, which moves past it; empty: not there.
std::string take_uid(std::span<const std::uint8_t> head, std::size_t& offset, std::uint8_t element) {
  const std::array<std::uint8_t, 6> expected = {0x02, 0x00, element, 0x00, 'U', 'I'};
  if (head.size() < offset + 8 ||
      !std::equal(expected.begin(), expected.end(), head.begin() + static_cast<std::ptrdiff_t>(offset))) {
    return {};
  }
  const std::size_t length = head[offset + 6] + std::size_t{256} * head[offset + 7];
  if (length > max_uid_bytes || head.size() < offset + 8 + length) return {};
  std::string value(head.begin() + static_cast<std::ptrdiff_t>(offset + 8),
                    head.begin() + static_cast<std::ptrdiff_t>(offset + 8 + length));
  if (!value.empty() && value.back() == '\0') value.pop_back();
  offset += 8 + length;
  return value;
}

}  // namespace

Result<std::vector<std::uint8_t>> file_preamble_and_meta(std::string_view sop_class_uid,
                                                         std::string_view sop_instance_uid,
                                                         std::string_view transfer_syntax_uid) {
  for (const std::string_view uid : {sop_class_uid, sop_instance_uid, transfer_syntax_uid}) {
    if (!is_storable_uid(uid)) {
      return fail(Errc::invalid_argument, "a UID of the file meta information is empty, too long or no text");
    }
  }
  MetaWriter group;
  group.version();
  group.text(0x0002, "UI", sop_class_uid, '\0');
  group.text(0x0003, "UI", sop_instance_uid, '\0');
  group.text(0x0010, "UI", transfer_syntax_uid, '\0');
  group.text(0x0012, "UI", implementation_class_uid, '\0');
  group.text(0x0013, "SH", implementation_version_name, ' ');
  MetaWriter length;
  length.group_length(static_cast<std::uint32_t>(group.bytes().size()));

  std::vector<std::uint8_t> file(preamble_bytes, 0);
  file.insert(file.end(), magic.begin(), magic.end());
  file.insert(file.end(), length.bytes().begin(), length.bytes().end());
  file.insert(file.end(), group.bytes().begin(), group.bytes().end());
  return file;
}

Result<FileMeta> read_file_meta(std::span<const std::uint8_t> head) {
  constexpr std::size_t group_length_bytes = 12;
  constexpr std::size_t version_bytes = 14;
  std::size_t offset = preamble_bytes + magic.size() + group_length_bytes + version_bytes;
  FileMeta meta;
  meta.sop_class_uid = take_uid(head, offset, 0x02);
  meta.sop_instance_uid = take_uid(head, offset, 0x03);
  meta.transfer_syntax_uid = take_uid(head, offset, 0x10);
  // Writing it again and comparing covers every byte that was skipped.
  const auto again =
      file_preamble_and_meta(meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid);
  if (!again || again->size() > head.size() || !std::equal(again->begin(), again->end(), head.begin())) {
    return fail(Errc::corrupt, "the blob does not begin with a header that this program wrote");
  }
  meta.data_set_offset = again->size();
  return meta;
}

}  // namespace trialgate::storage
