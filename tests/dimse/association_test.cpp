#include "dimse/ul/association.h"

#include "dimse/pdu/encode.h"
#include "dimse/scp/negotiation.h"
#include "tests/dimse/support/memory_log.h"
#include "tests/dimse/support/node.h"
#include "tests/dimse/support/printing.h"
#include "tests/dimse/support/raw_peer.h"

#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <future>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;

namespace {

/// An Association in the acceptor's role at one end of a socket pair's like, a scripted peer at the other.
struct Acceptance {
  Acceptance() {
    RawListener listener;
    boost::asio::ip::tcp::socket socket(io.executor());
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), listener.port()});
    peer.emplace(listener.accept());
    AssociationLimits limits;
    limits.artim = 400ms;
    association = std::make_unique<Association>(make_tcp_transport(std::move(socket)), Role::acceptor, limits,
                                                AssociationLog(log, 1));
  }
  ~Acceptance() { io.run(drop()); }

  Task<void> drop() {
    association.reset();
    co_return;
  }
  Task<void> accept() {
    auto indication = co_await association->receive(Waiting::for_answer);
    const auto negotiated = negotiate(std::get<AssociateRq>(*indication), ContextPolicy(), 131072, 1);
    const auto accepted = co_await association->accept(negotiated.ac);
    CHECK(accepted);
  }
  Task<void> collide() {
    co_await accept();
    const auto requested = co_await association->request_release();
    CHECK(requested);
    CHECK(association->state() == State::sta7_awaiting_release_rp);
    const auto indicated = co_await association->receive(Waiting::for_answer);
    REQUIRE(indicated);
    CHECK(std::holds_alternative<ReleaseIndicated>(*indicated));
    CHECK(association->state() == State::sta10_collision_acceptor_awaiting_release_rp);
    const auto confirmed = co_await association->receive(Waiting::for_answer);
    REQUIRE(confirmed);
    CHECK(std::holds_alternative<ReleaseConfirmed>(*confirmed));
    CHECK(association->state() == State::sta12_collision_acceptor_awaiting_local_response);
    const auto responded = co_await association->respond_release();
    CHECK(responded);
    CHECK(association->state() == State::sta1_idle);
    CHECK(association->end() == AssociationEnd::released);
  }
  Task<void> abort_for(Failure failure) {
    co_await accept();
    co_await association->abort(failure);
    CHECK(association->state() == State::sta1_idle);
  }

  MemoryLog log;
  IoThread io;
  std::optional<RawPeer> peer;
  std::unique_ptr<Association> association;
};

}  // namespace

TEST_CASE("PS3.8 AR-8, AR-10, AR-4: release collision, we being the acceptor") {
  Acceptance side;
  auto script = std::async(std::launch::async, [&peer = *side.peer] {
    peer.send(usual_rq_bytes());
    CHECK(peer.receive()->type == 2);
    CHECK(peer.receive()->type == 5);
    peer.send(encode_release_rq());  // collision: Sta10
    peer.send(encode_release_rp());  // Sta12
    CHECK(peer.receive()->type == 6);
    peer.close();
  });
  side.io.run(side.collide());
  script.get();
}

TEST_CASE(
    "PS3.8 AA-1: after an A-ABORT the sending direction ends and the connection waits for the peer's close") {
  Acceptance side;
  auto script = std::async(std::launch::async, [&peer = *side.peer] {
    peer.send(usual_rq_bytes());
    CHECK(peer.receive()->type == 2);
    const auto pdu = peer.receive();
    REQUIRE(pdu);
    CHECK(pdu->type == 7);
    CHECK(pdu->body == Bytes{0, 0, 2, 2});
    CHECK(peer.sees_close());
    CHECK(peer.try_send(Bytes(100000, 7)));  // thrown away, not answered by a reset
    peer.close();
  });
  side.io.run(side.abort_for(fail(Errc::unexpected_message, "test")));
  script.get();
}

TEST_CASE("PS3.8 AA-2: who does not close after our A-ABORT is cut off by ARTIM") {
  Acceptance side;
  side.peer->send(usual_rq_bytes());
  const auto begun = std::chrono::steady_clock::now();
  side.io.run(side.abort_for(fail(Errc::malformed_pdu, "test")));
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(took > 350ms);
  CHECK(took < 3s);
}

TEST_CASE("RateFloor: single bytes do not buy time, bulk does, our own pauses do not count") {
  RateFloor floor(1000ms, 1000);
  CHECK(floor.left() == 1000ms);
  floor.add(900ms, 100);
  CHECK(floor.left() == 200ms);
  floor.add(900ms, 0);
  CHECK(floor.left() == 0ms);
  floor.reset();
  floor.add(0ms, 5000);
  CHECK(floor.left() == 6000ms);
  CHECK(floor.allowed(2000) == 3000ms);
}

TEST_CASE("Text of a peer is made printable before it reaches a log") {
  CHECK(printable("AB\x01\n\x7f\xc3") == "AB????");
}
