#pragma once

#include "dimse/message/messages.h"
#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "dimse/scp/negotiation.h"
#include "dimse/scp/service_sop_classes.h"
#include "dimse/scu/requestor.h"
#include "tests/dimse/support/memory_source.h"
#include "tests/dimse/support/node.h"
#include "tests/dimse/support/printing.h"
#include "tests/dimse/support/raw_peer.h"

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::test {

inline const dimse::Uid ct(ct_image_storage);
inline const dimse::Uid explicit_le("1.2.840.10008.1.2.1");
inline const dimse::Uid jpeg("1.2.840.10008.1.2.4.70");

inline std::vector<dimse::ProposedContext> usual_contexts() {
  return {{dimse::Uid("1.2.840.10008.1.1"), {dimse::Uid("1.2.840.10008.1.2")}},
          {ct, {explicit_le}},
          {ct, {jpeg}}};
}

inline dimse::RequestorConfig config_for(std::uint16_t port) {
  dimse::RequestorConfig config;
  config.host = "127.0.0.1";
  config.port = port;
  config.calling = dimse::AeTitle("US");
  config.called = dimse::AeTitle("TRIALGATE");
  return config;
}

inline Bytes pattern(std::size_t size) {
  Bytes data(size);
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8));
  return data;
}

/// A requestor with the thread it lives on; every call blocks.
struct Client {
  explicit Client(dimse::RequestorConfig config,
                  std::vector<dimse::ProposedContext> contexts = usual_contexts(),
                  dimse::PeerServices services = {})
      : opened(io.run(dimse::Requestor::open(std::move(config), std::move(contexts), log, services))) {}
  ~Client() {
    if (opened) io.run(drop());
  }
  dimse::Task<void> drop() {
    opened->reset();
    co_return;
  }
  dimse::Task<void> abort_there() {
    (*opened)->abort();
    co_return;
  }
  dimse::Requestor& requestor() { return **opened; }
  dimse::Errc error() { return static_cast<dimse::Errc>(opened.error().code.value()); }

  dimse::StoreOperation operation(dimse::InstanceSource& source,
                                  const dimse::Uid& transfer_syntax = explicit_le) const {
    dimse::StoreOperation store;
    store.sop_class = ct;
    store.sop_instance = dimse::Uid("1.2.3");
    store.transfer_syntax = transfer_syntax;
    store.source = &source;
    return store;
  }
  dimse::Result<dimse::StoreResponse> store(dimse::InstanceSource& source) {
    return io.run(requestor().store(operation(source)));
  }

  MemoryLog log;
  IoThread io;
  dimse::Result<std::unique_ptr<dimse::Requestor>> opened;
};

/// Plays the acceptor's part of a test in a thread of its own.
template <class Script>
std::future<void> play(RawListener& listener, Script script) {
  return std::async(std::launch::async, [&listener, script] {
    RawPeer peer = listener.accept();
    script(peer);
  });
}

/// Reads an A-ASSOCIATE-RQ and accepts everything, as `change` makes the answer.
template <class Change>
dimse::AssociateRq accept_as(RawPeer& peer, Change change) {
  const auto pdu = peer.receive();
  REQUIRE(pdu);
  REQUIRE(pdu->type == 1);
  const auto rq = dimse::parse_associate_rq(pdu->body);
  REQUIRE(rq);
  dimse::ContextPolicy policy;
  policy.services.emplace(std::string(dimse::study_root_get));
  auto negotiated = dimse::negotiate(*rq, policy, 4096, 1);
  change(negotiated.ac);
  peer.send(dimse::encode(negotiated.ac));
  return *rq;
}

/// The same with this maximum length; 1 leaves it out.
inline void accept_all(RawPeer& peer, std::uint32_t max_length = 16384) {
  accept_as(peer, [max_length](dimse::AssociateAc& ac) {
    ac.user_information.max_length = max_length;
    if (max_length == 1) ac.user_information.max_length.reset();
  });
}

inline void respond(RawPeer& peer, const RawPdu& request, std::uint16_t status) {
  const auto command = dimse::CommandSet::parse(command_of(request));
  REQUIRE(command);
  peer.send(p_data(request.body[4], true, true, dimse::response_to(*command, status, "why").encode()));
}

inline dimse::Errc code(const dimse::Failure& failure) {
  return static_cast<dimse::Errc>(failure.code.value());
}

}  // namespace trialgate::test
