#include "gateway/commit/commitment_user.h"

#include "dimse/scu/requestor.h"
#include "dimse/status.h"
#include "gateway/commit/commitment_exchange.h"
#include "gateway/commit/confirmation.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"
#include "gateway/pipeline/wait_after.h"
#include "gateway/receive/offload.h"
#include "rules/dataset/transfer_syntax.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

constexpr std::uint16_t no_such_event_type = 0x0113;
constexpr std::uint16_t invalid_argument_value = 0x0115;

storage::Result<void> put_and_record(storage::Transaction& transaction, const storage::CommitmentRow& row,
                                     const Act& act) {
  auto id = transaction.commitments().put_commitment(row);
  if (!id) return id.error();
  auto submission = transaction.index().submission(row.submission);
  if (!submission) return submission.error();
  if (act.event.empty() || !*submission) return {};
  return record_act(transaction, **submission, act);
}

std::string detail_of(const storage::CommitmentRow& row) {
  return json::serialize(
      json::object{{"transaction_uid", row.transaction_uid}, {"instances", row.item_count}});
}

}  // namespace

/// Takes the report that comes on the association of its request, and ends the wait for it.
class CommitmentUser::SameAssociation final : public dimse::NormalizedService {
 public:
  SameAssociation(CommitmentUser& user, const Destination& destination, boost::asio::any_io_executor executor)
      : user_(user), destination_(destination), timer_(std::move(executor)) {}

  dimse::Task<dimse::NormalizedResponse> perform(dimse::NormalizedRequest request) override {
    auto record = [this, &request] { return user_.record_report(request, {&destination_}); };
    dimse::NormalizedResponse response = co_await offload(user_.runner_.disk(), record);
    came_ = true;
    timer_.cancel();
    co_return response;
  }

  dimse::Task<void> wait(std::chrono::milliseconds at_most) {
    if (came_) co_return;
    timer_.expires_after(at_most);
    co_await timer_.async_wait(dimse::use_task);
  }

 private:
  CommitmentUser& user_;
  const Destination& destination_;
  boost::asio::steady_timer timer_;
  bool came_ = false;
};

CommitmentUser::CommitmentUser(storage::Store& store, const NodeConfig& config, Logger& log,
                               std::function<void()> progress)
    : store_(store),
      config_(config),
      log_(log),
      progress_(std::move(progress)),
      runner_(store, storage::CommitmentRole::user, log,
              [this](storage::CommitmentRow row) { return attend(std::move(row)); }) {
  for (const Destination& destination : config.destinations)
    archives_.push_back({destination, NetworkBlocks(report_addresses(destination))});
}

dimse::Task<bool> CommitmentUser::attend(storage::CommitmentRow row) {
  if (row.state == storage::CommitmentState::requested) {
    auto expire = [this, &row] {
      give_up_waiting(std::move(row));
      return true;
    };
    co_await offload(runner_.disk(), expire);
    co_return true;
  }
  const auto archive = std::ranges::find_if(
      archives_, [&](const Archive& one) { return one.destination.name == row.partner; });
  bool refused = archive == archives_.end();
  std::string problem = "'" + row.partner + "' is no destination of the node any more";
  if (!refused) problem = co_await request(row, archive->destination, refused);
  auto record = [this, &row, &archive, &problem, refused] {
    record_request(std::move(row), archive == archives_.end() ? Destination{} : archive->destination, problem,
                   refused);
    return true;
  };
  co_await offload(runner_.disk(), record);
  co_return problem.empty();
}

dimse::Task<std::string> CommitmentUser::request(storage::CommitmentRow row, Destination destination,
                                                 bool& refused) {
  auto message = co_await read_commitment(store_, runner_.disk(), row);
  if (!message) co_return message.error().message();
  dimse::RequestorConfig config;
  config.host = destination.host;
  config.port = destination.port;
  config.called = dimse::AeTitle(destination.ae_title);
  config.calling =
      dimse::AeTitle(destination.calling_ae_title.empty() ? config_.ae_title : destination.calling_ae_title);
  config.response = destination.response_timeout;
  destination.tls.apply(config);
  std::vector<dimse::ProposedContext> contexts(1, commitment_context(dimse::ProposedRole::scu));
  SameAssociation report(*this, destination, co_await boost::asio::this_coro::executor);
  dimse::PeerServices services;
  services.normalized = &report;
  auto opened = co_await dimse::Requestor::open(std::move(config), std::move(contexts), log_, services);
  if (!opened) {
    refused = opened.error().code == make_error_code(dimse::Errc::no_presentation_context);
    co_return opened.error().message();
  }
  dimse::Requestor& association = **opened;
  auto answer = co_await send_commitment(association, dimse::CommandField::n_action_rq, request_commitment,
                                         std::move(*message));
  if (auto* const problem = std::get_if<std::string>(&answer)) co_return std::move(*problem);
  const std::uint16_t status = std::get<std::uint16_t>(answer);
  refused = dimse::classify(status) == dimse::StatusClass::failure;
  if (!refused && association.is_open()) co_await report.wait(destination.commitment.same_association);
  if (association.is_open()) {
    // The request was answered; how the association ends tells nothing about it.
    [[maybe_unused]] const dimse::Result<void> released = co_await association.release();
  }
  if (refused) co_return "the destination answered the request with status " + std::to_string(status);
  co_return std::string();
}

void CommitmentUser::record_request(storage::CommitmentRow row, const Destination& destination,
                                    const std::string& problem, bool refused) {
  const storage::UtcTime now = utc_now();
  Act act{now, "trialgate", {}, problem.empty() ? "of " + row.partner : row.partner + ": " + problem, {}};
  act.detail = detail_of(row);
  ++row.attempts;
  row.last_error = problem;
  if (problem.empty()) {
    row.state = storage::CommitmentState::requested;
    row.not_before = now + destination.commitment.report_within;
    act.event = "commitment.requested";
  } else if (refused) {
    row.state = storage::CommitmentState::abandoned;
    row.settled_at = now;
    act.event = "commitment.refused";
  } else {
    row.not_before = now + wait_after(row.attempts, destination.retry_first, destination.retry_longest);
    // Once: the rest of a long outage is in the log.
    if (row.attempts == 1) act.event = "commitment.request_deferred";
  }
  log_.event(problem.empty() ? dimse::Level::info : dimse::Level::warn,
             problem.empty() ? "commitment.requested" : "commitment.not_requested",
             {{"destination", row.partner},
              {"submission", static_cast<std::int64_t>(row.submission)},
              {"transaction_uid", row.transaction_uid},
              {"instances", static_cast<std::int64_t>(row.item_count)},
              {"attempt", static_cast<std::int64_t>(row.attempts)},
              {"why", problem}});
  const auto recorded = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = transaction.commitments().commitment(row.id);
    if (!current) return current.error();
    // The report was faster.
    if (!*current || (*current)->state != storage::CommitmentState::queued) return {};
    return put_and_record(transaction, row, act);
  });
  if (!recorded)
    log_.event(dimse::Level::error, "commitment.not_recorded", {{"why", recorded.error().message()}});
  if (refused) progress_();
}

void CommitmentUser::give_up_waiting(storage::CommitmentRow row) {
  row.state = storage::CommitmentState::abandoned;
  row.settled_at = utc_now();
  row.last_error = "no report came in time";
  Act act{row.settled_at, "trialgate", "commitment.no_report", "from " + row.partner + " in time",
          detail_of(row)};
  log_.event(dimse::Level::warn, "commitment.no_report",
             {{"destination", row.partner},
              {"submission", static_cast<std::int64_t>(row.submission)},
              {"transaction_uid", row.transaction_uid}});
  const auto recorded = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = transaction.commitments().commitment(row.id);
    if (!current) return current.error();
    if (!*current || (*current)->state != storage::CommitmentState::requested) return {};
    return put_and_record(transaction, row, act);
  });
  if (!recorded)
    log_.event(dimse::Level::error, "commitment.not_recorded", {{"why", recorded.error().message()}});
  progress_();
}

dimse::Task<dimse::NormalizedResponse> CommitmentUser::take(dimse::NormalizedRequest request) {
  std::vector<const Destination*> from;
  for (const Archive& archive : archives_) {
    if (archive.destination.ae_title == request.association.calling.value() &&
        archive.addresses.hold(request.association.peer_address))
      from.push_back(&archive.destination);
  }
  if (from.empty())
    co_return dimse::NormalizedResponse{dimse::status::not_authorized, "not a destination's address", {}, {}};
  auto record = [this, &request, &from] { return record_report(request, from); };
  co_return co_await offload(runner_.disk(), record);
}

dimse::NormalizedResponse CommitmentUser::record_report(const dimse::NormalizedRequest& request,
                                                        const std::vector<const Destination*>& from) {
  if (request.type_id != all_committed && request.type_id != not_all_committed)
    return {no_such_event_type, "no such event type", {}, {}};
  const auto report = read_commitment_message(request.data_set, request.transfer_syntax.value());
  if (!report) return {invalid_argument_value, report.error().where, {}, {}};
  for (const Destination* const destination : from) {
    const auto taken = take_report(store_, *destination, *report);
    if (!taken) {
      log_.event(dimse::Level::error, "commitment.not_recorded", {{"why", taken.error().message()}});
      return {dimse::status::processing_failure, "the report could not be recorded", {}, {}};
    }
    if (!taken->known) continue;
    log_.event(taken->sent_again + taken->given_up == 0 ? dimse::Level::info : dimse::Level::warn,
               "commitment.report",
               {{"destination", destination->name},
                {"submission", static_cast<std::int64_t>(taken->submission)},
                {"transaction_uid", report->transaction_uid},
                {"committed", static_cast<std::int64_t>(taken->committed)},
                {"sent_again", static_cast<std::int64_t>(taken->sent_again)},
                {"given_up", static_cast<std::int64_t>(taken->given_up)}});
    progress_();
    return {};
  }
  log_.event(
      dimse::Level::warn, "commitment.unknown_report",
      {{"calling", request.association.calling.value()}, {"transaction_uid", report->transaction_uid}});
  return {invalid_argument_value, "no such transaction", {}, {}};
}

}  // namespace trialgate::gateway
