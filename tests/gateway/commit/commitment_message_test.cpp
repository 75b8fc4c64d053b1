#include "gateway/commit/commitment_message.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

constexpr std::string_view ct_image = "1.2.840.10008.5.1.4.1.1.2";
constexpr std::string_view implicit_little = "1.2.840.10008.1.2";
constexpr std::string_view explicit_little = "1.2.840.10008.1.2.1";
constexpr std::string_view explicit_big = "1.2.840.10008.1.2.2";

CommitmentMessage message_with(std::size_t count) {
  CommitmentMessage message{"2.25.77", {}};
  for (std::size_t i = 0; i < count; ++i)
    message.items.push_back({std::string(ct_image), "2.25." + std::to_string(1000 + i), 0});
  return message;
}

}  // namespace

TEST_CASE("PS3.4 table J.3-1: a request is read as it was written, in every uncompressed transfer syntax") {
  for (const std::string_view syntax : {implicit_little, explicit_little, explicit_big}) {
    const CommitmentMessage message = message_with(10'000);
    const auto bytes = write_commitment_message(message, syntax);
    REQUIRE(bytes.has_value());
    const auto read = read_commitment_message(*bytes, syntax);
    REQUIRE(read.has_value());
    CHECK(read->transaction_uid == message.transaction_uid);
    CHECK(read->items == message.items);
  }
}

TEST_CASE("PS3.4 table J.3-2: a report tells what is committed from what is not, and why") {
  CommitmentMessage report = message_with(3);
  report.items[1].failure_reason = failure_reason::no_such_instance;
  const auto bytes = write_commitment_message(report, explicit_little);
  REQUIRE(bytes.has_value());
  const auto read = read_commitment_message(*bytes, explicit_little);
  REQUIRE(read.has_value());
  REQUIRE(read->items.size() == 3);
  CHECK(read->items[2].sop_instance_uid == report.items[1].sop_instance_uid);
  CHECK(read->items[2].failure_reason == 0x0112);
  CHECK(read->items[0].failure_reason == 0);
  // Transaction UID stands before both sequences, Failed before Referenced SOP Sequence.
  CHECK((*bytes)[0] == 0x08);
  CHECK((*bytes)[2] == 0x95);
}

TEST_CASE("what is no request is refused and names the attribute") {
  const auto why = [](const CommitmentMessage& message) {
    const auto bytes = write_commitment_message(message, explicit_little);
    REQUIRE(bytes.has_value());
    const auto read = read_commitment_message(*bytes, explicit_little);
    return read ? std::string("none") : read.error().where;
  };
  CommitmentMessage message = message_with(2);
  CHECK(why(message) == "none");
  message.items[1].sop_instance_uid = "../1.2";
  CHECK(why(message) == "reference to a SOP instance");
  CHECK(why({"2.25.77", {}}) == "Referenced SOP Sequence");
  CHECK(why({"", message_with(1).items}) == "Transaction UID");
  CHECK(why({std::string(65, '1'), message_with(1).items}) == "Transaction UID");

  CHECK_FALSE(write_commitment_message(message, "1.2.840.10008.1.2.4.50").has_value());
  auto cut = write_commitment_message(message_with(2), explicit_little).value();
  cut.resize(cut.size() - 3);
  CHECK_FALSE(read_commitment_message(cut, explicit_little).has_value());
  CHECK_FALSE(read_commitment_message({}, explicit_little).has_value());
}
