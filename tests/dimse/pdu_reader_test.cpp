#include "dimse/pdu/pdu_reader.h"

#include "tests/dimse/support/bytes.h"
#include "tests/dimse/support/printing.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace trialgate::dimse;
using trialgate::test::Bytes;
using trialgate::test::bytes;
using trialgate::test::join;

namespace {

/// What a reader gave, with the fragments of one PDV put together.
struct Seen {
  std::vector<std::pair<PduType, Bytes>> control;
  struct Pdv {
    int context = 0;
    bool command = false;
    bool last = false;
    bool begins_pdu = false;
    Bytes payload;
    bool operator==(const Pdv&) const = default;
  };
  std::vector<Pdv> pdvs;
  bool operator==(const Seen&) const = default;
};

Result<Seen> read_in_pieces(std::span<const std::uint8_t> stream, std::size_t piece,
                            std::uint32_t max_pdu = 1000) {
  PduReader reader(max_pdu, 2000);
  Seen seen;
  while (!stream.empty()) {
    auto unread = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(unread.size());
    for (;;) {
      auto event = reader.next(unread);
      if (!event) return event.error();
      if (!*event) break;
      if (const auto* control = std::get_if<ControlPdu>(&**event)) {
        seen.control.emplace_back(control->type, Bytes(control->body.begin(), control->body.end()));
        continue;
      }
      const auto& fragment = std::get<PdvFragment>(**event);
      if (fragment.begins_pdv) {
        seen.pdvs.push_back({static_cast<int>(fragment.context),
                             fragment.control.command,
                             fragment.control.last,
                             fragment.begins_pdu,
                             {}});
      }
      auto& payload = seen.pdvs.back().payload;
      payload.insert(payload.end(), fragment.bytes.begin(), fragment.bytes.end());
      CHECK(fragment.ends_pdv == (payload.size() == fragment.pdv_payload_bytes));
    }
    CHECK(unread.empty());
  }
  CHECK_FALSE(reader.in_pdu());
  return seen;
}

Errc error_of(const char* stream) {
  const auto seen = read_in_pieces(bytes(stream), 1000);
  REQUIRE_FALSE(seen);
  return static_cast<Errc>(seen.error().code.value());
}

// Command and data in one PDU, a data set cut in three with an empty last fragment, then a release.
const Bytes conversation = join(bytes("04 00 00000013 00000006 01 03 'abcd' 00000005 01 00 'xyz'"),
                                bytes("04 00 0000000E 00000004 01 00 'uv' 00000002 01 02"),
                                bytes("05 00 00000004 00000000"), bytes("07 00 00000004 00000206"));

}  // namespace

TEST_CASE("PS3.8 9.3.5: PDVs straddle reads at every byte, and all ways of cutting give the same") {
  const auto whole = read_in_pieces(conversation, conversation.size());
  REQUIRE(whole);
  REQUIRE(whole->pdvs.size() == 4);
  CHECK(whole->pdvs[0] == Seen::Pdv{1, true, true, true, bytes("'abcd'")});
  CHECK(whole->pdvs[1] == Seen::Pdv{1, false, false, false, bytes("'xyz'")});
  CHECK(whole->pdvs[2] == Seen::Pdv{1, false, false, true, bytes("'uv'")});
  CHECK(whole->pdvs[3] == Seen::Pdv{1, false, true, false, Bytes{}});
  REQUIRE(whole->control.size() == 2);
  CHECK(whole->control[0].first == PduType::release_rq);
  CHECK(whole->control[1] == std::pair{PduType::abort, bytes("00000206")});

  for (std::size_t piece = 1; piece < conversation.size(); ++piece) {
    CAPTURE(piece);
    const auto cut = read_in_pieces(conversation, piece);
    REQUIRE(cut);
    CHECK(*cut == *whole);
  }
}

TEST_CASE("PS3.8 annex E.2: bits 2 to 7 of the message control header are ignored") {
  const auto seen = read_in_pieces(bytes("04 00 00000008 00000004 01 FE 'ab'"), 100);
  REQUIRE(seen);
  CHECK(seen->pdvs[0] == Seen::Pdv{1, false, true, true, bytes("'ab'")});
}

TEST_CASE("PS3.8 9.3: what cannot be a PDU ends the stream before anything is allocated") {
  CHECK(error_of("47 45 5420 2F20 'HTTP/1.1'") == Errc::unrecognized_pdu);
  CHECK(error_of("00 00 00000004 00000000") == Errc::unrecognized_pdu);
  CHECK(error_of("08 00 00000004 00000000") == Errc::unrecognized_pdu);
  CHECK(error_of("01 00 7FFFFFFF 0001") == Errc::pdu_too_long);
  CHECK(error_of("02 00 000007D1 0001") == Errc::pdu_too_long);
  CHECK(error_of("04 00 000003E9 00000004 01 00 'ab'") == Errc::pdu_too_long);
  CHECK(error_of("05 00 00000005 0000000000") == Errc::malformed_pdu);
  CHECK(error_of("07 00 00000000") == Errc::malformed_pdu);
}

TEST_CASE("PS3.8 9.3.5: P-DATA-TF whose PDVs do not fit is malformed") {
  CHECK(error_of("04 00 00000000") == Errc::malformed_pdu);                      // no PDV
  CHECK(error_of("04 00 00000005 00000001 01") == Errc::malformed_pdu);          // no room for a header
  CHECK(error_of("04 00 00000006 00000001 01 00") == Errc::malformed_pdu);       // item length below 2
  CHECK(error_of("04 00 00000008 00000005 01 00 'ab'") == Errc::malformed_pdu);  // longer than the PDU
  CHECK(error_of("04 00 00000008 FFFFFFFF 01 00 'ab'") == Errc::malformed_pdu);
  CHECK(error_of("04 00 0000000A 00000004 01 00 'ab' 0000") ==
        Errc::malformed_pdu);  // bytes behind the last PDV
}

TEST_CASE("PS3.8 D.1: the maximum length limits the P-DATA-TF body and nothing else") {
  CHECK(read_in_pieces(join(bytes("04 00 000003E8 000003E4 01 00"), Bytes(994, 7)), 100));
  CHECK(read_in_pieces(join(bytes("01 00 000007D0"), Bytes(2000, 7)), 100));
}

TEST_CASE("PduReader tells whether it is in the middle of a PDU") {
  PduReader reader(1000);
  const Bytes release = bytes("05 00 00000004 00000000");
  for (std::size_t i = 0; i + 1 < release.size(); ++i) {
    auto one = std::span(release).subspan(i, 1);
    CHECK_FALSE(reader.next(one)->has_value());
    CHECK(reader.in_pdu());
  }
  auto last = std::span(release).last(1);
  CHECK(reader.next(last)->has_value());
  CHECK_FALSE(reader.in_pdu());
}
