#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "tests/dimse/support/fake_services.h"
#include "tests/dimse/support/printing.h"

#include <doctest/doctest.h>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;
using enum CommandElement;

namespace {

constexpr int get_context = 3;
constexpr int move_context = 5;
constexpr int ct_context = 7;
const Bytes study_level = bytes("0800 5200 06000000 'STUDY '");

RawPeer associated(ServiceNode& services, bool as_scp = true, const char* identifiers = implicit_le) {
  auto rq = usual_rq();
  rq.presentation_contexts = {
      {PresentationContextId{get_context}, Uid(std::string(study_root_get)), {Uid(identifiers)}},
      {PresentationContextId{move_context}, Uid(std::string(study_root_move)), {Uid(identifiers)}},
      {PresentationContextId{ct_context}, Uid(ct_image_storage), {Uid(explicit_le)}}};
  if (as_scp) rq.user_information.roles = {{Uid(ct_image_storage), false, true}};
  RawPeer peer(services.node.port);
  peer.send(encode(rq));
  const auto ac = peer.receive();
  REQUIRE(ac);
  REQUIRE(ac->type == 2);
  return peer;
}

void send_get(RawPeer& peer, const Bytes& identifier = study_level) {
  CGetRq rq;
  rq.message_id = 20;
  rq.affected_sop_class = Uid(std::string(study_root_get));
  send_message(peer, get_context, rq.to_command_set(), identifier);
}

void send_move(RawPeer& peer, const Bytes& identifier = study_level) {
  CMoveRq rq;
  rq.message_id = 30;
  rq.affected_sop_class = Uid(std::string(study_root_move));
  rq.move_destination = AeTitle("READER");
  send_message(peer, move_context, rq.to_command_set(), identifier);
}

/// Reads a C-STORE sub-operation and answers it.
void take_instance(RawPeer& peer, const std::string& instance, std::uint16_t status = 0) {
  const auto store = receive_message(peer);
  REQUIRE(store);
  REQUIRE(store->command.command_field() == 0x0001);
  CHECK(store->context == ct_context);
  CHECK(store->command.uid(affected_sop_instance_uid)->value() == instance);
  send_message(peer, ct_context, response_to(store->command, status));
}

Bytes counts(const RawMessage& message) {
  Bytes all;
  for (const CommandElement element : {number_of_remaining_sub_operations, number_of_completed_sub_operations,
                                       number_of_failed_sub_operations, number_of_warning_sub_operations}) {
    all.push_back(static_cast<std::uint8_t>(message.count(element)));
  }
  return all;
}
constexpr std::uint8_t absent = 0xFF;

void check_pending(RawPeer& peer, const Bytes& expected) {
  const auto pending = receive_message(peer);
  REQUIRE(pending);
  CHECK(pending->status() == 0xFF00);
  CHECK(counts(*pending) == expected);
  CHECK(pending->data_set.empty());
}

}  // namespace

TEST_CASE("PS3.4 C.4.3: C-GET sends on the same association, counting in every response") {
  ServiceNode services;
  RawPeer peer = associated(services);
  send_get(peer);
  take_instance(peer, "1.2.0");
  check_pending(peer, {2, 1, 0, 0});
  take_instance(peer, "1.2.1");
  check_pending(peer, {1, 2, 0, 0});
  take_instance(peer, "1.2.2");
  const auto end = receive_message(peer);
  REQUIRE(end);
  CHECK(end->status() == 0);
  CHECK(end->command.command_field() == 0x8010);
  CHECK(end->command.us(message_id_being_responded_to) == 20);
  CHECK(counts(*end) == Bytes{absent, 3, 0, 0});
  CHECK(services.retrieve.alive == 0);
  CHECK(services.retrieve.answered == 3);
}

TEST_CASE("PS3.4 table C.4-3: failed and warning sub-operations make B000 with the failed instances") {
  ServiceNode services;
  const char* syntax = implicit_le;
  Bytes list = bytes("0800 5800 06000000 '1.2.1' 00");
  SUBCASE("implicit VR") {}
  SUBCASE("explicit VR") {
    syntax = explicit_le;
    list = bytes("0800 5800 'UI' 0600 '1.2.1' 00");
  }
  RawPeer peer = associated(services, true, syntax);
  send_get(peer);
  take_instance(peer, "1.2.0", 0xB000);
  check_pending(peer, {2, 0, 0, 1});
  take_instance(peer, "1.2.1", 0xA700);
  check_pending(peer, {1, 0, 1, 1});
  take_instance(peer, "1.2.2");
  const auto end = receive_message(peer);
  REQUIRE(end);
  CHECK(end->status() == 0xB000);
  CHECK(counts(*end) == Bytes{absent, 1, 1, 1});
  CHECK(end->data_set == list);
}

TEST_CASE("C-CANCEL of a C-GET: the sub-operation under way ends, the rest remains") {
  ServiceNode services;
  RawPeer peer = associated(services);
  send_get(peer);
  const auto store = receive_message(peer);
  REQUIRE(store);
  send_cancel(peer, get_context, 20);
  send_message(peer, ct_context, response_to(store->command, 0));
  check_pending(peer, {2, 1, 0, 0});
  const auto end = receive_message(peer);
  REQUIRE(end);
  CHECK(end->status() == 0xFE00);
  CHECK(counts(*end) == Bytes{2, 1, 0, 0});
}

TEST_CASE("PS3.7 D.3.3.4: without the role of SCP nothing can be sent: A702 with all instances") {
  ServiceNode services;
  RawPeer peer = associated(services, false);
  send_get(peer);
  check_pending(peer, {2, 0, 1, 0});
  check_pending(peer, {1, 0, 2, 0});
  const auto end = receive_message(peer);
  REQUIRE(end);
  CHECK(end->status() == 0xA702);
  CHECK(end->data_set == bytes("0800 5800 12000000 '1.2.0\\1.2.1\\1.2.2' 00"));
}

TEST_CASE("PS3.7 D.3.3.4: who is SCP only may not store, and who was given no C-GET is no SCP") {
  ServiceNode services;
  {
    RawPeer peer = associated(services);
    peer.send(c_store_rq(ct_context, 1, ct_image_storage, "1.2.3"));
    peer.send(p_data(ct_context, false, true, bytes("'abcd'")));
    CHECK(receive_message(peer)->status() == 0x0122);
  }
  services.node.policy.grant(Accept());
  auto rq = usual_rq();
  rq.user_information.roles = {{Uid(ct_image_storage), false, true}};
  RawPeer peer(services.node.port);
  peer.send(encode(rq));
  const auto ac = parse_associate_ac(peer.receive()->body);
  REQUIRE(ac);
  CHECK(ac->presentation_contexts.at(1).result == ContextResult::abstract_syntax_not_supported);
  CHECK(ac->user_information.roles.empty());
}

TEST_CASE("A C-GET whose peer or source fails ends with the association") {
  auto config = test_config();
  config.response = 200ms;
  ServiceNode services(config);
  services.retrieve.instance_bytes = 400'000;
  SUBCASE("the peer vanishes within a sub-operation") {
    RawPeer peer = associated(services);
    send_get(peer);
    CHECK(peer.receive());
    peer.reset();
  }
  SUBCASE("the peer does not answer: A-ABORT after the deadline") {
    RawPeer peer = associated(services);
    send_get(peer);
    CHECK(receive_message(peer));
    CHECK(peer.receive()->type == 7);
  }
  SUBCASE("half a data set: A-ABORT") {
    services.retrieve.breaks_at = 0;
    RawPeer peer = associated(services);
    send_get(peer);
    CHECK_FALSE(receive_message(peer));
  }
  SUBCASE("another request within a sub-operation: A-ABORT") {
    RawPeer peer = associated(services);
    send_get(peer);
    CHECK(receive_message(peer));
    send_get(peer);
    CHECK(peer.receive()->type == 7);
  }
  SUBCASE("a response to nothing: A-ABORT") {
    RawPeer peer = associated(services);
    send_get(peer);
    auto store = receive_message(peer);
    REQUIRE(store);
    store->command.set_us(message_id, 77);
    send_message(peer, ct_context, response_to(store->command, 0));
    CHECK(peer.receive()->type == 7);
  }
  CHECK(eventually([&] { return services.node.service.ends().size() == 1; }));
  CHECK(services.retrieve.alive == 0);
}

TEST_CASE("PS3.4 C.4.2: C-MOVE counts in its responses") {
  ServiceNode services;
  services.retrieve.move_failures = {Uid("1.2.9")};
  RawPeer peer = associated(services);
  send_move(peer);
  check_pending(peer, {2, 1, 0, 0});
  check_pending(peer, {1, 2, 0, 0});
  const auto end = receive_message(peer);
  REQUIRE(end);
  CHECK(end->status() == 0xB000);
  CHECK(counts(*end) == Bytes{absent, 2, 1, 0});
  CHECK(end->data_set == bytes("0800 5800 06000000 '1.2.9' 00"));
  const auto request = services.retrieve.last_request();
  REQUIRE(request);
  CHECK(request->move_destination->value() == "READER");
  CHECK(request->message_id == 30);
}

TEST_CASE("C-CANCEL of a C-MOVE, and a peer that vanishes within one") {
  ServiceNode services;
  services.retrieve.instances = 200;
  services.retrieve.each_takes = 10ms;
  RawPeer peer = associated(services);
  send_move(peer);
  check_pending(peer, {199, 1, 0, 0});
  SUBCASE("cancel") {
    send_cancel(peer, move_context, 30);
    std::optional<RawMessage> end;
    do {
      end = receive_message(peer);
      REQUIRE(end);
    } while (end->status() == 0xFF00);
    CHECK(end->status() == 0xFE00);
    CHECK(end->count(number_of_remaining_sub_operations) > 100);
  }
  SUBCASE("vanish") {
    peer.reset();
  }
  CHECK(eventually([&] { return services.retrieve.alive == 0; }));
}

TEST_CASE("Retrieves that are refused: by the service, and an identifier that is too long") {
  ServiceNode services;
  RawPeer peer = associated(services);
  const auto answered = [&peer] {
    const auto end = receive_message(peer);
    return end ? end->status() : -1;
  };
  send_move(peer, Bytes(max_identifier_bytes + 2, 0));
  CHECK(answered() == 0xA701);
  send_get(peer, Bytes(max_identifier_bytes + 2, 0));
  CHECK(answered() == 0xA701);
  services.retrieve.refusal = RetrieveRefusal{0xA801, "unknown"};
  send_move(peer);
  CHECK(answered() == 0xA801);
  services.retrieve.refusal = RetrieveRefusal{0xA900, {}};
  send_get(peer);
  CHECK(answered() == 0xA900);
}

TEST_CASE("PS3.5 6.2.2: a list of failed instances too long for UI is UN with explicit VR") {
  const std::vector<Uid> many(1100, Uid(std::string(63, '1')));
  const auto identifier = failed_list_identifier(many, true);
  CHECK(Bytes(identifier.begin(), identifier.begin() + 8) == bytes("0800 5800 'UN' 0000"));
  CHECK(identifier.size() == 12 + 1100 * 64);
  CHECK(failed_list_identifier(many, false).size() == 8 + 1100 * 64);
  CHECK(failed_list_identifier({}, false).empty());
}
