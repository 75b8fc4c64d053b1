#include "dimse/scp/providers.h"
#include "dimse/status.h"
#include "dimse/ul/failure_map.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace trialgate::dimse {
namespace {

std::string hexadecimal(std::uint16_t value) {
  std::array<char, 5> text{};
  std::snprintf(text.data(), text.size(), "%04X", value);
  return text.data();
}

bool is_usable_instance_uid(const Uid& uid) {
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  return !uid.empty() && uid.value().size() <= 64 &&
         std::all_of(uid.value().begin(), uid.value().end(), printable);
}

std::optional<StoreOutcome> refusal(const CommandSet& command, const CStoreRq& rq,
                                    const AcceptedContext& context) {
  if (!command.data_set_follows()) return StoreOutcome{status::mistyped_argument, "no data set"};
  if (!is_usable_instance_uid(rq.affected_sop_instance))
    return StoreOutcome{status::invalid_sop_instance, "Affected SOP Instance UID"};
  if (rq.affected_sop_class != context.abstract_syntax)
    return StoreOutcome{status::sop_class_not_supported, "not the SOP class of the presentation context"};
  return std::nullopt;
}

/// Reads the data set to its end, into `sink` unless that is null or fails; then `sink_failure` says why and
/// the association goes on.
Task<Result<void>> read_data_set(Provision provision, InstanceSink* sink,
                                 std::optional<Failure>& sink_failure) {
  std::uint64_t bytes = 0;
  for (;;) {
    const auto event = co_await provision.exchange.next_event(Waiting::for_rest);
    if (!event) co_return event.error();
    const auto& data =
        std::get<DataSetBytes>(**event);  // the assembler gives no command before the data set's end
    bytes += data.bytes.size();
    if (sink != nullptr && !sink_failure && bytes > provision.max_instance_bytes)
      sink_failure = fail(Errc::out_of_resources, "longest instance allowed");
    if (sink != nullptr && !sink_failure && !data.bytes.empty()) {
      const auto written = co_await sink->write(data.bytes);
      if (!written) sink_failure = written.error();
    }
    if (data.last) break;
  }
  if (sink_failure) {
    provision.exchange.association().log().event(Level::error, "instance.not_written",
                                                 {{"why", sink_failure->message()}});
  }
  co_return Result<void>();
}

void log_stored(const AssociationLog& log, const CStoreRq& rq, const AcceptedContext& context,
                const StoreOutcome& outcome) {
  const Level level = classify(outcome.status) == StatusClass::success ? Level::info : Level::warn;
  log.event(level, "instance.store",
            {{"sop_instance", printable(rq.affected_sop_instance.value())},
             {"sop_class", printable(rq.affected_sop_class.value())},
             {"transfer_syntax", context.transfer_syntax.value()},
             {"status", hexadecimal(outcome.status)}});
}

}  // namespace

Task<Result<void>> provide_store(Provision provision, StoreService& service, CommandReceived received,
                                 std::uint64_t& stored) {
  const auto rq = CStoreRq::from(received.command);
  if (!rq) co_return rq.error();
  const AcceptedContext& context = *provision.exchange.negotiated().find(received.context);
  std::optional<StoreOutcome> outcome = refusal(received.command, *rq, context);
  std::unique_ptr<InstanceSink> sink;
  if (!outcome) {
    StoreRequest request{
        provision.info, rq->affected_sop_class, rq->affected_sop_instance,     context.transfer_syntax,
        rq->message_id, rq->move_originator,    rq->move_originator_message_id};
    StoreBegin begun = co_await service.begin(std::move(request));
    if (auto* refused = std::get_if<StoreOutcome>(&begun)) {
      outcome = std::move(*refused);
    } else {
      sink = std::move(std::get<std::unique_ptr<InstanceSink>>(begun));
    }
  }
  if (received.command.data_set_follows()) {
    std::optional<Failure> sink_failure;
    const auto read = co_await read_data_set(provision, sink.get(), sink_failure);
    if (!read) co_return read.error();
    if (sink_failure) outcome = StoreOutcome{peer_answer(*sink_failure).status, {}};
  }
  if (!outcome) {
    outcome = co_await sink->finish();
  }
  sink.reset();
  log_stored(provision.exchange.association().log(), *rq, context, *outcome);
  if (classify(outcome->status) == StatusClass::success) ++stored;
  CommandSet response = response_to(received.command, outcome->status, outcome->error_comment);
  co_return co_await provision.exchange.send(received.context, std::move(response));
}

}  // namespace trialgate::dimse
