#include "dimse/pdu/encode.h"
#include "dimse/status.h"
#include "tests/dimse/support/fake_services.h"
#include "tests/dimse/support/printing.h"

#include <doctest/doctest.h>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;

namespace {

constexpr int verification = 1;
constexpr int find_context = 3;
constexpr int ct_context = 5;

RawPeer associated(ServiceNode& services, std::vector<ExtendedNegotiation> extended = {}) {
  auto rq = usual_rq();
  rq.presentation_contexts = {
      {PresentationContextId{verification}, Uid(std::string(verification_sop_class)), {Uid(implicit_le)}},
      {PresentationContextId{find_context}, Uid(std::string(study_root_find)), {Uid(implicit_le)}},
      {PresentationContextId{ct_context}, Uid(ct_image_storage), {Uid(explicit_le)}}};
  rq.user_information.extended = std::move(extended);
  RawPeer peer(services.node.port);
  peer.send(encode(rq));
  const auto ac = peer.receive();
  REQUIRE(ac);
  REQUIRE(ac->type == 2);
  return peer;
}

const Bytes study_level = bytes("0800 5200 06000000 'STUDY '");

void send_find(RawPeer& peer, std::uint16_t message_id, const Bytes& identifier = study_level,
               int context = find_context) {
  CFindRq rq;
  rq.message_id = message_id;
  rq.affected_sop_class = Uid(std::string(study_root_find));
  send_message(peer, context, rq.to_command_set(), identifier);
}

/// Reads pending responses to the final one and gives that.
RawMessage final_of(RawPeer& peer) {
  for (;;) {
    auto message = receive_message(peer);
    REQUIRE(message);
    if (classify(static_cast<std::uint16_t>(message->status())) != StatusClass::pending) return *message;
  }
}

void check_echo(RawPeer& peer) {
  peer.send(c_echo_rq(verification, 99));
  CHECK(status_of(peer.receive()) == 0);
}

}  // namespace

TEST_CASE("PS3.4 C.4.1: matches come as pending responses, then the final one without identifier") {
  ServiceNode services;
  RawPeer peer = associated(services);
  send_find(peer, 7);
  for (int i = 0; i < 3; ++i) {
    const auto match = receive_message(peer);
    REQUIRE(match);
    CHECK(match->context == find_context);
    CHECK(match->status() == 0xFF00);
    CHECK(match->data_set == services.find.identifier);
    CHECK(match->command.us(CommandElement::message_id_being_responded_to) == 7);
    CHECK(match->command.uid(CommandElement::affected_sop_class_uid)->value() == study_root_find);
    CHECK(match->command.command_field() == 0x8020);
  }
  const RawMessage end = final_of(peer);
  CHECK(end.status() == 0);
  CHECK_FALSE(end.command.data_set_follows());
  const auto request = services.find.last_request();
  REQUIRE(request);
  CHECK(request->identifier == study_level);
  CHECK(request->transfer_syntax.value() == implicit_le);
  CHECK(request->association.calling.value() == "RAWPEER");
  CHECK_FALSE(request->options.relational);

  services.find.all_keys_supported = false;
  services.find.end = {0xA900, "level"};
  send_find(peer, 8);
  CHECK(receive_message(peer)->status() == 0xFF01);
  const RawMessage failed = final_of(peer);
  CHECK(failed.status() == 0xA900);
  CHECK(failed.command.text(CommandElement::error_comment) == "level");
  CHECK(services.find.alive == 0);
  check_echo(peer);
}

TEST_CASE("PS3.4 C.5.1.1: relational queries that were agreed on are told to the service") {
  ServiceNode services;
  RawPeer peer = associated(services, {{Uid(std::string(study_root_find)), {1, 1, 1}}});
  send_find(peer, 1);
  CHECK(final_of(peer).status() == 0);
  CHECK(services.find.last_request()->options == QueryOptions{true, false, false});
}

TEST_CASE("PS3.7 9.3.2.3: C-CANCEL at any moment ends the matches with FE00, and the association goes on") {
  ServiceNode services;
  RawPeer peer = associated(services);
  SUBCASE("while matches stream") {
    services.find.matches = SIZE_MAX;
    send_find(peer, 1);
    for (int i = 0; i < 50; ++i) CHECK(receive_message(peer)->status() == 0xFF00);
    send_cancel(peer, find_context, 1);
    CHECK(final_of(peer).status() == 0xFE00);
  }
  SUBCASE("before the first match") {
    services.find.each_takes = 100ms;
    send_find(peer, 1);
    send_cancel(peer, find_context, 1);
    const auto first = receive_message(peer);
    REQUIRE(first);
    CHECK(first->status() == 0xFE00);
  }
  SUBCASE("of another request, and of one that is over") {
    send_cancel(peer, find_context, 1);
    services.find.each_takes = 20ms;
    send_find(peer, 1);
    send_cancel(peer, find_context, 2);
    CHECK(final_of(peer).status() == 0);
    CHECK(services.find.given == 3);
    send_cancel(peer, find_context, 1);
  }
  CHECK(eventually([&] { return services.find.alive == 0; }));
  check_echo(peer);
}

TEST_CASE("A peer that does not read is not read for: matches are made as the network takes them") {
  ServiceNode services;
  services.find.matches = SIZE_MAX;
  services.find.identifier = Bytes(64 * 1024, 'x');
  RawPeer peer = associated(services);
  send_find(peer, 1);
  CHECK(eventually([&] { return services.find.given > 0; }));
  std::size_t before = 0;
  CHECK(eventually([&] {
    const std::size_t now = services.find.given;
    const bool stands = now == before;
    before = now;
    std::this_thread::sleep_for(50ms);
    return stands;
  }));
  CHECK(services.find.given * services.find.identifier.size() < 64 * 1024 * 1024);
  SUBCASE("it vanishes") {
    peer.reset();
    CHECK(eventually(
        [&] { return services.node.service.ends() == std::vector{AssociationEnd::connection_lost}; }));
  }
  SUBCASE("it aborts") {
    peer.send(encode(Abort{0, 0}));
    peer.close();
    CHECK(eventually([&] { return services.node.service.ends().size() == 1; }));
  }
  SUBCASE("the node stops") {
    services.node.drain(100ms);
  }
  CHECK(services.find.alive == 0);
}

TEST_CASE("A release within a query is answered once the query has been ended") {
  ServiceNode services;
  services.find.matches = SIZE_MAX;
  RawPeer peer = associated(services);
  send_find(peer, 1);
  CHECK(receive_message(peer)->status() == 0xFF00);
  peer.send(encode_release_rq());
  CHECK(final_of(peer).status() == 0xFE00);
  CHECK(peer.receive()->type == 6);
  peer.close();
  CHECK(eventually([&] { return services.node.service.ends() == std::vector{AssociationEnd::released}; }));
}

TEST_CASE("PS3.7 D.3.3.3: a request that comes within a query waits for its end") {
  ServiceNode services;
  services.find.each_takes = 20ms;
  RawPeer peer = associated(services);
  send_find(peer, 1);
  send_find(peer, 2);
  peer.send(c_echo_rq(verification, 3));
  const RawMessage first = final_of(peer);
  CHECK(first.command.us(CommandElement::message_id_being_responded_to) == 1);
  const RawMessage second = final_of(peer);
  CHECK(second.command.us(CommandElement::message_id_being_responded_to) == 2);
  CHECK(status_of(peer.receive()) == 0);
}

TEST_CASE("An identifier that is too long, missing or on the wrong context is refused by status") {
  ServiceNode services;
  RawPeer peer = associated(services);
  send_find(peer, 1, Bytes(max_identifier_bytes + 2, 0));
  CHECK(receive_message(peer)->status() == 0xA700);
  send_find(peer, 2, Bytes(max_identifier_bytes, 0));
  CHECK(final_of(peer).status() == 0);
  send_find(peer, 3, study_level, ct_context);
  CHECK(receive_message(peer)->status() == 0x0122);
  CFindRq rq;
  rq.message_id = 4;
  rq.affected_sop_class = Uid(std::string(study_root_find));
  CommandSet bare = rq.to_command_set();
  bare.set_us(CommandElement::command_data_set_type, no_data_set);
  send_message(peer, find_context, bare);
  CHECK(receive_message(peer)->status() == 0x0212);
  bare.set_us(CommandElement::command_field, static_cast<std::uint16_t>(CommandField::n_delete_rq));
  send_message(peer, find_context, bare);
  CHECK(receive_message(peer)->status() == 0x0211);
  check_echo(peer);
}

TEST_CASE("The idle deadline does not run within a query, and does after it") {
  auto config = test_config();
  config.idle = 200ms;
  ServiceNode services(config);
  services.find.matches = 1;
  services.find.each_takes = 300ms;
  RawPeer peer = associated(services);
  const auto begun = std::chrono::steady_clock::now();
  send_find(peer, 1);
  CHECK(final_of(peer).status() == 0);
  const auto pdu = peer.receive();
  REQUIRE(pdu);
  CHECK(pdu->type == 7);
  CHECK(std::chrono::steady_clock::now() - begun > 790ms);
}

TEST_CASE("A stop ends a query with FE00, then the association") {
  ServiceNode services;
  services.find.matches = SIZE_MAX;
  services.find.each_takes = 5ms;
  RawPeer peer = associated(services);
  send_find(peer, 1);
  CHECK(receive_message(peer)->status() == 0xFF00);
  services.node.drain(5s);
  CHECK(final_of(peer).status() == 0xFE00);
  CHECK(peer.receive()->type == 7);
}
