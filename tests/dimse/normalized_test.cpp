#include "dimse/pdu/encode.h"
#include "tests/dimse/support/fake_services.h"
#include "tests/dimse/support/printing.h"

#include <doctest/doctest.h>

using namespace trialgate::dimse;
using namespace trialgate::test;

namespace {

constexpr int commitment = 3;

RawPeer associated(ServiceNode& services) {
  auto rq = usual_rq();
  rq.presentation_contexts = {{PresentationContextId{commitment},
                               Uid(std::string(storage_commitment_push_model)),
                               {Uid(implicit_le)}}};
  RawPeer peer(services.node.port);
  peer.send(encode(rq));
  REQUIRE(peer.receive()->type == 2);
  return peer;
}

NormalizedRq commitment_rq() {
  NormalizedRq rq;
  rq.command_field = CommandField::n_action_rq;
  rq.message_id = 5;
  rq.sop_class = Uid(std::string(storage_commitment_push_model));
  rq.sop_instance = Uid("1.2.840.10008.1.20.1.1");
  rq.type_id = 1;
  rq.data_set_follows = true;
  return rq;
}

}  // namespace

TEST_CASE("PS3.7 10.1.4: N-ACTION goes to the service and its answer comes back") {
  ServiceNode services;
  services.normalized.response.data_set = bytes("0800 5811 00000000");
  RawPeer peer = associated(services);
  send_message(peer, commitment, commitment_rq().to_command_set(), bytes("0800 9511 04000000 '1.2' 00"));
  const auto answer = receive_message(peer);
  REQUIRE(answer);
  CHECK(answer->status() == 0);
  CHECK(answer->command.command_field() == 0x8130);
  CHECK(answer->command.us(CommandElement::action_type_id) == 1);
  CHECK(answer->command.uid(CommandElement::affected_sop_instance_uid)->value() == "1.2.840.10008.1.20.1.1");
  CHECK(answer->data_set == services.normalized.response.data_set);
  const auto request = services.normalized.last_request();
  REQUIRE(request);
  CHECK(request->command_field == 0x0130);
  CHECK(request->type_id == 1);
  CHECK(request->sop_class.value() == storage_commitment_push_model);
  CHECK(request->data_set.size() == 12);
}

TEST_CASE("N- requests that cannot be served are answered by status") {
  ServiceNode services;
  RawPeer peer = associated(services);
  NormalizedRq rq = commitment_rq();
  send_message(peer, commitment, rq.to_command_set(), Bytes(max_normalized_bytes + 2, 0));
  CHECK(receive_message(peer)->status() == 0x0213);
  rq.type_id.reset();
  send_message(peer, commitment, rq.to_command_set(), Bytes(2, 0));
  CHECK(receive_message(peer)->status() == 0x0212);
  rq = commitment_rq();
  rq.sop_class = Uid(std::string(modality_performed_procedure_step));
  send_message(peer, commitment, rq.to_command_set(), Bytes(2, 0));
  CHECK(receive_message(peer)->status() == 0x0122);
  CHECK_FALSE(services.normalized.last_request());
}
