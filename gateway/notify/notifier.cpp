#include "gateway/notify/notifier.h"

#include "gateway/notify/notice_content.h"
#include "gateway/notify/queries.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"
#include "gateway/pipeline/wait_after.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace trialgate::gateway {
namespace {

// Other processes close queries too, and a verdict's notice has to leave within a minute.
constexpr std::chrono::seconds look_every{2};
constexpr std::size_t at_a_time = 20;
// An address may be refused for a while only; one that stays refused must not keep the mail from the others.
constexpr std::uint32_t all_or_none_attempts = 2;

std::string_view tag_of(rules::Language language) {
  return language == rules::Language::zh ? "zh-CN" : "en";
}

}  // namespace

Notifier::Notifier(storage::Store& store, const TrialBook& trials, const NodeConfig& config,
                   const MailConfig& mail, NoticeTemplates templates, std::string password, Logger& log)
    : store_(store),
      trials_(trials),
      config_(config),
      mail_(mail),
      templates_(std::move(templates)),
      log_(log),
      client_(mail_, std::move(password), stopping_),
      thread_([this] { run(); }) {}

Notifier::~Notifier() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void Notifier::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    send_due();
    lock.lock();
    stopped_.wait_for(lock, look_every, [this] { return stopping_.load(); });
  }
}

void Notifier::send_due() {
  std::vector<storage::NoticeRow> due;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto rows = transaction.correspondence().due_notices(utc_now(), at_a_time);
    if (!rows) return rows.error();
    due = std::move(*rows);
    return {};
  });
  for (const storage::NoticeRow& notice : due) {
    if (stopping_) return;
    read = send(notice);
    if (!read) break;
  }
  if (!read) log_.event(dimse::Level::error, "notice.not_recorded", {{"why", read.error().message()}});
}

storage::Result<void> Notifier::send(const storage::NoticeRow& notice) {
  storage::QueryRow query;
  NoticeContent content;
  const Site* site = nullptr;
  rules::Language language = rules::Language::en;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = transaction.correspondence().query(notice.query);
    if (!found) return found.error();
    if (!*found) return storage::fail(storage::Errc::corrupt, "notice without its query");
    query = std::move(**found);
    site = site_of(query.site);
    if (site == nullptr) return {};
    auto row = transaction.index().submission(query.submission);
    if (!row) return row.error();
    if (*row) language = language_of(*site, (*row)->trial_id);
    auto gathered = notice_content(transaction, query, language, utc_now());
    if (!gathered) return gathered.error();
    content = std::move(*gathered);
    return {};
  });
  if (!read) return settle(notice, query, {read.error().message(), 0});
  if (site == nullptr)
    return settle(notice, query, {"the node file names no technician of the site any more", 0});

  NoticeText text = templates_.render(notice.kind, language, content);
  MailMessage message;
  message.to = site->technicians;
  message.subject = std::move(text.subject);
  message.message_id = message_id(notice);
  message.language = tag_of(language);
  message.at = utc_now();
  message.text = std::move(text.text);
  message.html = std::move(text.html);
  const MailOutcome outcome = client_.send(message, notice.attempts < all_or_none_attempts);
  if (stopping_ && !outcome.problem.empty()) return {};
  return settle(notice, query, outcome);
}

storage::Result<void> Notifier::settle(storage::NoticeRow notice, const storage::QueryRow& query,
                                       const MailOutcome& outcome) {
  const storage::UtcTime now = utc_now();
  ++notice.attempts;
  notice.last_error = outcome.problem;
  if (outcome.refused > 0) notice.last_error = std::to_string(outcome.refused) + " of the addresses refused";
  if (outcome.problem.empty()) {
    notice.state = storage::NoticeState::sent;
    notice.sent_at = now;
  } else {
    notice.not_before = now + wait_after(notice.attempts, mail_.retry_first, mail_.retry_longest);
  }
  const std::string kind(to_string(notice.kind));
  auto recorded = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    if (auto attempt = record_attempt(transaction, notice); !attempt) return attempt;
    if (!outcome.problem.empty()) return {};
    storage::SubmissionRow about;
    about.id = query.submission;
    about.site = query.site;
    return record_act(transaction, about,
                      {now, "trialgate", "notice.sent", kind + " of query " + std::to_string(query.id), {}});
  });
  if (!recorded) return recorded;
  log_.event(notice.last_error.empty() ? dimse::Level::info : dimse::Level::warn,
             outcome.problem.empty() ? "notice.sent" : "notice.delayed",
             {{"query", static_cast<std::int64_t>(query.id)},
              {"site", query.site},
              {"kind", kind},
              {"attempts", static_cast<std::int64_t>(notice.attempts)},
              {"why", notice.last_error}});
  return {};
}

rules::Language Notifier::language_of(const Site& site, std::string_view trial_id) const {
  if (site.language) return *site.language;
  const auto trial = trial_named(*trials_.current(), trial_id);
  return trial ? trial->language_of(site.id) : rules::Language::en;
}

const Site* Notifier::site_of(const std::string& id) const {
  const auto found = std::ranges::find_if(
      config_.sites, [&](const Site& site) { return site.id == id && !site.technicians.empty(); });
  return found == config_.sites.end() ? nullptr : &*found;
}

std::string Notifier::message_id(const storage::NoticeRow& notice) const {
  // The time makes it different from that of another node, or of a store that was begun anew.
  return "trialgate." + std::to_string(notice.id) + "." +
         std::to_string(notice.created_at.time_since_epoch().count()) +
         mail_.from.substr(mail_.from.find('@'));
}

}  // namespace trialgate::gateway
