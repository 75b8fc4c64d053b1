#include "storage/part10.h"

#include "tests/storage/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace trialgate::storage;
using trialgate::storage::testing::ok;

namespace {

constexpr std::string_view ct_class = "1.2.840.10008.5.1.4.1.1.2";
constexpr std::string_view explicit_le = "1.2.840.10008.1.2.1";

}  // namespace

TEST_CASE("PS3.10 7.1: the header has a zero preamble, the prefix and an explicit little endian group 0002") {
  const auto header = file_preamble_and_meta(ct_class, "1.2.3", explicit_le).value();
  CHECK(std::all_of(header.begin(), header.begin() + 128, [](std::uint8_t byte) { return byte == 0; }));
  const std::vector<std::uint8_t> start = {'D', 'I', 'C', 'M', 2, 0, 0, 0, 'U', 'L', 4, 0};
  CHECK(ok(std::equal(start.begin(), start.end(), header.begin() + 128)));
  const std::size_t group_length = header[140] + 256U * header[141];
  CHECK(group_length == header.size() - 144);
  const std::vector<std::uint8_t> version = {2, 0, 1, 0, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 1};
  CHECK(ok(std::equal(version.begin(), version.end(), header.begin() + 144)));
  CHECK(header.size() % 2 == 0);
  CHECK(header.size() <= max_file_meta_bytes);
}

TEST_CASE("the header is a function of the three UIDs") {
  const auto header = file_preamble_and_meta(ct_class, "1.2.3", explicit_le).value();
  CHECK(file_preamble_and_meta(ct_class, "1.2.3", explicit_le).value() == header);
  CHECK(file_preamble_and_meta(ct_class, "1.2.4", explicit_le).value() != header);
  // Renewing it would give every blob received twice, before and after an update, two names.
  CHECK(Digest::of(header).hex() == "3d82fe95122ad1bd3841d802e3f68fa3f0b2c5031fa8662e6adeb8c4141c99e5");
}

TEST_CASE("PS3.5 9.1: a UID that no header can hold is refused") {
  CHECK_FALSE(ok(file_preamble_and_meta("", "1.2.3", explicit_le)));
  CHECK_FALSE(ok(file_preamble_and_meta(ct_class, std::string(65, '1'), explicit_le)));
  CHECK_FALSE(ok(file_preamble_and_meta(ct_class, "1.2\n3", explicit_le)));
  CHECK(ok(file_preamble_and_meta(ct_class, std::string(64, '1'), explicit_le)));
}

TEST_CASE("a stored header is read back, and nothing else is") {
  for (const std::string& uid : {std::string("1.2.3"), std::string("1.2.34"), std::string(64, '9')}) {
    auto file = file_preamble_and_meta(ct_class, uid, explicit_le).value();
    const std::size_t offset = file.size();
    file.push_back(8);
    const FileMeta meta = read_file_meta(file).value();
    CHECK(meta.sop_class_uid == ct_class);
    CHECK(meta.sop_instance_uid == uid);
    CHECK(meta.transfer_syntax_uid == explicit_le);
    CHECK(meta.data_set_offset == offset);
    for (std::size_t i = 0; i < offset; ++i) {
      CHECK_FALSE(ok(read_file_meta(std::span(file).first(i))));
      file[i] ^= 0x80U;  // no UID may hold that bit
      CHECK_FALSE(ok(read_file_meta(file)));
      file[i] ^= 0x80U;
    }
  }
}
