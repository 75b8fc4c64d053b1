#include "dimse/scp/acceptor.h"

#include "dimse/message/command_set.h"
#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "tests/dimse/support/node.h"
#include "tests/dimse/support/printing.h"
#include "tests/dimse/support/raw_peer.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;

namespace {

RawPeer associated(Node& node) {
  RawPeer peer(node.port);
  peer.send(usual_rq_bytes());
  REQUIRE(peer.receive()->type == 2);
  return peer;
}

/// The answer is A-ASSOCIATE-RJ with these numbers.
void check_rejected(RawPeer& peer, Bytes numbers) {
  const auto pdu = peer.receive();
  REQUIRE(pdu);
  CHECK(pdu->type == 3);
  CHECK(Bytes(pdu->body.begin() + 1, pdu->body.end()) == numbers);
}

/// The answer is A-ABORT with this source and reason, and then the end of the stream.
void check_aborted(RawPeer& peer, std::uint8_t source, std::uint8_t reason) {
  const auto pdu = peer.receive();
  REQUIRE(pdu);
  CHECK(pdu->type == 7);
  CHECK(pdu->body == Bytes{0, 0, source, reason});
  CHECK(peer.sees_close());
}

void release(RawPeer& peer) {
  peer.send(encode_release_rq());
  const auto pdu = peer.receive();
  REQUIRE(pdu);
  CHECK(pdu->type == 6);
  peer.close();
}

}  // namespace

TEST_CASE("PS3.8 7.1: association, C-ECHO and release, fed byte by byte") {
  Node node;
  RawPeer peer(node.port);
  const Bytes rq = usual_rq_bytes();
  const Bytes echo = c_echo_rq(1, 42);
  for (const std::uint8_t& byte : rq) peer.send({&byte, 1});
  const auto ac = peer.receive();
  REQUIRE(ac);
  REQUIRE(ac->type == 2);
  const auto parsed = parse_associate_ac(ac->body);
  REQUIRE(parsed);
  CHECK(parsed->presentation_contexts.size() == 2);
  CHECK(parsed->user_information.max_length == 128 * 1024);
  CHECK(std::equal(ac->body.begin() + 4, ac->body.begin() + 68,
                   rq.begin() + 10));  // titles come back as they were
  for (const std::uint8_t& byte : echo) peer.send({&byte, 1});
  CHECK(status_of(peer.receive()) == 0);
  const Bytes release_rq = encode_release_rq();
  for (const std::uint8_t& byte : release_rq) peer.send({&byte, 1});
  CHECK(peer.receive()->type == 6);
  peer.close();
  CHECK(eventually([&] { return node.service.ends() == std::vector{AssociationEnd::released}; }));
  CHECK(node.log.has("assoc.accept id=1 calling=RAWPEER called=TRIALGATE"));
  CHECK(node.log.has("version=RAW"));
}

TEST_CASE("PS3.8 table 9-21: who is not let in hears the right numbers") {
  Node node;
  const auto rejected = [&node](const AssociateRq& rq, Bytes numbers) {
    RawPeer peer(node.port);
    peer.send(encode(rq));
    check_rejected(peer, std::move(numbers));
  };
  auto rq = usual_rq();
  rq.titles = AssociateTitles(AeTitle("OTHER"), AeTitle("RAWPEER"));
  rejected(rq, {1, 1, 7});
  rq.titles = AssociateTitles(AeTitle(""), AeTitle("RAWPEER"));
  rejected(rq, {1, 1, 7});
  rq.titles = AssociateTitles(AeTitle("TRIALGATE"), AeTitle("STRANGER"));
  rejected(rq, {1, 1, 3});
  rq.titles = AssociateTitles(AeTitle("TRIALGATE"), AeTitle(""));
  rejected(rq, {1, 1, 3});
  rq = usual_rq();
  rq.application_context = Uid("1.2.3");
  rejected(rq, {1, 1, 2});
  rq = usual_rq();
  rq.protocol_version = 2;
  rejected(rq, {1, 2, 2});
  rq = usual_rq();
  rq.user_information.max_length = 8;
  rejected(rq, {1, 1, 1});
  CHECK(node.log.has("assoc.reject id=1 calling=RAWPEER called=OTHER"));
  CHECK(node.log.has("reason=1/1/7"));
  CHECK(node.service.ends().empty());
}

TEST_CASE("PS3.8 9.3.2: other version bits, reserved bytes, NUL padding and unknown items do not matter") {
  Node node;
  auto rq = usual_rq();
  rq.protocol_version = 0xFFFF;
  rq.titles.reserved.fill(0xAA);
  std::fill(rq.titles.called.begin() + 9, rq.titles.called.end(), '\0');
  Bytes pdu = encode(rq);
  const Bytes unknown = bytes("77 00 0004 'what'");
  pdu.insert(pdu.end(), unknown.begin(), unknown.end());
  pdu[1] = 0xFF;
  pdu[5] = static_cast<std::uint8_t>(pdu[5] + unknown.size());
  RawPeer peer(node.port);
  peer.send(pdu);
  REQUIRE(peer.receive()->type == 2);
  release(peer);
}

TEST_CASE("PS3.8 9.3.3: with no context accepted the association stands, and the peer releases") {
  Node node;
  auto rq = usual_rq();
  rq.presentation_contexts = {
      {PresentationContextId{1}, Uid("1.2.840.10008.5.1.4.31"), {Uid("1.2.840.10008.1.2")}}};
  RawPeer peer(node.port);
  peer.send(encode(rq));
  const auto ac = peer.receive();
  REQUIRE(ac->type == 2);
  const auto parsed = parse_associate_ac(ac->body);
  REQUIRE(parsed);
  CHECK(parsed->presentation_contexts.at(0).result == ContextResult::abstract_syntax_not_supported);
  release(peer);
}

TEST_CASE("PS3.8 9.3.8: what is no PDU, malformed or unexpected is aborted with the right reason") {
  Node node;
  SUBCASE("an HTTP request on the port, AA-1") {
    RawPeer peer(node.port);
    peer.send(bytes("'GET / HTTP/1.1' 0D0A 'Host: x' 0D0A0D0A"));
    check_aborted(peer, 0, 0);
  }
  SUBCASE("an A-ASSOCIATE-RQ longer than any, AA-1") {
    RawPeer peer(node.port);
    peer.send(bytes("01 00 7FFFFFFF 0001"));
    check_aborted(peer, 0, 0);
  }
  SUBCASE("twice the same presentation context id, AA-1") {
    auto rq = usual_rq();
    rq.presentation_contexts[1].id = PresentationContextId{1};
    RawPeer peer(node.port);
    peer.send(encode(rq));
    check_aborted(peer, 0, 0);
  }
  SUBCASE("P-DATA before the association, AA-1") {
    RawPeer peer(node.port);
    peer.send(c_echo_rq(1, 1));
    check_aborted(peer, 0, 0);
  }
  SUBCASE("a second A-ASSOCIATE-RQ, AA-8") {
    RawPeer peer = associated(node);
    peer.send(usual_rq_bytes());
    check_aborted(peer, 2, 2);
    CHECK(eventually([&] { return node.service.ends() == std::vector{AssociationEnd::aborted_by_us}; }));
  }
  SUBCASE("a P-DATA-TF longer than advertised") {
    RawPeer peer = associated(node);
    peer.send(bytes("04 00 00020001 0001FFFD 01 00"));
    check_aborted(peer, 2, 6);
  }
  SUBCASE("a P-DATA-TF without PDV") {
    RawPeer peer = associated(node);
    peer.send(bytes("04 00 00000000"));
    check_aborted(peer, 2, 6);
  }
  SUBCASE("data set before command") {
    RawPeer peer = associated(node);
    peer.send(p_data(3, false, true, bytes("'ab'")));
    check_aborted(peer, 2, 2);
  }
  SUBCASE("messages interleaved") {
    RawPeer peer = associated(node);
    peer.send(c_store_rq(3, 1, ct_image_storage, "1.2"));
    peer.send(p_data(3, false, false, bytes("'ab'")));
    peer.send(c_echo_rq(1, 2));
    check_aborted(peer, 2, 2);
    CHECK(eventually([&] { return node.service.discarded() == 1; }));
  }
  SUBCASE("a context that was not accepted") {
    RawPeer peer = associated(node);
    peer.send(c_echo_rq(99, 1));
    check_aborted(peer, 2, 2);
  }
  SUBCASE("a command set that is none: the user's abort") {
    RawPeer peer = associated(node);
    peer.send(p_data(1, true, true, bytes("0800 0500 02000000 4142")));
    check_aborted(peer, 0, 0);
  }
  SUBCASE("a response to nothing") {
    RawPeer peer = associated(node);
    peer.send(p_data(1, true, true,
                     bytes("0000 0000 04000000 00000000 0000 0001 02000000 3080 0000 0008 02000000 0101")));
    check_aborted(peer, 2, 2);
  }
  SUBCASE("release within a message") {
    RawPeer peer = associated(node);
    peer.send(c_store_rq(3, 1, ct_image_storage, "1.2"));
    peer.send(encode_release_rq());
    check_aborted(peer, 2, 2);
  }
}

TEST_CASE("PS3.7 9.3.1: C-STORE with command and data in one PDU, split PDVs and an empty last fragment") {
  Node node;
  RawPeer peer = associated(node);
  const Bytes command = c_store_rq(3, 5, ct_image_storage, "1.2.3");
  Bytes pdu = command;
  const Bytes pdvs = bytes("00000006 03 00 'abcd' 00000004 03 00 'ef'");
  pdu.insert(pdu.end(), pdvs.begin(), pdvs.end());
  pdu[5] = static_cast<std::uint8_t>(pdu[5] + pdvs.size());
  peer.send(pdu);
  peer.send(p_data(3, false, true, {}));
  CHECK(status_of(peer.receive()) == 0);
  const auto stored = node.service.stored();
  REQUIRE(stored.size() == 1);
  CHECK(stored[0].data_set == bytes("'abcdef'"));
  CHECK(stored[0].request.sop_instance.value() == "1.2.3");
  CHECK(stored[0].request.sop_class.value() == ct_image_storage);
  CHECK(stored[0].request.transfer_syntax.value() == "1.2.840.10008.1.2.1");
  CHECK(stored[0].request.association.calling.value() == "RAWPEER");
  CHECK(stored[0].request.association.peer_address == "127.0.0.1");
  release(peer);
}

TEST_CASE(
    "PS3.7 9.1: requests that cannot be served are answered after their data set, and the association goes "
    "on") {
  Node node;
  RawPeer peer = associated(node);
  const auto store = [&peer](int context, const char* sop_class, const char* sop_instance) {
    peer.send(c_store_rq(context, 1, sop_class, sop_instance));
    peer.send(p_data(context, false, false, bytes("'abcd'")));
    peer.send(p_data(context, false, true, bytes("'ef'")));
    return status_of(peer.receive());
  };
  CHECK(store(3, "1.2.840.10008.5.1.4.1.1.4", "1.2.3") == 0x0122);  // MR on the CT context
  CHECK(store(1, "1.2.840.10008.1.1", "1.2.3") == 0x0122);
  CHECK(store(3, ct_image_storage, "") == 0x0117);
  node.service.behave({.refusal = StoreOutcome{0xA700, "no space"}});
  CHECK(store(3, ct_image_storage, "1.2.3") == 0xA700);
  node.service.behave({});
  CHECK(store(3, ct_image_storage, "1.2.3") == 0);

  // C-FIND-RQ, which nobody here serves, and a C-STORE-RQ that announces no data set.
  peer.send(p_data(1, true, true,
                   bytes("0000 0000 04000000 00000000 0000 0001 02000000 2000 0000 1001 02000000 0300 "
                         "0000 0008 02000000 0100")));
  peer.send(p_data(1, false, true, bytes("'abcd'")));
  CHECK(status_of(peer.receive()) == 0x0211);
  peer.send(p_data(3, true, true,
                   bytes("0000 0000 04000000 00000000 0000 0001 02000000 0100 0000 1001 02000000 0300 "
                         "0000 0008 02000000 0101")));
  CHECK(status_of(peer.receive()) == 0x0212);
  CHECK(node.service.stored().size() == 1);
  release(peer);
}

TEST_CASE("A sink that fails: the rest is read, the status says why, the association goes on") {
  Node node;
  node.service.behave({.fail_write_beyond = 4});
  RawPeer peer = associated(node);
  const auto store = [&peer] {
    peer.send(c_store_rq(3, 1, ct_image_storage, "1.2.3"));
    for (int i = 0; i < 10; ++i) peer.send(p_data(3, false, i == 9, bytes("'abcd'")));
    return status_of(peer.receive());
  };
  CHECK(store() == 0xA700);
  node.service.behave(
      {.fail_write_beyond = 4,
       .write_failure = {boost::system::errc::make_error_code(boost::system::errc::io_error), "test"}});
  CHECK(store() == 0x0110);
  node.service.behave(
      {.fail_write_beyond = 4,
       .write_failure = {boost::system::errc::make_error_code(boost::system::errc::no_space_on_device),
                         "test"}});
  CHECK(store() == 0xA700);
  CHECK(node.service.stored().empty());
  CHECK(node.service.discarded() == 3);
  node.service.behave({.outcome = {0xC000, "unreadable"}});
  CHECK(store() == 0xC000);
  release(peer);
}

TEST_CASE("An instance longer than the policy allows is refused with A700") {
  Node node;
  Accept small;
  small.max_instance_bytes = 8;
  node.policy.grant(small);
  RawPeer peer = associated(node);
  peer.send(c_store_rq(3, 1, ct_image_storage, "1.2.3"));
  for (int i = 0; i < 10; ++i) peer.send(p_data(3, false, i == 9, bytes("'abcd'")));
  CHECK(status_of(peer.receive()) == 0xA700);
  CHECK(node.service.discarded() == 1);
  release(peer);
}

TEST_CASE("PS3.8 AA-3, AA-4: a peer that aborts or dies in a data set leaves nothing behind") {
  Node node;
  const auto begin = [&node] {
    RawPeer peer = associated(node);
    peer.send(c_store_rq(3, 1, ct_image_storage, "1.2.3"));
    peer.send(p_data(3, false, false, bytes("'abcd'")));
    const auto so_far = node.service.begun();
    CHECK(eventually([&node, so_far] { return node.service.begun() >= so_far; }));
    return peer;
  };
  AssociationEnd expected{};
  SUBCASE("A-ABORT") {
    RawPeer peer = begin();
    peer.send(encode(Abort{0, 0}));
    CHECK(peer.sees_close());
    expected = AssociationEnd::aborted_by_peer;
  }
  SUBCASE("end of the stream within a PDU") {
    RawPeer peer = begin();
    peer.send(bytes("04 00 00000010 0000000C 03 00 'ab'"));
    peer.close();
    expected = AssociationEnd::connection_lost;
  }
  SUBCASE("reset") {
    RawPeer peer = begin();
    CHECK(eventually([&node] { return node.service.begun() == 1; }));
    peer.reset();
    expected = AssociationEnd::connection_lost;
  }
  CHECK(eventually([&] { return node.service.ends() == std::vector{expected}; }));
  CHECK(node.service.stored().empty());
  CHECK(node.service.discarded() == 1);
  CHECK(eventually([&] { return node.acceptor->open_associations() == 0; }));
}

TEST_CASE("PS3.8 9.1.4: ARTIM cuts off who does not ask, however it trickles, and who does not close") {
  Node node;
  const auto begun = std::chrono::steady_clock::now();
  SUBCASE("nothing comes") {
    RawPeer peer(node.port);
    CHECK(peer.sees_close());
  }
  SUBCASE("a byte now and then") {
    RawPeer peer(node.port);
    const Bytes rq = usual_rq_bytes();
    for (const std::uint8_t& byte : rq) {
      if (!peer.try_send({&byte, 1})) break;
      std::this_thread::sleep_for(20ms);
    }
    CHECK(peer.sees_close());
  }
  SUBCASE("Sta13 after a release") {
    RawPeer peer = associated(node);
    peer.send(encode_release_rq());
    CHECK(peer.receive()->type == 6);
    CHECK(peer.sees_close());
  }
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(took > 350ms);
  CHECK(took < 3s);
}

TEST_CASE("PS3.8 AA-6, AA-7: in Sta13 PDUs are ignored but a new request is aborted") {
  auto config = test_config();
  config.artim = 5s;
  Node node(config);
  RawPeer peer = associated(node);
  peer.send(encode_release_rq());
  CHECK(peer.receive()->type == 6);
  peer.send(c_echo_rq(1, 1));
  peer.send(encode_release_rq());
  peer.send(usual_rq_bytes());
  const auto pdu = peer.receive();
  REQUIRE(pdu);
  CHECK(pdu->type == 7);
  peer.close();
}

TEST_CASE("A peer slower than the rate floor is cut off, however often it sends; an idle one too") {
  auto config = test_config();
  config.progress = 300ms;
  config.idle = 300ms;
  Node node(config);
  SUBCASE("one byte every 20 ms within a PDU") {
    RawPeer peer = associated(node);
    const Bytes message =
        join(c_store_rq(3, 1, ct_image_storage, "1.2.3"), p_data(3, false, true, Bytes(2000, 7)));
    std::size_t sent = 0;
    for (const std::uint8_t& byte : message) {
      if (!peer.try_send({&byte, 1})) break;
      ++sent;
      std::this_thread::sleep_for(20ms);
    }
    CHECK(sent < 100);
    CHECK(peer.sees_close());
    CHECK(eventually([&] { return node.log.has("progress of a message"); }));
  }
  SUBCASE("whole PDUs of two bytes every 20 ms") {
    RawPeer peer = associated(node);
    peer.send(c_store_rq(3, 1, ct_image_storage, "1.2.3"));
    int sent = 0;
    for (; sent < 200 && peer.try_send(p_data(3, false, false, bytes("'ab'"))); ++sent)
      std::this_thread::sleep_for(20ms);
    CHECK(sent < 100);
    CHECK(eventually([&] { return node.service.discarded() == 1; }));
  }
  SUBCASE("nothing between two messages: A-ABORT, then the end") {
    RawPeer peer = associated(node);
    peer.send(c_echo_rq(1, 1));
    CHECK(status_of(peer.receive()) == 0);
    const auto pdu = peer.receive();
    REQUIRE(pdu);
    CHECK(pdu->type == 7);
    CHECK(peer.sees_close());
    CHECK(eventually([&] { return node.service.ends() == std::vector{AssociationEnd::aborted_by_us}; }));
  }
}

TEST_CASE("Over the limits the answer is RJ 2/3/2, and a free place is given again") {
  SUBCASE("all together") {
    auto config = test_config();
    config.max_associations = 2;
    Node node(config);
    RawPeer first = associated(node);
    {
      RawPeer second = associated(node);
      RawPeer third(node.port);
      third.send(usual_rq_bytes());
      check_rejected(third, {2, 3, 2});
      release(second);
    }
    CHECK(eventually([&] { return node.acceptor->open_associations() == 1; }));
    RawPeer again = associated(node);
  }
  SUBCASE("of one address") {
    auto config = test_config();
    config.max_associations_per_address = 1;
    Node node(config);
    RawPeer first = associated(node);
    RawPeer second(node.port);
    second.send(usual_rq_bytes());
    check_rejected(second, {2, 3, 2});
    CHECK(node.log.has("limit=per address"));
  }
  SUBCASE("of one peer by name") {
    Node node;
    Accept one;
    one.peer_id = "site-1";
    one.max_associations = 1;
    node.policy.grant(one);
    RawPeer first = associated(node);
    RawPeer second(node.port);
    second.send(usual_rq_bytes());
    check_rejected(second, {2, 3, 2});
  }
}

TEST_CASE("PS3.7 D.3.3.3: requests that come before the responses are answered in order") {
  Node node;
  node.service.behave({.finish_takes = 20ms});
  auto rq = usual_rq();
  rq.user_information.async_operations_window = AsyncOperationsWindow{4, 1};
  RawPeer peer(node.port);
  peer.send(encode(rq));
  const auto ac = peer.receive();
  REQUIRE(ac->type == 2);
  CHECK(parse_associate_ac(ac->body)->user_information.async_operations_window ==
        AsyncOperationsWindow{4, 1});
  Bytes all;
  for (std::uint16_t id = 1; id <= 4; ++id) {
    const std::string instance = "1.2." + std::to_string(id);
    all = join(all, c_store_rq(3, id, ct_image_storage, instance.c_str()),
               p_data(3, false, true, bytes("'abcd'")));
  }
  peer.send(all);
  for (std::uint16_t id = 1; id <= 4; ++id) {
    const auto pdu = peer.receive();
    REQUIRE(pdu);
    const auto command = CommandSet::parse(command_of(*pdu));
    REQUIRE(command);
    CHECK(command->us(CommandElement::message_id_being_responded_to) == id);
  }
  release(peer);
}

TEST_CASE("A stop in two phases: no new association, the message under way ends, then A-ABORT") {
  Node node;
  node.service.behave({.finish_takes = 200ms});
  RawPeer idle = associated(node);
  RawPeer busy = associated(node);
  busy.send(c_store_rq(3, 1, ct_image_storage, "1.2.3"));
  busy.send(p_data(3, false, true, bytes("'abcd'")));
  CHECK(eventually([&] { return node.service.begun() == 1; }));
  node.drain(5s);
  CHECK(node.acceptor->open_associations() == 0);
  CHECK(node.service.stored().size() == 1);
  CHECK(idle.receive()->type == 7);
  CHECK(status_of(busy.receive()) == 0);
  CHECK(busy.receive()->type == 7);
  CHECK_THROWS(RawPeer(node.port));
}

TEST_CASE("A stop does not wait longer than its grace for a message that does not end") {
  Node node;
  RawPeer peer = associated(node);
  peer.send(c_store_rq(3, 1, ct_image_storage, "1.2.3"));
  CHECK(eventually([&] { return node.service.begun() == 1; }));
  const auto begun = std::chrono::steady_clock::now();
  node.drain(200ms);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
  CHECK(node.service.discarded() == 1);
  CHECK(peer.receive()->type == 7);
}

TEST_CASE("A port in use is a failure that names the port") {
  Node node;
  IoThread io;
  auto config = test_config();
  config.port = node.port;
  Acceptor second({io.executor()}, config, node.policy, node.service, node.log);
  const auto port = second.listen();
  REQUIRE_FALSE(port);
  CHECK(port.error().code == boost::system::errc::address_in_use);
  CHECK(port.error().message().find(std::to_string(node.port)) != std::string::npos);
}

TEST_CASE("AcceptorConfig out of bounds is named") {
  CHECK(validate(AcceptorConfig()));
  AcceptorConfig config;
  config.max_pdu_bytes = 0;
  CHECK(validate(config).error().where == "max_pdu_bytes");
  config = AcceptorConfig();
  config.address = "somewhere";
  CHECK(validate(config).error().where == "address");
}
