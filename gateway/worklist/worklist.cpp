#include "gateway/worklist/worklist.h"

#include "gateway/config/key_file.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/standing.h"
#include "gateway/receive/offload.h"
#include "gateway/receive/site_access.h"
#include "gateway/worklist/scheduled_visits.h"
#include "gateway/worklist/worklist_query.h"

#include <ctime>
#include <set>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::uint16_t unable_to_process = 0xC000;
constexpr std::uint16_t identifier_does_not_match = 0xA900;

/// The day it is where the node stands: as in the hospital, unless it is far away.
rules::Date local_today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  return std::chrono::sys_days(std::chrono::year(local.tm_year + 1900) /
                               std::chrono::month(static_cast<unsigned>(local.tm_mon + 1)) /
                               std::chrono::day(static_cast<unsigned>(local.tm_mday)));
}

storage::Result<rules::Identity> identity_of(const TrialInForce& trial,
                                             const std::filesystem::path& default_key_file) {
  const std::string& own = trial.trial->deidentify.key_file;
  auto key = read_key_file(own.empty() ? default_key_file : trial.entry.file.parent_path() / own);
  if (auto* problem = std::get_if<std::string>(&key)) return not_now(*problem);
  auto identity = rules::Identity::create(std::get<std::vector<std::uint8_t>>(key));
  if (!identity) return not_now(identity.error().message());
  return std::move(*identity);
}

/// Time points of a subject that are not to be listed; nothing when the whole subject is not.
storage::Result<std::optional<std::set<std::string, std::less<>>>> closed_time_points(
    const storage::ReadTransaction& transaction, const std::string& trial, const std::string& subject) {
  auto standing = read_standing(transaction, trial, subject);
  if (!standing) return standing.error();
  std::optional<std::set<std::string, std::less<>>> closed;
  if (standing->withdrawn) return closed;
  closed.emplace();
  for (const auto& [time_point, ruling] : standing->locked) closed->insert(time_point);
  auto submissions = transaction.index().submissions_of(trial, subject);
  if (!submissions) return submissions.error();
  for (const storage::SubmissionRow& row : *submissions) {
    const bool released =
        row.state >= storage::SubmissionState::released && row.state != storage::SubmissionState::withdrawn;
    if (released) closed->insert(row.time_point);
  }
  return closed;
}

}  // namespace

class Worklist::Matches final : public dimse::FindMatches {
 public:
  explicit Matches(Answer answer) : answer_(std::move(answer)) {}

  dimse::Task<std::variant<dimse::FindMatch, dimse::FindEnd>> next() override {
    if (at_ < answer_.matches.size()) co_return std::move(answer_.matches[at_++]);
    co_return dimse::FindEnd{answer_.status, answer_.comment};
  }

 private:
  Answer answer_;
  std::size_t at_ = 0;
};

dimse::Task<std::unique_ptr<dimse::FindMatches>> Worklist::find(dimse::FindRequest request) {
  auto ask = [this, &request] { return answer(request); };
  Answer found = co_await offload(disk_, ask);
  log_.event(found.status == 0 ? dimse::Level::info : dimse::Level::warn, "worklist.queried",
             {{"id", static_cast<std::int64_t>(request.association.id)},
              {"site", site_of(request.association.peer_id)},
              {"calling", request.association.calling.value()},
              {"matches", static_cast<std::int64_t>(found.matches.size())},
              {"why", found.comment}});
  std::unique_ptr<dimse::FindMatches> matches = std::make_unique<Matches>(std::move(found));
  co_return matches;
}

Worklist::Answer Worklist::answer(const dimse::FindRequest& request) const {
  const auto query = WorklistQuery::read(request.identifier, request.transfer_syntax.value());
  if (!query) return {identifier_does_not_match, query.error().where, {}};
  auto found = matches(request, *query, site_of(request.association.peer_id));
  if (found) return {0, {}, std::move(*found)};
  log_.event(dimse::Level::error, "worklist.not_answered", {{"why", found.error().message()}});
  return {unable_to_process, "the work list is not available", {}};
}

storage::Result<std::vector<dimse::FindMatch>> Worklist::matches(const dimse::FindRequest& request,
                                                                 const WorklistQuery& query,
                                                                 const std::string& site) const {
  std::vector<dimse::FindMatch> found;
  const rules::Date today = local_today();
  const auto trials = trials_.current();
  const auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    for (const TrialInForce& trial : *trials) {
      if (!trial.trial->subjects.has_site(site)) continue;
      auto identity = identity_of(trial, config_.key_file);
      if (!identity) return identity.error();
      storage::Result<void> standing_read;
      const IsClosed is_closed = [&](const rules::Subject& subject, std::string_view time_point) {
        auto closed = closed_time_points(transaction, trial.trial->protocol_id, subject.subject_id);
        if (!closed) standing_read = closed.error();
        return !closed || !*closed || (*closed)->contains(time_point);
      };
      const auto visits =
          scheduled_visits(*trial.trial, site, today, *config_.worklist, *identity, is_closed);
      if (!standing_read) return standing_read;
      for (const ScheduledVisit& visit : visits) {
        auto bytes = query.answer(visit, request.association.calling.value(), today);
        if (!bytes) return storage::fail(storage::Errc::invalid_argument, bytes.error().message());
        if (*bytes) found.push_back({std::move(**bytes), query.all_keys_supported()});
      }
    }
    return {};
  });
  if (!read) return read.error();
  return found;
}

}  // namespace trialgate::gateway
