#include "dimse/scp/providers.h"
#include "dimse/status.h"

#include <utility>

namespace trialgate::dimse {
namespace {

struct Query {
  PresentationContextId context{};
  CommandSet command;
  FindRequest request;
};

Task<void> serve_find(Provision provision, FindService& service, Query query) {
  const std::string sop_class = query.request.sop_class.value();
  std::unique_ptr<FindMatches> matches = co_await service.find(std::move(query.request));
  FindEnd end;
  std::int64_t sent_matches = 0;
  for (;;) {
    std::variant<FindMatch, FindEnd> next = FindEnd{status::cancel, {}};
    if (!provision.operation.is_cancelled()) next = co_await matches->next();
    if (auto* last = std::get_if<FindEnd>(&next)) {
      end = std::move(*last);
      break;
    }
    if (provision.operation.is_cancelled()) continue;
    const auto& match = std::get<FindMatch>(next);
    CommandSet response = response_to(
        query.command, match.all_keys_supported ? status::pending : status::pending_keys_not_supported);
    const auto sent = co_await provision.exchange.send(query.context, std::move(response), match.identifier);
    if (!sent) co_return;
    ++sent_matches;
  }
  matches.reset();
  CommandSet response = response_to(query.command, end.status, end.error_comment);
  const auto sent = co_await provision.exchange.send(query.context, std::move(response));
  provision.exchange.association().log().event(Level::info, "find.served",
                                               {{"sop_class", sop_class},
                                                {"matches", sent_matches},
                                                {"status", std::int64_t{end.status}},
                                                {"answered", std::int64_t{sent.has_value()}}});
}

}  // namespace

Task<Result<void>> provide_find(Provision provision, FindService& service, CommandReceived received) {
  const auto rq = CFindRq::from(received.command);
  if (!rq) co_return rq.error();
  auto identifier = co_await provision.exchange.gather(received.command, max_identifier_bytes);
  if (!identifier) co_return identifier.error();
  if (!*identifier) {
    CommandSet response = response_to(received.command, status::out_of_resources, "identifier too long");
    co_return co_await provision.exchange.send(received.context, std::move(response));
  }
  const AcceptedContext& context = *provision.exchange.negotiated().find(received.context);
  FindRequest request;
  request.association = provision.info;
  request.sop_class = context.abstract_syntax;
  request.transfer_syntax = context.transfer_syntax;
  request.message_id = rq->message_id;
  request.options = provision.exchange.negotiated().options_of(context.abstract_syntax);
  request.identifier = std::move(**identifier);
  Query query{received.context, std::move(received.command), std::move(request)};
  provision.operation.start(rq->message_id, serve_find(provision, service, std::move(query)));
  co_return Result<void>();
}

}  // namespace trialgate::dimse
