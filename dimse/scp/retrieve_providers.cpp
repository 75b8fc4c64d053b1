#include "dimse/scp/providers.h"
#include "dimse/scp/storage_sop_classes.h"
#include "dimse/status.h"

#include <utility>

namespace trialgate::dimse {
namespace {

/// A request that was read, or its refusal.
struct Retrieve {
  PresentationContextId context{};
  CommandSet command;
  RetrieveRequest request;
  bool identifier_too_long = false;
  bool explicit_vr = false;  ///< of the identifiers
};

Task<Result<Retrieve>> read_retrieve(Provision provision, CommandReceived received) {
  auto identifier = co_await provision.exchange.gather(received.command, max_identifier_bytes);
  if (!identifier) co_return identifier.error();
  const AcceptedContext& context = *provision.exchange.negotiated().find(received.context);
  Retrieve retrieve;
  retrieve.context = received.context;
  retrieve.identifier_too_long = !*identifier;
  retrieve.explicit_vr = context.transfer_syntax.value() != implicit_vr_little_endian;
  RetrieveRequest& request = retrieve.request;
  request.association = provision.info;
  request.sop_class = context.abstract_syntax;
  request.transfer_syntax = context.transfer_syntax;
  request.options = provision.exchange.negotiated().options_of(context.abstract_syntax);
  if (*identifier) request.identifier = std::move(**identifier);
  retrieve.command = std::move(received.command);
  co_return std::move(retrieve);
}

Priority priority_of(std::uint16_t value) {
  return value == 1 ? Priority::high : value == 2 ? Priority::low : Priority::medium;
}

/// How a retrieve ended, before it is put into a response.
struct Final {
  std::uint16_t status = 0;
  std::string error_comment;
  SubOperations counts;
  std::vector<Uid> failed;
};

Final refused(RetrieveRefusal refusal) {
  return {refusal.status, std::move(refusal.error_comment), {}, {}};
}

Task<void> send_final(Provision provision, const Retrieve& retrieve, Final final, const char* event) {
  CommandSet response = response_to(retrieve.command, final.status, final.error_comment);
  set_sub_operations(response, final.counts);
  std::vector<std::uint8_t> identifier;
  if (classify(final.status) != StatusClass::success)
    identifier = failed_list_identifier(final.failed, retrieve.explicit_vr);
  const auto sent = co_await provision.exchange.send(retrieve.context, std::move(response), identifier);
  const SubOperations& counts = final.counts;
  provision.exchange.association().log().event(
      classify(final.status) == StatusClass::failure ? Level::warn : Level::info, event,
      {{"sop_class", retrieve.request.sop_class.value()},
       {"completed", std::int64_t{counts.completed}},
       {"failed", std::int64_t{counts.failed}},
       {"warning", std::int64_t{counts.warning}},
       {"remaining", std::int64_t{counts.remaining}},
       {"status", std::int64_t{final.status}},
       {"answered", std::int64_t{sent.has_value()}}});
}

Task<bool> send_pending(Provision provision, const Retrieve& retrieve, SubOperations counts) {
  CommandSet response = response_to(retrieve.command, status::pending);
  set_sub_operations(response, counts);
  const auto sent = co_await provision.exchange.send(retrieve.context, std::move(response));
  co_return sent.has_value();
}

/// The contexts by which C-STORE sub-operations may go to the requestor.
class StorageContexts final : public AcceptedSyntaxes {
 public:
  explicit StorageContexts(const Negotiated& negotiated) : negotiated_(negotiated) {}

  [[nodiscard]] std::vector<Uid> of(const Uid& sop_class) const override {
    std::vector<Uid> syntaxes;
    for (const AcceptedContext& context : negotiated_.contexts) {
      if (carries(context, sop_class)) syntaxes.push_back(context.transfer_syntax);
    }
    return syntaxes;
  }
  [[nodiscard]] const AcceptedContext* find(const Uid& sop_class, const Uid& transfer_syntax) const {
    for (const AcceptedContext& context : negotiated_.contexts) {
      if (carries(context, sop_class) && context.transfer_syntax == transfer_syntax) return &context;
    }
    return nullptr;
  }

 private:
  static bool carries(const AcceptedContext& context, const Uid& sop_class) {
    return context.service == ServiceKind::storage && context.requestor_is_scp &&
           context.abstract_syntax == sop_class;
  }
  const Negotiated& negotiated_;
};

/// The sub-operations of one C-GET, one after the other (PS3.4 §C.4.3.3).
class Getting {
 public:
  explicit Getting(Provision provision) : provision_(provision), contexts_(provision.exchange.negotiated()) {}

  [[nodiscard]] const StorageContexts& contexts() const noexcept { return contexts_; }

  /// The status of the peer's answer; a failure that is none when it cannot be sent; nullopt when the
  /// association is of no more use.
  Task<std::optional<std::uint16_t>> store(SubOperation& sub) {
    const AcceptedContext* context = contexts_.find(sub.sop_class, sub.transfer_syntax);
    if (sub.source == nullptr || context == nullptr || sub.source->size_bytes() % 2 != 0)
      co_return status::processing_failure;
    CStoreRq rq;
    rq.message_id = next_message_id_++;
    rq.affected_sop_class = sub.sop_class;
    rq.affected_sop_instance = sub.sop_instance;
    provision_.operation.expect_response(rq.message_id);
    CommandSet command = rq.to_command_set();
    const auto sent = co_await provision_.exchange.send(context->id, std::move(command), *sub.source);
    if (!sent) {
      // Half a data set cannot be taken back.
      provision_.exchange.association().abort_now(Errc::source_failed);
      co_return std::nullopt;
    }
    const auto response = co_await provision_.operation.response(provision_.config.response);
    if (!response) co_return std::nullopt;
    co_return response->status;
  }

 private:
  Provision provision_;
  StorageContexts contexts_;
  std::uint16_t next_message_id_ = 1;
};

void count(std::uint16_t store_status, const Uid& instance, Final& final) {
  --final.counts.remaining;
  switch (classify(store_status)) {
    case StatusClass::success:
      ++final.counts.completed;
      break;
    case StatusClass::warning:
      ++final.counts.warning;
      break;
    default:
      ++final.counts.failed;
      final.failed.push_back(instance);
  }
}

/// False: the association is of no more use.
Task<bool> get_all(Provision provision, GetOperation& instances, const Retrieve& retrieve, Final& final) {
  Getting getting(provision);
  final.counts.remaining = static_cast<std::uint32_t>(instances.total());
  while (final.counts.remaining > 0 && !provision.operation.is_cancelled()) {
    std::optional<SubOperation> sub = co_await instances.next(getting.contexts());
    if (!sub) break;
    if (provision.operation.is_cancelled()) break;
    const std::optional<std::uint16_t> stored = co_await getting.store(*sub);
    if (!stored) co_return false;
    instances.answered(*stored);
    count(*stored, sub->sop_instance, final);
    if (final.counts.remaining == 0) break;
    const bool sent = co_await send_pending(provision, retrieve, final.counts);
    if (!sent) co_return false;
  }
  final.status = retrieve_status(final.counts);
  co_return true;
}

Task<void> serve_get(Provision provision, RetrieveService& service, Retrieve retrieve) {
  RetrieveRequest request = std::move(retrieve.request);
  retrieve.request.sop_class = request.sop_class;
  auto begun = co_await service.get(std::move(request));
  Final final;
  if (auto* refusal = std::get_if<RetrieveRefusal>(&begun)) {
    final = refused(std::move(*refusal));
  } else {
    auto& instances = std::get<std::unique_ptr<GetOperation>>(begun);
    const bool usable = co_await get_all(provision, *instances, retrieve, final);
    if (!usable) co_return;
    instances.reset();
  }
  co_await send_final(provision, retrieve, std::move(final), "get.served");
}

/// nullopt: the association is of no more use.
Task<std::optional<Final>> follow(Provision provision, MoveOperation& move, const Retrieve& retrieve) {
  for (;;) {
    if (provision.operation.is_cancelled()) move.cancel();
    auto next = co_await move.next();
    if (auto* end = std::get_if<MoveEnd>(&next)) {
      Final final{end->status.value_or(retrieve_status(end->counts)), std::move(end->error_comment),
                  end->counts, std::move(end->failed)};
      co_return std::move(final);
    }
    const bool sent = co_await send_pending(provision, retrieve, std::get<SubOperations>(next));
    if (!sent) co_return std::nullopt;
  }
}

Task<void> serve_move(Provision provision, RetrieveService& service, Retrieve retrieve) {
  RetrieveRequest request = std::move(retrieve.request);
  retrieve.request.sop_class = request.sop_class;
  auto begun = co_await service.move(std::move(request));
  std::optional<Final> final;
  if (auto* refusal = std::get_if<RetrieveRefusal>(&begun)) {
    final = refused(std::move(*refusal));
  } else {
    auto& move = std::get<std::unique_ptr<MoveOperation>>(begun);
    provision.operation.on_cancel([&move] { move->cancel(); });
    final = co_await follow(provision, *move, retrieve);
    provision.operation.on_cancel(nullptr);
    if (!final) co_return;
    move.reset();
  }
  co_await send_final(provision, retrieve, std::move(*final), "move.served");
}

/// Reads the request to its end. Nothing when it was refused.
Task<Result<std::optional<Retrieve>>> begin(Provision provision, CommandReceived received,
                                            std::uint16_t message_id, std::uint16_t priority) {
  auto retrieve = co_await read_retrieve(provision, std::move(received));
  if (!retrieve) co_return retrieve.error();
  std::optional<Retrieve> begun;
  if (retrieve->identifier_too_long) {
    CommandSet response =
        response_to(retrieve->command, status::unable_to_calculate_matches, "identifier too long");
    auto sent = co_await provision.exchange.send(retrieve->context, std::move(response));
    if (!sent) co_return sent.error();
    co_return begun;
  }
  retrieve->request.message_id = message_id;
  retrieve->request.priority = priority_of(priority);
  begun = std::move(*retrieve);
  co_return begun;
}

}  // namespace

Task<Result<void>> provide_get(Provision provision, RetrieveService& service, CommandReceived received) {
  const auto rq = CGetRq::from(received.command);
  if (!rq) co_return rq.error();
  auto begun = co_await begin(provision, std::move(received), rq->message_id, rq->priority);
  if (!begun) co_return begun.error();
  if (*begun) provision.operation.start(rq->message_id, serve_get(provision, service, std::move(**begun)));
  co_return Result<void>();
}

Task<Result<void>> provide_move(Provision provision, RetrieveService& service, CommandReceived received) {
  const auto rq = CMoveRq::from(received.command);
  if (!rq) co_return rq.error();
  auto begun = co_await begin(provision, std::move(received), rq->message_id, rq->priority);
  if (!begun) co_return begun.error();
  if (*begun) {
    (*begun)->request.move_destination = rq->move_destination;
    provision.operation.start(rq->message_id, serve_move(provision, service, std::move(**begun)));
  }
  co_return Result<void>();
}

}  // namespace trialgate::dimse
