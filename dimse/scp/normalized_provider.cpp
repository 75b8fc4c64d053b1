#include "dimse/scp/providers.h"
#include "dimse/status.h"

#include <utility>

namespace trialgate::dimse {

Task<Result<void>> provide_normalized(Provision provision, NormalizedService& service,
                                      CommandReceived received) {
  auto rq = NormalizedRq::from(received.command);
  if (!rq) co_return rq.error();
  auto data_set = co_await provision.exchange.gather(received.command, max_normalized_bytes);
  if (!data_set) co_return data_set.error();
  NormalizedResponse outcome;
  const bool typed =
      rq->command_field == CommandField::n_action_rq || rq->command_field == CommandField::n_event_report_rq;
  if (!*data_set) {
    outcome = {status::resource_limitation, "data set too long", {}, {}};
  } else if (typed && !rq->type_id) {
    outcome = {status::mistyped_argument, "no Action or Event Type ID", {}, {}};
  } else {
    NormalizedRequest request;
    request.association = provision.info;
    request.command_field = static_cast<std::uint16_t>(rq->command_field);
    request.sop_class = rq->sop_class;
    request.sop_instance = rq->sop_instance;
    request.type_id = rq->type_id.value_or(0);
    request.transfer_syntax = provision.exchange.negotiated().find(received.context)->transfer_syntax;
    request.data_set = std::move(**data_set);
    outcome = co_await service.perform(std::move(request));
  }
  provision.exchange.association().log().event(
      classify(outcome.status) == StatusClass::failure ? Level::warn : Level::info, "normalized.served",
      {{"sop_class", rq->sop_class.value()},
       {"command", std::int64_t{static_cast<std::uint16_t>(rq->command_field)}},
       {"status", std::int64_t{outcome.status}}});
  CommandSet response = response_to(received.command, outcome.status, outcome.error_comment);
  if (!outcome.sop_instance.empty())
    response.set_uid(CommandElement::affected_sop_instance_uid, outcome.sop_instance);
  if (outcome.error_id != 0) response.set_us(CommandElement::error_id, outcome.error_id);
  co_return co_await provision.exchange.send(received.context, std::move(response), outcome.data_set);
}

}  // namespace trialgate::dimse
