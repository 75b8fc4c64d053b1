#include "dimse/scu/requestor.h"

#include "dimse/message/messages.h"
#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "dimse/scp/negotiation.h"
#include "tests/dimse/support/client.h"

#include <doctest/doctest.h>

#include <array>
#include <future>
#include <string>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;

TEST_CASE("C-ECHO and C-STORE from our requestor to our acceptor, many fragments, then release") {
  Node node(test_config(), 2);
  Client client(config_for(node.port));
  REQUIRE(client.opened);
  CHECK(client.requestor().accepts(ct, jpeg));
  CHECK_FALSE(client.requestor().accepts(ct, Uid("1.2.840.10008.1.2")));
  CHECK(client.requestor().accepted_transfer_syntaxes(ct) == std::vector{explicit_le, jpeg});
  CHECK(client.io.run(client.requestor().echo()).value() == 0);

  std::vector<Bytes> sent;
  for (const std::size_t size : {0UL, 2UL, 16378UL, 131066UL, 131068UL, 262132UL, 3000002UL}) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{4097}}) {
      sent.push_back(pattern(size));
      MemorySource source(sent.back(), piece);
      const auto response = client.store(source);
      REQUIRE(response);
      CHECK(response->status == 0);
    }
  }
  CHECK(client.io.run(client.requestor().release()));
  CHECK_FALSE(client.requestor().is_open());
  const auto stored = node.service.stored();
  REQUIRE(stored.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) CHECK(stored[i].data_set == sent[i]);
  CHECK(eventually([&] { return node.service.ends() == std::vector{AssociationEnd::released}; }));
}

TEST_CASE("IPv6 and a name reach the acceptor too") {
  Node node;
  auto config = config_for(node.port);
  config.host = "::1";
  Client by_address(config);
  CHECK(by_address.opened);
  config.host = "localhost";
  Client by_name(config);
  CHECK(by_name.opened);
}

TEST_CASE("A refused instance leaves the association usable; its status and comment come back") {
  Node node;
  node.service.behave({.refusal = StoreOutcome{0xA700, "no space"}});
  Client client(config_for(node.port));
  REQUIRE(client.opened);
  MemorySource source(pattern(300000));
  const auto refused = client.store(source);
  REQUIRE(refused);
  CHECK(refused->status == 0xA700);
  CHECK(refused->error_comment == "no space");
  CHECK(client.io.run(client.requestor().echo()));
}

TEST_CASE("What cannot be sent is refused before a byte goes out") {
  Node node;
  Client client(config_for(node.port));
  REQUIRE(client.opened);
  MemorySource odd(pattern(3));
  CHECK(code(client.store(odd).error()) == Errc::odd_length);
  MemorySource even(pattern(4));
  StoreOperation other = client.operation(even, Uid("1.2.840.10008.1.2"));
  CHECK(code(client.io.run(client.requestor().store(other)).error()) == Errc::no_presentation_context);
  CHECK(client.store(even));
}

TEST_CASE("A source that fails or ends early aborts the association, and the peer keeps nothing") {
  Node node;
  Client client(config_for(node.port));
  REQUIRE(client.opened);
  MemorySource source(pattern(500000));
  SUBCASE("fails") {
    source.fail_at = 200000;
  }
  SUBCASE("ends") {
    source.end_at = 200000;
  }
  CHECK(code(client.store(source).error()) == Errc::source_failed);
  CHECK_FALSE(client.requestor().is_open());
  CHECK(eventually([&] { return node.service.ends() == std::vector{AssociationEnd::aborted_by_peer}; }));
  CHECK(node.service.stored().empty());
  CHECK_FALSE(client.io.run(client.requestor().echo()));
}

TEST_CASE("An association that cannot be opened says why") {
  Node node;
  SUBCASE("rejected") {
    auto config = config_for(node.port);
    config.called = AeTitle("OTHER");
    Client client(config);
    REQUIRE_FALSE(client.opened);
    CHECK(client.error() == Errc::association_rejected);
    CHECK(client.opened.error().where == "1/1/7");
  }
  SUBCASE("no context accepted: released") {
    Client client(config_for(node.port), {{Uid("1.2.840.10008.5.1.4.31"), {explicit_le}}});
    REQUIRE_FALSE(client.opened);
    CHECK(client.error() == Errc::no_presentation_context);
    CHECK(eventually([&] { return node.service.ends() == std::vector{AssociationEnd::released}; }));
  }
  SUBCASE("nobody listens") {
    std::uint16_t port = 0;
    {
      RawListener closed;
      port = closed.port();
    }
    Client client(config_for(port));
    REQUIRE_FALSE(client.opened);
    CHECK(client.opened.error().code == boost::system::errc::connection_refused);
  }
  SUBCASE("proposal out of bounds") {
    CHECK(Client(config_for(node.port), {}).error() == Errc::local_limit);
    CHECK(Client(config_for(node.port), {{ct, {}}}).error() == Errc::local_limit);
    auto config = config_for(node.port);
    config.calling = AeTitle("");
    CHECK(Client(config).error() == Errc::local_limit);
  }
}

TEST_CASE("Deadlines of the requestor: association, response, release") {
  RawListener listener;
  auto config = config_for(listener.port());
  config.associate = config.response = config.release = 200ms;
  SUBCASE("no answer to A-ASSOCIATE-RQ") {
    auto script = play(listener, [](RawPeer& peer) { CHECK(peer.sees_close()); });
    Client client(config);
    REQUIRE_FALSE(client.opened);
    CHECK(client.error() == Errc::deadline_expired);
    script.get();
  }
  SUBCASE("no response: A-ABORT") {
    auto script = play(listener, [](RawPeer& peer) {
      accept_all(peer);
      CHECK(peer.receive()->type == 4);
      CHECK(peer.receive()->type == 7);
    });
    Client client(config);
    REQUIRE(client.opened);
    const auto echoed = client.io.run(client.requestor().echo());
    CHECK(code(echoed.error()) == Errc::deadline_expired);
    CHECK(echoed.error().where == "DIMSE response");
    script.get();
  }
  SUBCASE("no A-RELEASE-RP") {
    auto script = play(listener, [](RawPeer& peer) {
      accept_all(peer);
      CHECK(peer.sees_close());
    });
    Client client(config);
    REQUIRE(client.opened);
    CHECK(code(client.io.run(client.requestor().release()).error()) == Errc::deadline_expired);
    script.get();
  }
}

TEST_CASE("A peer that does not read is given up when the rate floor is passed") {
  RawListener listener;
  auto config = config_for(listener.port());
  config.progress = 200ms;
  config.min_bytes_per_second = 1 << 20;
  std::promise<void> done;
  auto script = play(listener, [&done](RawPeer& peer) {
    accept_all(peer);
    done.get_future().wait();
  });
  Client client(config);
  REQUIRE(client.opened);
  MemorySource source(Bytes(64 << 20, 7));
  CHECK(code(client.store(source).error()) == Errc::deadline_expired);
  done.set_value();
  script.get();
}

TEST_CASE("PS3.8 annex D.1: fragments keep to the peer's maximum; absent is 16 KiB, 0 our own buffer") {
  for (const auto& [advertised, limit] :
       {std::pair{4096U, 4096U}, {1U, 16384U}, {0U, 1U << 20}, {17U, 17U}}) {
    CAPTURE(advertised);
    RawListener listener;
    Bytes received;
    const std::uint32_t max_length = advertised;
    const std::uint32_t max_body = limit;
    auto script = play(listener, [&received, max_length, max_body](RawPeer& peer) {
      accept_all(peer, max_length);
      std::optional<RawPdu> command;
      Bytes command_bytes;
      for (;;) {
        const auto pdu = peer.receive();
        REQUIRE(pdu);
        REQUIRE(pdu->type == 4);
        CHECK(pdu->body.size() <= max_body);
        CHECK(pdu->body.size() % 2 == 0);
        const bool is_command = (pdu->body[5] & 1) != 0;
        auto& target = is_command ? command_bytes : received;
        target.insert(target.end(), pdu->body.begin() + 6, pdu->body.end());
        if (!is_command && (pdu->body[5] & 2) != 0) break;
      }
      const auto rq = CommandSet::parse(command_bytes);
      REQUIRE(rq);
      const Bytes response = response_to(*rq, 0).encode();
      peer.send(p_data(3, true, true, response));
      CHECK(peer.receive());
    });
    Client client(config_for(listener.port()));
    REQUIRE(client.opened);
    const Bytes data = pattern(40000);
    MemorySource source(data);
    CHECK(client.store(source));
    CHECK(received == data);
    client.io.run(client.abort_there());
    script.get();
  }
}

TEST_CASE("PS3.8 AR-8, AR-9: release collision, we being the requestor") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    const auto rq = peer.receive();
    CHECK(rq->type == 5);
    peer.send(encode_release_rq());  // collision: Sta9
    CHECK(peer.receive()->type == 6);
    peer.send(encode_release_rp());  // Sta11 to Sta1
    CHECK(peer.sees_close());
  });
  Client client(config_for(listener.port()));
  REQUIRE(client.opened);
  CHECK(client.io.run(client.requestor().release()));
  script.get();
}

TEST_CASE("PS3.8 AR-6: what comes between our release and its answer is taken, not answered by an abort") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    CHECK(peer.receive()->type == 5);
    peer.send(p_data(1, true, false, bytes("0000 0000")));
    peer.send(encode_release_rp());
    CHECK(peer.sees_close());
  });
  Client client(config_for(listener.port()));
  REQUIRE(client.opened);
  CHECK(client.io.run(client.requestor().release()));
  script.get();
}

TEST_CASE("A peer that releases, aborts or vanishes ends the operation with a value") {
  RawListener listener;
  Errc expected{};
  std::string where;
  std::function<void(RawPeer&)> act;
  SUBCASE("releases") {
    expected = Errc::peer_released;
    act = [](RawPeer& peer) {
      peer.send(encode_release_rq());
      CHECK(peer.receive()->type == 6);
    };
  }
  SUBCASE("aborts") {
    expected = Errc::peer_aborted;
    where = "2/2";
    act = [](RawPeer& peer) { peer.send(encode(Abort{2, 2})); };
  }
  SUBCASE("vanishes") {
    expected = Errc::peer_closed;
    act = [](RawPeer& peer) { peer.close(); };
  }
  SUBCASE("answers another message") {
    expected = Errc::unexpected_message;
    act = [](RawPeer& peer) {
      CommandSet other = CEchoRq{999}.to_command_set();
      peer.send(p_data(1, true, true, response_to(other, 0).encode()));
      CHECK(peer.receive()->type == 7);
    };
  }
  SUBCASE("sends a request") {
    expected = Errc::unexpected_message;
    act = [](RawPeer& peer) {
      peer.send(c_echo_rq(1, 1));
      CHECK(peer.receive()->type == 7);
    };
  }
  SUBCASE("sends what is no PDU") {
    expected = Errc::unrecognized_pdu;
    act = [](RawPeer& peer) {
      peer.send(bytes("99 00 00000000"));
      const auto pdu = peer.receive();
      CHECK(pdu->type == 7);
      CHECK(pdu->body == Bytes{0, 0, 2, 1});
    };
  }
  auto script = play(listener, [&act](RawPeer& peer) {
    accept_all(peer);
    CHECK(peer.receive()->type == 4);
    act(peer);
  });
  Client client(config_for(listener.port()));
  REQUIRE(client.opened);
  const auto echoed = client.io.run(client.requestor().echo());
  REQUIRE_FALSE(echoed);
  CHECK(code(echoed.error()) == expected);
  if (!where.empty()) CHECK(echoed.error().where == where);
  CHECK_FALSE(client.requestor().is_open());
  script.get();
}

TEST_CASE("A peer that aborts while a data set is on its way is heard") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    CHECK(peer.receive()->type == 4);
    peer.send(encode(Abort{0, 0}));
    peer.sees_close();
  });
  Client client(config_for(listener.port()));
  REQUIRE(client.opened);
  MemorySource source(Bytes(64 << 20, 7));
  CHECK(code(client.store(source).error()) == Errc::peer_aborted);
  script.get();
}

namespace {
constexpr std::array<std::uint16_t, 3> peer_statuses = {0xB006, 0xA900, 0x0000};
}

TEST_CASE("A warning or failure status of the peer is a value, not an error") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    for (const std::uint16_t status : peer_statuses) {
      const auto request = peer.receive();
      REQUIRE(request);
      CHECK(peer.receive());  // data set
      respond(peer, *request, status);
    }
    CHECK(peer.receive()->type == 7);
  });
  Client client(config_for(listener.port()));
  REQUIRE(client.opened);
  for (const std::uint16_t status : peer_statuses) {
    MemorySource source(pattern(100));
    const auto response = client.store(source);
    REQUIRE(response);
    CHECK(response->status == status);
    CHECK(response->error_comment == "why");
  }
  client.io.run(client.abort_there());
  script.get();
}

TEST_CASE("A context that the peer accepts with a transfer syntax we did not propose does not count") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    const auto pdu = peer.receive();
    const auto rq = parse_associate_rq(pdu->body);
    REQUIRE(rq);
    auto negotiated = negotiate(*rq, ContextPolicy(), 4096, 1);
    negotiated.ac.presentation_contexts[1].transfer_syntax = Uid("1.2.840.10008.1.2");
    negotiated.ac.presentation_contexts.push_back(
        {PresentationContextId{201}, ContextResult::acceptance, explicit_le});
    peer.send(encode(negotiated.ac));
    peer.sees_close();
  });
  Client client(config_for(listener.port()));
  REQUIRE(client.opened);
  CHECK_FALSE(client.requestor().accepts(ct, explicit_le));
  CHECK_FALSE(client.requestor().accepts(ct, Uid("1.2.840.10008.1.2")));
  CHECK(client.requestor().accepts(ct, jpeg));
  client.io.run(client.abort_there());
  script.get();
}

namespace {

// A SOP class that the scripted peers accept; a requestor takes it as it is.
const Uid queried = ct;
const Uid implicit_le("1.2.840.10008.1.2");

std::vector<ProposedContext> find_contexts() {
  return {{queried, {implicit_le}}};
}

FindOperation find_all() {
  FindOperation find;
  find.sop_class = queried;
  find.transfer_syntax = implicit_le;
  find.identifier = pattern(40);
  return find;
}

/// A pending response with its identifier, in two fragments.
void respond_pending(RawPeer& peer, const RawPdu& request, const Bytes& identifier) {
  const auto command = CommandSet::parse(command_of(request));
  REQUIRE(command);
  CommandSet pending = response_to(*command, 0xFF00);
  pending.set_us(CommandElement::command_data_set_type, 1);
  peer.send(p_data(request.body[4], true, true, pending.encode()));
  const Bytes first(identifier.begin(), identifier.begin() + 2);
  const Bytes rest(identifier.begin() + 2, identifier.end());
  peer.send(p_data(request.body[4], false, false, first));
  peer.send(p_data(request.body[4], false, true, rest));
}

}  // namespace

TEST_CASE("C-FIND: the identifiers of all pending responses come back, and the final status") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    const auto request = peer.receive();
    REQUIRE(request);
    const auto command = CommandSet::parse(command_of(*request));
    REQUIRE(command);
    CHECK(command->command_field() == 0x0020);
    CHECK(peer.receive());  // the query
    respond_pending(peer, *request, pattern(10));
    respond_pending(peer, *request, pattern(20));
    respond(peer, *request, 0x0000);
    peer.receive();
  });
  Client client(config_for(listener.port()), find_contexts());
  REQUIRE(client.opened);
  const auto found = client.io.run(client.requestor().find(find_all()));
  REQUIRE(found);
  CHECK(found->status == 0);
  CHECK(found->matches == std::vector<Bytes>{pattern(10), pattern(20)});
  client.io.run(client.abort_there());
  script.get();
}

TEST_CASE("C-FIND: more matches than asked for, and a match without identifier, abort the association") {
  for (const bool too_many : {true, false}) {
    RawListener listener;
    auto script = play(listener, [too_many](RawPeer& peer) {
      accept_all(peer);
      const auto request = peer.receive();
      REQUIRE(request);
      CHECK(peer.receive());
      if (too_many) {
        respond_pending(peer, *request, pattern(10));
        respond_pending(peer, *request, pattern(10));
      } else {
        respond(peer, *request, 0xFF00);
      }
      const auto answer = peer.receive();
      REQUIRE(answer);
      CHECK(answer->type == 7);
    });
    Client client(config_for(listener.port()), find_contexts());
    REQUIRE(client.opened);
    FindOperation find = find_all();
    find.max_matches = 1;
    const auto found = client.io.run(client.requestor().find(std::move(find)));
    REQUIRE_FALSE(found);
    CHECK(code(found.error()) == (too_many ? Errc::local_limit : Errc::unexpected_message));
    script.get();
  }
}
