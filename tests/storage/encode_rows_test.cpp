#include "storage/encode_rows.h"

#include "storage/row_codec.h"
#include "tests/storage/support.h"

#include <doctest/doctest.h>

#include <limits>

using namespace trialgate::storage;
using trialgate::storage::testing::ok;

namespace {

constexpr std::uint64_t max_u64 = std::numeric_limits<std::uint64_t>::max();

InstanceRow full_instance() {
  InstanceRow row = testing::instance_row("1.2.3.4", Digest::of(testing::bytes_of("blob")), 33'792);
  row.association_id = max_u64;
  row.data_set_offset = 338;
  row.state = InstanceState::unreadable;
  row.conflict = true;
  row.study_uid = "1.2";
  row.series_uid = "1.3";
  row.submission = 7;
  row.arrival = 12;
  return row;
}

SubmissionRow full_submission() {
  SubmissionRow row;
  row.id = 300;
  row.site = "SITE03";
  row.study_uid = "1.2";
  row.trial_id = "ONC-301";
  row.subject = "ONC-301-0007";
  row.time_point = "W06";
  row.state = SubmissionState::withdrawn;
  row.version = std::numeric_limits<std::uint32_t>::max();
  row.instance_count = 412;
  row.last_arrival = UtcTime(std::chrono::microseconds(-1));
  row.entered_state_at = UtcTime::max();
  return row;
}

DerivedRow full_derived() {
  DerivedRow row;
  row.submission = 300;
  row.version = 2;
  row.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
  row.sop_instance_uid = "2.25.1";
  row.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  row.study_uid = "2.25.2";
  row.series_uid = "2.25.3";
  row.source = Digest::of(testing::bytes_of("source"));
  row.source_sop_instance_uid = "1.2.3.4";
  row.data_set = {{Digest::of({}), 0, 700}, {row.source, 1'200, 524'288}, {Digest::of({}), 700, 8}};
  row.data_set_digest = Digest::of(testing::bytes_of("derived"));
  row.data_set_bytes = 524'996;
  return row;
}

DeliveryRow full_delivery() {
  DeliveryRow row;
  row.id = 5;
  row.submission = 300;
  row.version = 2;
  row.destination = "irc-archive";
  row.sop_instance_uid = "2.25.1";
  row.state = DeliveryState::failed;
  row.attempts = 9;
  row.enqueued_at = testing::at(1);
  row.not_before = UtcTime::min();
  row.last_status = 0xa700;
  row.last_error = "refused: out of resources";
  row.needs_commitment = true;
  row.refusals = 2;
  return row;
}

template <class Row>
void check_codec(const Row& row, Result<Row> (*decode)(std::string_view)) {
  const std::string bytes = encode(row);
  REQUIRE(ok(decode(bytes)));
  CHECK(decode(bytes).value() == row);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = decode(std::string_view(bytes).substr(0, size));
    REQUIRE_FALSE(ok(cut));
    CHECK(cut.error().code == Errc::corrupt);
  }
  CHECK_FALSE(ok(decode(bytes + '\0')));
  for (const int version : {0, 3, 255}) {
    std::string other = bytes;
    other[0] = static_cast<char>(version);
    const auto refused = decode(other);
    REQUIRE_FALSE(ok(refused));
    CHECK(refused.error().where.find("version " + std::to_string(version)) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("rows come back as they went; cut, longer and other versions are refused") {
  check_codec(full_instance(), decode_instance);
  check_codec(InstanceRow{}, decode_instance);
  check_codec(BlobRow{Digest::of({}), BlobRole::pack, max_u64, "1.2"}, decode_blob);
  check_codec(full_submission(), decode_submission);
  check_codec(SubmissionRow{}, decode_submission);
  check_codec(full_derived(), decode_derived);
  check_codec(DerivedRow{}, decode_derived);
  check_codec(full_delivery(), decode_delivery);
  check_codec(DeliveryRow{}, decode_delivery);
}

TEST_CASE("a delivery of a store that knew no commitment is read") {
  DeliveryRow row = full_delivery();
  row.needs_commitment = false;
  row.refusals = 0;
  std::string bytes = encode(row);
  bytes[0] = 1;
  bytes.resize(bytes.size() - 2);
  const auto decoded = decode_delivery(bytes);
  REQUIRE(ok(decoded));
  CHECK(*decoded == row);
}

TEST_CASE("a damaged row is decoded to something or refused, never more") {
  const std::string bytes = encode(full_derived());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      const auto decoded = decode_derived(damaged);
      if (decoded) CHECK(encode(*decoded) == damaged);
    }
  }
}

TEST_CASE("integers have one spelling") {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, max_u64}) {
    RowWriter out(1);
    out.integer(value);
    const std::string bytes = out.take();
    RowReader in(bytes, 1);
    CHECK(in.integer() == value);
    CHECK(ok(in.finish("test")));
  }
  const std::string surplus_group("\x01\x80\x00", 3);
  RowReader padded(surplus_group, 1);
  (void)padded.integer();
  CHECK_FALSE(ok(padded.finish("test")));
  const std::string too_big = '\x01' + std::string(9, '\xff') + '\x02';
  RowReader above(too_big, 1);
  (void)above.integer();
  CHECK_FALSE(ok(above.finish("test")));
}
