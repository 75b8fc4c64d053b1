#include "dimse/message/command_set.h"
#include "dimse/message/fragment_writer.h"
#include "dimse/message/message_assembler.h"
#include "dimse/message/messages.h"
#include "dimse/pdu/pdu_reader.h"
#include "dimse/status.h"
#include "tests/dimse/support/bytes.h"
#include "tests/dimse/support/printing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace trialgate::dimse;
using trialgate::test::Bytes;
using trialgate::test::bytes;
using trialgate::test::join;

namespace {

const Bytes echo_rq_command = bytes(
    "0000 0000 04000000 38000000"
    "0000 0200 12000000 '1.2.840.10008.1.1' 00"
    "0000 0001 02000000 3000"
    "0000 1001 02000000 0700"
    "0000 0008 02000000 0101");

const Bytes store_rq_command = bytes(
    "0000 0000 04000000 5A000000"
    "0000 0200 1A000000 '1.2.840.10008.5.1.4.1.1.2' 00"
    "0000 0001 02000000 0100"
    "0000 1001 02000000 0102"
    "0000 0007 02000000 0000"
    "0000 0008 02000000 0100"
    "0000 0010 08000000 '1.2.3.4' 00");

PdvFragment pdv(int context, bool command, bool last, std::span<const std::uint8_t> payload) {
  PdvFragment fragment;
  fragment.context = PresentationContextId{static_cast<std::uint8_t>(context)};
  fragment.control = {command, last};
  fragment.pdv_payload_bytes = static_cast<std::uint32_t>(payload.size());
  fragment.bytes = payload;
  fragment.begins_pdu = fragment.begins_pdv = fragment.ends_pdv = true;
  return fragment;
}

MessageAssembler assembler(OddFragments odd = OddFragments::last_of_data_set) {
  std::bitset<256> accepted;
  accepted.set(1).set(3);
  return MessageAssembler(accepted, odd);
}

Errc code(const Failure& failure) {
  return static_cast<Errc>(failure.code.value());
}

/// All PDUs of a writer's buffer as PDV fragments, each with its payload copied.
struct Sent {
  MessageControlHeader control;
  Bytes payload;
};
std::vector<Sent> sent_by(const Bytes& pdus) {
  PduReader reader(1 << 20);
  std::vector<Sent> all;
  std::span<const std::uint8_t> unread(pdus);
  for (;;) {
    auto event = reader.next(unread);
    REQUIRE(event);
    if (!*event) break;
    const auto& fragment = std::get<PdvFragment>(**event);
    CHECK(fragment.begins_pdu);  // one PDV per PDU
    CHECK(fragment.ends_pdv);
    all.push_back({fragment.control, Bytes(fragment.bytes.begin(), fragment.bytes.end())});
  }
  CHECK_FALSE(reader.in_pdu());
  return all;
}

}  // namespace

TEST_CASE("PS3.7 9.3.5: C-ECHO-RQ, golden bytes both ways") {
  const auto command = CommandSet::parse(echo_rq_command);
  REQUIRE(command);
  CHECK(CEchoRq::from(*command)->message_id == 7);
  CHECK_FALSE(command->data_set_follows());
  CHECK(command->encode() == echo_rq_command);
  CHECK(CEchoRq{7}.to_command_set().encode() == echo_rq_command);
}

TEST_CASE("PS3.7 9.3.1: C-STORE-RQ, golden bytes both ways, and its response") {
  const auto command = CommandSet::parse(store_rq_command);
  REQUIRE(command);
  const auto rq = CStoreRq::from(*command);
  REQUIRE(rq);
  CHECK(rq->message_id == 0x0201);
  CHECK(rq->affected_sop_class.value() == "1.2.840.10008.5.1.4.1.1.2");
  CHECK(rq->affected_sop_instance.value() == "1.2.3.4");
  CHECK(command->data_set_follows());
  CHECK(rq->to_command_set().encode() == store_rq_command);

  const CommandSet response = response_to(*command, status::out_of_resources, std::string(80, 'x'));
  const auto parsed = Response::from(*CommandSet::parse(response.encode()));
  REQUIRE(parsed);
  CHECK(parsed->command_field == 0x8001);
  CHECK(parsed->message_id_being_responded_to == 0x0201);
  CHECK(parsed->status == 0xA700);
  CHECK(parsed->error_comment == std::string(64, 'x'));
  CHECK(parsed->affected_sop_instance.value() == "1.2.3.4");
  CHECK_FALSE(parsed->data_set_follows);
}

TEST_CASE("PS3.7 9.3.1.1: the move originator goes both ways") {
  CStoreRq rq;
  rq.message_id = 1;
  rq.move_originator = AeTitle("MOVER");
  rq.move_originator_message_id = 9;
  const auto back = CStoreRq::from(*CommandSet::parse(rq.to_command_set().encode()));
  REQUIRE(back);
  CHECK(back->move_originator == AeTitle("MOVER"));
  CHECK(back->move_originator_message_id == 9);
}

TEST_CASE("PS3.7 6.3.1: command sets that are none are refused") {
  for (std::size_t length = 0; length < echo_rq_command.size(); ++length) {
    CAPTURE(length);
    const auto parsed = CommandSet::parse(std::span(echo_rq_command).first(length));
    // At the end of an element it is a command set again, if the command field has come.
    CHECK(parsed.has_value() == (length == 12 + 26 + 10 || length == 12 + 26 + 20));
  }
  Bytes other_group = echo_rq_command;
  other_group[12] = 8;
  CHECK_FALSE(CommandSet::parse(other_group));
  CHECK_FALSE(CommandSet::parse(join(echo_rq_command, bytes("0000 0001 02000000 3000"))));  // does not ascend
  CHECK_FALSE(CommandSet::parse(bytes("0000 0001 02000000 3000")));                         // no group length
  CHECK_FALSE(CommandSet::parse(bytes("0000 0000 04000000 00000000 0000 0001 FFFFFFFF 3000")));
  CHECK_FALSE(CommandSet::parse(Bytes(max_command_set_bytes + 2, 0)));
  CHECK_FALSE(
      CEchoRq::from(*CommandSet::parse(bytes("0000 0000 04000000 00000000 0000 0001 02000000 3000"))));
  CHECK_FALSE(Response::from(*CommandSet::parse(echo_rq_command)));
}

TEST_CASE("PS3.7 annex C: status codes fall into their classes") {
  CHECK(classify(0x0000) == StatusClass::success);
  CHECK(classify(0xB006) == StatusClass::warning);
  CHECK(classify(0xA700) == StatusClass::failure);
  CHECK(classify(0xC123) == StatusClass::failure);
  CHECK(classify(0xFF01) == StatusClass::pending);
  CHECK(classify(0xFE00) == StatusClass::cancel);
  CHECK(classify(0x0122) == StatusClass::failure);
}

TEST_CASE("PS3.8 E.1: a command in pieces and a data set with an empty last fragment make one message") {
  auto messages = assembler();
  const std::span<const std::uint8_t> command(store_rq_command);
  CHECK_FALSE(messages.add(pdv(1, true, false, command.first(10)))->has_value());
  CHECK(messages.in_message());
  const auto received = messages.add(pdv(1, true, true, command.subspan(10)));
  REQUIRE(received);
  REQUIRE(*received);
  CHECK(std::get<CommandReceived>(**received).context == PresentationContextId{1});
  CHECK(messages.in_message());

  const Bytes data = bytes("'abcd'");
  const auto piece = messages.add(pdv(1, false, false, data));
  REQUIRE(piece);
  CHECK_FALSE(std::get<DataSetBytes>(**piece).last);
  const auto last = messages.add(pdv(1, false, true, {}));
  REQUIRE(last);
  CHECK(std::get<DataSetBytes>(**last).last);
  CHECK_FALSE(messages.in_message());
}

TEST_CASE("PS3.8 E.1: fragments out of order are unexpected") {
  const Bytes data = bytes("'abcd'");
  SUBCASE("data set without command") {
    auto messages = assembler();
    CHECK(code(messages.add(pdv(1, false, true, data)).error()) == Errc::unexpected_message);
  }
  SUBCASE("data set before its command is complete") {
    auto messages = assembler();
    REQUIRE(messages.add(pdv(1, true, false, std::span(store_rq_command).first(10))));
    CHECK(code(messages.add(pdv(1, false, true, data)).error()) == Errc::unexpected_message);
  }
  SUBCASE("new command before the data set is complete") {
    auto messages = assembler();
    REQUIRE(messages.add(pdv(1, true, true, store_rq_command)));
    CHECK(code(messages.add(pdv(1, true, true, echo_rq_command)).error()) == Errc::unexpected_message);
  }
  SUBCASE("data set where the command announced none") {
    auto messages = assembler();
    REQUIRE(messages.add(pdv(1, true, true, echo_rq_command)));
    CHECK(code(messages.add(pdv(1, false, true, data)).error()) == Errc::unexpected_message);
  }
  SUBCASE("two contexts interleaved") {
    auto messages = assembler();
    REQUIRE(messages.add(pdv(1, true, true, store_rq_command)));
    CHECK(code(messages.add(pdv(3, false, true, data)).error()) == Errc::unexpected_message);
  }
  SUBCASE("context that was not accepted") {
    auto messages = assembler();
    CHECK(code(messages.add(pdv(5, true, true, echo_rq_command)).error()) == Errc::unexpected_message);
  }
}

TEST_CASE("PS3.8 E.2: an odd fragment passes only as last one of a data set, unless configured") {
  const Bytes odd = bytes("'abc'");
  const auto message = [&](OddFragments allowed, bool last) {
    auto messages = assembler(allowed);
    REQUIRE(messages.add(pdv(1, true, true, store_rq_command)));
    return messages.add(pdv(1, false, last, odd)).has_value() && messages.odd_fragments() == 1;
  };
  CHECK(message(OddFragments::last_of_data_set, true));
  CHECK_FALSE(message(OddFragments::last_of_data_set, false));
  CHECK_FALSE(message(OddFragments::none, true));
  CHECK(message(OddFragments::any, false));
}

TEST_CASE("A command set without end and a run of empty fragments are cut off") {
  auto commands = assembler();
  const Bytes chunk(16384, 0);
  for (int i = 0; i < 4; ++i) REQUIRE(commands.add(pdv(1, true, false, chunk)));
  CHECK(code(commands.add(pdv(1, true, false, chunk)).error()) == Errc::malformed_command);

  auto empty = assembler();
  REQUIRE(empty.add(pdv(1, true, true, store_rq_command)));
  for (int i = 0; i < 16; ++i) CHECK(empty.add(pdv(1, false, false, {})));
  CHECK(code(empty.add(pdv(1, false, false, {})).error()) == Errc::malformed_pdu);
}

TEST_CASE("PS3.8 annex E: a message is cut into even fragments of at most the peer's maximum less 6") {
  for (const std::uint32_t maximum : {16U, 17U, 64U, 4096U, 16384U, 0U}) {
    CAPTURE(maximum);
    auto writer = FragmentWriter::create(8192, maximum);
    REQUIRE(writer);
    CHECK(writer->fragment_bytes() % 2 == 0);
    if (maximum != 0) CHECK(writer->fragment_bytes() <= maximum - 6);
    Bytes data(20000);
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7);

    Bytes pdus;
    const auto flush = [&] {
      pdus.insert(pdus.end(), writer->pending().begin(), writer->pending().end());
      writer->clear();
    };
    writer->add_command(PresentationContextId{1}, store_rq_command);
    writer->begin_data_set(PresentationContextId{1}, data.size());
    std::span<const std::uint8_t> rest(data);
    while (!rest.empty()) {
      const auto taken = writer->add_data(rest.first(std::min<std::size_t>(rest.size(), 777)));
      if (taken == 0) flush();
      rest = rest.subspan(taken);
    }
    CHECK(writer->data_set_left() == 0);
    flush();

    Bytes command;
    Bytes received;
    const auto fragments = sent_by(pdus);
    for (const Sent& fragment : fragments) {
      auto& target = fragment.control.command ? command : received;
      target.insert(target.end(), fragment.payload.begin(), fragment.payload.end());
      CHECK(fragment.payload.size() <= writer->fragment_bytes());
      CHECK(fragment.payload.size() % 2 == 0);
      CHECK(fragment.control.last == (fragment.control.command ? command.size() == store_rq_command.size()
                                                               : received.size() == data.size()));
    }
    CHECK(command == store_rq_command);
    CHECK(received == data);
  }
  CHECK_FALSE(FragmentWriter::create(8192, 15));
}

TEST_CASE("PS3.8 annex E: an empty data set is one empty last fragment") {
  auto writer = FragmentWriter::create(8192, 0);
  REQUIRE(writer);
  writer->begin_data_set(PresentationContextId{1}, 0);
  const auto fragments = sent_by(Bytes(writer->pending().begin(), writer->pending().end()));
  REQUIRE(fragments.size() == 1);
  CHECK(fragments[0].control == MessageControlHeader{false, true});
  CHECK(fragments[0].payload.empty());
}

TEST_CASE(
    "PS3.7 9.3, 10.3: requests of query/retrieve and of the normalized services come back as they were") {
  CMoveRq move;
  move.message_id = 7;
  move.affected_sop_class = Uid("1.2.840.10008.5.1.4.1.2.2.2");
  move.priority = 2;
  move.move_destination = AeTitle("READER");
  const auto parsed = CMoveRq::from(CommandSet::parse(move.to_command_set().encode()).value());
  REQUIRE(parsed);
  CHECK(parsed->message_id == 7);
  CHECK(parsed->priority == 2);
  CHECK(parsed->affected_sop_class == move.affected_sop_class);
  CHECK(parsed->move_destination == move.move_destination);

  const auto cancel = CCancelRq{9}.to_command_set();
  CHECK(CCancelRq::from(cancel)->message_id_being_responded_to == 9);
  CHECK_FALSE(cancel.is_response());
  CHECK_FALSE(cancel.data_set_follows());

  NormalizedRq rq;
  rq.message_id = 3;
  rq.sop_class = Uid("1.2.840.10008.1.20.1");
  rq.sop_instance = Uid("1.2.840.10008.1.20.1.1");
  rq.type_id = 1;
  rq.data_set_follows = true;
  for (const CommandField field : {CommandField::n_action_rq, CommandField::n_event_report_rq}) {
    rq.command_field = field;
    const CommandSet command = rq.to_command_set();
    const bool affected = field == CommandField::n_event_report_rq;
    CHECK(command.uid(CommandElement::affected_sop_class_uid).has_value() == affected);
    CHECK(command.uid(CommandElement::requested_sop_class_uid).has_value() != affected);
    const auto read = NormalizedRq::from(command);
    REQUIRE(read);
    CHECK(read->sop_class == rq.sop_class);
    CHECK(read->sop_instance == rq.sop_instance);
    CHECK(read->type_id == 1);
    CHECK(read->data_set_follows);
    const auto response = Response::from(response_to(command, 0));
    REQUIRE(response);
    CHECK(response->affected_sop_class == rq.sop_class);
    CHECK(response->affected_sop_instance == rq.sop_instance);
  }
  CHECK_FALSE(NormalizedRq::from(CEchoRq{1}.to_command_set()));
}

TEST_CASE("PS3.7 9.3.4.2: remaining sub-operations are told only while there may be some") {
  const SubOperations counts{70000, 1, 2, 3};
  CMoveRq rq;
  rq.message_id = 1;
  const auto told = [&](std::uint16_t status) {
    CommandSet response = response_to(rq.to_command_set(), status);
    set_sub_operations(response, counts);
    return Response::from(response)->sub_operations.value();
  };
  CHECK(told(0xFF00) == SubOperations{0xFFFF, 1, 2, 3});
  CHECK(told(0xFE00) == SubOperations{0xFFFF, 1, 2, 3});
  CHECK(told(0xB000) == SubOperations{0, 1, 2, 3});
}
