#include "gateway/retrieve/retrieval.h"

#include "dimse/scp/service_sop_classes.h"
#include "dimse/status.h"
#include "gateway/log/audit_later.h"
#include "gateway/pipeline/clock.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::size_t step_instances = 1000;

void submit_audit(storage::Store& store, Logger& log, const RetrievalRecord& record, std::string reason,
                  boost::json::object detail) {
  storage::AuditRecord audit;
  audit.at = utc_now();
  audit.actor = record.calling;
  audit.event = record.event;
  audit.reason = std::move(reason);
  if (record.submissions.size() == 1) audit.submission = record.submissions.front();
  detail["view"] = record.view;
  if (!record.destination.empty()) detail["destination"] = record.destination;
  boost::json::array submissions(record.submissions.begin(), record.submissions.end());
  detail["submissions"] = std::move(submissions);
  audit.detail = boost::json::serialize(detail);
  audit_later(store, log, std::move(audit));
}

}  // namespace

std::optional<QueryModel> retrieve_model(const dimse::Uid& sop_class) {
  const std::string& uid = sop_class.value();
  if (uid == dimse::patient_root_move || uid == dimse::patient_root_get) return QueryModel::patient_root;
  if (uid == dimse::study_root_move || uid == dimse::study_root_get) return QueryModel::study_root;
  return std::nullopt;
}

std::variant<std::vector<ShownInstance>, dimse::RetrieveRefusal> find_instances(
    const storage::Store& store, const View& view, const dimse::RetrieveRequest& request) {
  const auto model = retrieve_model(request.sop_class);
  if (!model) return dimse::RetrieveRefusal{dimse::status::sop_class_not_supported, {}};
  QueryRequest query;
  query.model = *model;
  query.transfer_syntax = request.transfer_syntax.value();
  query.relational = request.options.relational;
  query.identifier = request.identifier;
  auto asked = ShownInstances::ask(store, view, query);
  if (auto* refusal = std::get_if<Refusal>(&asked))
    return dimse::RetrieveRefusal{refusal->status, std::move(refusal->comment)};
  auto& shown = std::get<ShownInstances>(asked);
  std::vector<ShownInstance> all;
  for (;;) {
    auto some = shown.next(step_instances);
    if (!some)
      return dimse::RetrieveRefusal{dimse::status::unable_to_calculate_matches, "the store cannot be read"};
    if (some->empty()) return all;
    std::ranges::move(*some, std::back_inserter(all));
    if (all.size() > max_retrieved_instances)
      return dimse::RetrieveRefusal{dimse::status::unable_to_calculate_matches, "too many instances"};
  }
}

RetrievalRecord record_of(const dimse::RetrieveRequest& request, std::string event,
                          const std::vector<ShownInstance>& instances) {
  RetrievalRecord record;
  record.event = std::move(event);
  record.calling = request.association.calling.value();
  record.view = request.association.called.value();
  if (request.move_destination) record.destination = request.move_destination->value();
  record.association_id = request.association.id;
  for (const ShownInstance& instance : instances) record.submissions.push_back(instance.submission);
  std::ranges::sort(record.submissions);
  const auto repeated = std::ranges::unique(record.submissions);
  record.submissions.erase(repeated.begin(), repeated.end());
  return record;
}

void record_retrieval(storage::Store& store, Logger& log, const RetrievalRecord& record,
                      const dimse::SubOperations& counts) {
  log.event(dimse::Level::info, record.event,
            {{"id", static_cast<std::int64_t>(record.association_id)},
             {"calling", record.calling},
             {"view", record.view},
             {"destination", record.destination},
             {"completed", std::int64_t{counts.completed}},
             {"failed", std::int64_t{counts.failed}},
             {"warning", std::int64_t{counts.warning}},
             {"remaining", std::int64_t{counts.remaining}}});
  boost::json::object detail{{"completed", counts.completed},
                             {"failed", counts.failed},
                             {"warning", counts.warning},
                             {"remaining", counts.remaining}};
  submit_audit(store, log, record, {}, std::move(detail));
}

void record_refused_retrieval(storage::Store& store, Logger& log, const RetrievalRecord& record,
                              const dimse::RetrieveRefusal& refusal) {
  log.event(dimse::Level::warn, record.event,
            {{"id", static_cast<std::int64_t>(record.association_id)},
             {"calling", record.calling},
             {"view", record.view},
             {"status", std::int64_t{refusal.status}},
             {"why", refusal.error_comment}});
  boost::json::object detail{{"status", refusal.status}};
  submit_audit(store, log, record, "refused: " + refusal.error_comment, std::move(detail));
}

}  // namespace trialgate::gateway
