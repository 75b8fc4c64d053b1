#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "tests/dimse/support/bytes.h"
#include "tests/dimse/support/printing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>

using namespace trialgate::dimse;
using trialgate::test::Bytes;
using trialgate::test::bytes;
using trialgate::test::join;

namespace {

std::span<const std::uint8_t> body(const Bytes& pdu) {
  return std::span(pdu).subspan(pdu_header_bytes);
}

// Called "ANY-SCP", calling "ECHOSCU", Verification with implicit VR little endian, as in PS3.8 table 9-11.
const Bytes echo_rq = bytes(
    "01 00 000000CD 0001 0000 'ANY-SCP         ' 'ECHOSCU         '"
    "0000000000000000 0000000000000000 0000000000000000 0000000000000000"
    "10 00 0015 '1.2.840.10008.3.1.1.1'"
    "20 00 002E 01 00 00 00"
    "30 00 0011 '1.2.840.10008.1.1'"
    "40 00 0011 '1.2.840.10008.1.2'"
    "50 00 003A"
    "51 00 0004 00004000"
    "52 00 001B '1.2.276.0.7230010.3.0.3.6.7'"
    "55 00 000F 'OFFIS_DCMTK_367'");

AssociateRq expected_echo_rq() {
  AssociateRq rq;
  rq.titles = AssociateTitles(AeTitle("ANY-SCP"), AeTitle("ECHOSCU"));
  rq.application_context = Uid("1.2.840.10008.3.1.1.1");
  rq.presentation_contexts.push_back(
      {PresentationContextId{1}, Uid("1.2.840.10008.1.1"), {Uid("1.2.840.10008.1.2")}});
  rq.user_information.max_length = 16384;
  rq.user_information.implementation_class_uid = Uid("1.2.276.0.7230010.3.0.3.6.7");
  rq.user_information.implementation_version_name = "OFFIS_DCMTK_367";
  return rq;
}

const Bytes echo_ac = bytes(
    "02 00 000000B8 0001 0000 'ANY-SCP         ' 'ECHOSCU         '"
    "0000000000000000 0000000000000000 0000000000000000 0000000000000000"
    "10 00 0015 '1.2.840.10008.3.1.1.1'"
    "21 00 0019 01 00 00 00"
    "40 00 0011 '1.2.840.10008.1.2'"
    "50 00 003A"
    "51 00 0004 00004000"
    "52 00 001B '1.2.276.0.7230010.3.0.3.6.7'"
    "55 00 000F 'OFFIS_DCMTK_367'");

const Bytes all_user_items = bytes(
    "51 00 0004 00020000"
    "52 00 0005 '1.2.3'"
    "53 00 0004 0008 0001"
    "54 00 0009 0005 '1.2.4' 01 00"
    "55 00 0003 'ABC'"
    "56 00 000A 0005 '1.2.5' 02 00 01"
    "58 00 000D 02 01 0004 'user' 0003 'pwd'");

UserInformation expected_all_user_items() {
  UserInformation info;
  info.max_length = 131072;
  info.implementation_class_uid = Uid("1.2.3");
  info.async_operations_window = AsyncOperationsWindow{8, 1};
  info.roles = {{Uid("1.2.4"), true, false}};
  info.implementation_version_name = "ABC";
  info.extended = {{Uid("1.2.5"), {2, 0, 1}}};
  info.user_identity = UserIdentityRq{2, true, bytes("'user'"), bytes("'pwd'")};
  return info;
}

/// echo_rq with other user information, its lengths set anew.
Bytes rq_with(const Bytes& user_information) {
  const Bytes marker = bytes("50 00 003A");
  const auto at = std::search(echo_rq.begin(), echo_rq.end(), marker.begin(), marker.end());
  Bytes pdu(echo_rq.begin(), at);
  pdu.push_back(0x50);
  pdu.push_back(0);
  pdu.push_back(static_cast<std::uint8_t>(user_information.size() >> 8));
  pdu.push_back(static_cast<std::uint8_t>(user_information.size()));
  pdu.insert(pdu.end(), user_information.begin(), user_information.end());
  const std::size_t length = pdu.size() - pdu_header_bytes;
  pdu[4] = static_cast<std::uint8_t>(length >> 8);
  pdu[5] = static_cast<std::uint8_t>(length);
  return pdu;
}

/// The fixed fields and the application context, followed by `items`.
Bytes rq_body_with_items(const Bytes& items) {
  return join(Bytes(echo_rq.begin() + 6, echo_rq.begin() + 6 + 68 + 25), items);
}

const Bytes one_context = bytes("20 00 0018 01 00 00 00 30 00 0004 '1.22' 40 00 0008 '1.2.3.44'");

}  // namespace

TEST_CASE("PS3.8 9.3.2: A-ASSOCIATE-RQ, golden bytes both ways") {
  const auto parsed = parse_associate_rq(body(echo_rq));
  REQUIRE(parsed);
  CHECK(*parsed == expected_echo_rq());
  CHECK(parsed->titles.called_ae().value() == "ANY-SCP");
  CHECK(encode(expected_echo_rq()) == echo_rq);
}

TEST_CASE("PS3.8 9.3.3: A-ASSOCIATE-AC, golden bytes both ways") {
  AssociateAc ac;
  ac.titles = AssociateTitles(AeTitle("ANY-SCP"), AeTitle("ECHOSCU"));
  ac.application_context = Uid("1.2.840.10008.3.1.1.1");
  ac.presentation_contexts.push_back(
      {PresentationContextId{1}, ContextResult::acceptance, Uid("1.2.840.10008.1.2")});
  ac.user_information = expected_echo_rq().user_information;
  const auto parsed = parse_associate_ac(body(echo_ac));
  REQUIRE(parsed);
  CHECK(*parsed == ac);
  CHECK(encode(ac) == echo_ac);
}

TEST_CASE("PS3.8 9.3.4, 9.3.6 to 9.3.8: the four-byte PDUs, golden bytes both ways") {
  CHECK(encode(AssociateRj{1, 1, 7}) == bytes("03 00 00000004 00 01 01 07"));
  CHECK(encode_release_rq() == bytes("05 00 00000004 00000000"));
  CHECK(encode_release_rp() == bytes("06 00 00000004 00000000"));
  CHECK(encode(Abort{2, 6}) == bytes("07 00 00000004 00 00 02 06"));

  CHECK(parse_associate_rj(bytes("FF 02 03 02")).value() == AssociateRj{2, 3, 2});
  CHECK(parse_abort(bytes("FF FF 02 06")).value() == Abort{2, 6});
  CHECK(parse_abort(bytes("00 00 01 99")).value() == Abort{1, 0x99});
  CHECK(parse_release(bytes("DEADBEEF")));
  CHECK_FALSE(parse_release(bytes("000000")));
  CHECK_FALSE(parse_associate_rj(bytes("0000000000")));
  CHECK_FALSE(parse_abort(Bytes{}));
}

TEST_CASE("PS3.8 9.3.5: header of a P-DATA-TF PDU with one PDV, golden bytes") {
  std::array<std::uint8_t, 12> header{};
  encode_p_data_header(header, PresentationContextId{3}, {true, true}, 0x010203);
  CHECK(Bytes(header.begin(), header.end()) == bytes("04 00 00010209 00010205 03 03"));
  encode_p_data_header(header, PresentationContextId{5}, {false, false}, 2);
  CHECK(Bytes(header.begin(), header.end()) == bytes("04 00 00000008 00000004 05 00"));
}

TEST_CASE("PS3.7 D.3.3: all user information sub-items, golden bytes both ways") {
  const Bytes pdu = rq_with(all_user_items);
  const auto parsed = parse_associate_rq(body(pdu));
  REQUIRE(parsed);
  CHECK(parsed->user_information == expected_all_user_items());
  CHECK(encode(*parsed) == pdu);

  const auto response = parse_associate_rq(body(rq_with(bytes("59 00 0006 0004 'sure'"))));
  REQUIRE(response);
  CHECK(response->user_information.user_identity_response == bytes("'sure'"));
}

TEST_CASE("PS3.8 9.3.2.3: user information sub-items come in any order, the first of two counts") {
  const auto parsed = parse_associate_rq(
      body(rq_with(bytes("55 00 0001 'Z' 52 00 0003 '1.2' 51 00 0004 00001000 51 00 0004 00002000"))));
  REQUIRE(parsed);
  CHECK(parsed->user_information.max_length == 0x1000);
  CHECK(parsed->user_information.implementation_class_uid.value() == "1.2");
}

TEST_CASE("PS3.8 9.3.1: unknown items are skipped at every level") {
  const Bytes context =
      bytes("20 00 0024 01 00 00 00 99 00 0008 'whatever' 30 00 0004 '1.22' 40 00 0008 '1.2.3.44'");
  const auto parsed = parse_associate_rq(rq_body_with_items(
      join(bytes("7F 00 0003 'abc'"), context, bytes("50 00 000E F0 00 0002 'xx' 51 00 0004 00001000"))));
  REQUIRE(parsed);
  REQUIRE(parsed->presentation_contexts.size() == 1);
  CHECK(parsed->presentation_contexts[0].abstract_syntax.value() == "1.22");
  CHECK(parsed->user_information.max_length == 0x1000);
}

TEST_CASE("PS3.8 9.3.2: AE titles lose spaces and NULs at both ends, UIDs those behind") {
  Bytes pdu = echo_rq;
  std::copy_n(bytes("'  PACS' 00000000000000000000").begin(), 16, pdu.begin() + 10);
  const auto parsed = parse_associate_rq(body(pdu));
  REQUIRE(parsed);
  CHECK(parsed->titles.called_ae().value() == "PACS");
  CHECK(encode(*parsed) == pdu);  // an AC must give the very same bytes back

  CHECK_FALSE(AeTitle("                ").is_valid());
  CHECK_FALSE(AeTitle("A\\B").is_valid());
  CHECK_FALSE(AeTitle("12345678901234567").is_valid());
  CHECK(AeTitle("A b") != AeTitle("a b"));

  const auto padded = parse_associate_rq(
      rq_body_with_items(bytes("20 00 001C 01 00 00 00 30 00 0006 '1.22' 0000 40 00 000A '1.2.3.44' 0020")));
  REQUIRE(padded);
  CHECK(padded->presentation_contexts[0].abstract_syntax.value() == "1.22");
  CHECK(padded->presentation_contexts[0].transfer_syntaxes[0].value() == "1.2.3.44");
}

TEST_CASE("PS3.8 9.3.2.2: presentation contexts that are wrong make the PDU invalid") {
  const auto parse = [](const char* items) { return parse_associate_rq(rq_body_with_items(bytes(items))); };
  CHECK(parse_associate_rq(rq_body_with_items(one_context)));
  CHECK_FALSE(parse(""));                                                                // none
  CHECK_FALSE(parse("20 00 0018 02 00 00 00 30 00 0004 '1.22' 40 00 0008 '1.2.3.44'"));  // even id
  CHECK_FALSE(parse_associate_rq(rq_body_with_items(join(one_context, one_context))));   // same id twice
  CHECK_FALSE(parse("20 00 0010 01 00 00 00 40 00 0008 '1.2.3.44'"));                    // no abstract syntax
  CHECK_FALSE(parse("20 00 000C 01 00 00 00 30 00 0004 '1.22'"));                        // no transfer syntax
  CHECK_FALSE(parse("20 00 0020 01 00 00 00 30 00 0004 '1.22' 30 00 0004 '1.23' 40 00 0008 '1.2.3.44'"));
  CHECK_FALSE(parse("20 00 0018 01 00 00 00 30 00 0004 'abcd' 40 00 0008 '1.2.3.44'"));  // not a UID
}

TEST_CASE("PS3.8 9.3: lengths that do not fit their parent are refused") {
  for (std::size_t length = 0; length < body(echo_rq).size(); ++length) {
    CAPTURE(length);
    const auto parsed = parse_associate_rq(body(echo_rq).first(length));
    // Between two items the PDU is whole again: without user information it is still a request.
    const bool whole = length == body(echo_rq).size() - 4 - 0x3A;
    CHECK(parsed.has_value() == whole);
  }
  CHECK_FALSE(parse_associate_rq(body(rq_with(bytes("51 00 0005 00001000")))));
  CHECK_FALSE(parse_associate_rq(body(rq_with(bytes("51 00 0002 0010")))));
  CHECK_FALSE(parse_associate_rq(body(rq_with(bytes("54 00 0004 0009 '1.'")))));
  CHECK_FALSE(parse_associate_rq(body(rq_with(bytes("58 00 0006 02 01 00FF 'us'")))));
}

TEST_CASE("PS3.8 9.3.3.2: the transfer syntax of a rejected context is not looked at") {
  AssociateAc ac;
  ac.presentation_contexts.push_back({PresentationContextId{1}, ContextResult::user_rejection, Uid()});
  ac.application_context = Uid("1.2.840.10008.3.1.1.1");
  const auto parsed = parse_associate_ac(body(encode(ac)));
  REQUIRE(parsed);
  CHECK(parsed->presentation_contexts[0].result == ContextResult::user_rejection);
}
