#include "rules/dataset/bytes.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

constexpr std::size_t preamble_bytes = 128;
constexpr std::size_t meta_offset = preamble_bytes + 4;
// PS3.10 §7.1 has less than a kilobyte; private information (0002,0102) may add to it.
constexpr std::uint64_t max_meta_bytes = 1ULL << 20U;
constexpr Tag media_storage_sop_class{0x0002, 0x0002};
constexpr Tag media_storage_sop_instance{0x0002, 0x0003};
constexpr Tag transfer_syntax_uid{0x0002, 0x0010};

std::string_view uid_text(std::span<const std::uint8_t> value) {
  std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<FileView> parse_file(std::span<const std::uint8_t> file) {
  constexpr std::string_view prefix = "DICM";
  if (file.size() < meta_offset || !std::equal(prefix.begin(), prefix.end(), file.begin() + preamble_bytes)) {
    return fail(Errc::malformed_dataset, "file preamble");
  }
  FileView view;
  std::uint64_t position = meta_offset;
  // File meta information is explicit VR little endian whatever follows (PS3.10 §7.1).
  while (file.size() - position >= 8) {
    const std::uint8_t* at = &file[position];
    const Tag tag = read_tag(at, false);
    if (tag.group() != 0x0002) break;
    const Vr vr = parse_vr(static_cast<char>(at[4]), static_cast<char>(at[5]));
    std::uint64_t header = 8;
    std::uint64_t length = read_u16(at + 6, false);
    if (vr != Vr::unknown && has_long_length(vr)) {
      if (file.size() - position < 12) return fail(Errc::malformed_dataset, "file meta information");
      header = 12;
      length = read_u32(at + 8, false);
    }
    if (vr == Vr::unknown || length > file.size() - position - header ||
        position + header + length > max_meta_bytes) {
      return fail(Errc::malformed_dataset, "file meta information");
    }
    const std::string_view value = uid_text(file.subspan(position + header, length));
    if (tag == media_storage_sop_class) view.sop_class_uid = value;
    if (tag == media_storage_sop_instance) view.sop_instance_uid = value;
    if (tag == transfer_syntax_uid) view.transfer_syntax_uid = value;
    position += header + length;
  }
  if (view.transfer_syntax_uid.empty()) return fail(Errc::malformed_dataset, "transfer syntax UID");
  view.data_set_offset = position;
  view.transfer_syntax = find_transfer_syntax(view.transfer_syntax_uid);
  if (view.transfer_syntax == nullptr) return fail(Errc::unsupported, "transfer syntax");
  return view;
}

}  // namespace trialgate::rules
