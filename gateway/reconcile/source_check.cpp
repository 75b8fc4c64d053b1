#include "gateway/reconcile/source_check.h"

#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"
#include "gateway/reconcile/source_query.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <exception>
#include <future>
#include <variant>
#include <vector>

namespace trialgate::gateway {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::string_view source_document = "source";
constexpr unsigned most_attempts = 3;
constexpr std::chrono::seconds between_attempts{10};
constexpr std::size_t most_listed = 1000;

/// What arrived, by series; instances whose series is not known are left out.
storage::Result<StudyInventory> arrived(const storage::ReadTransaction& transaction,
                                        std::uint64_t submission) {
  StudyInventory inventory;
  auto walked = transaction.index().instances_of(submission, [&](const storage::InstanceRow& instance) {
    if (!instance.series_uid.empty()) inventory[instance.series_uid].insert(instance.sop_instance_uid);
    return true;
  });
  if (!walked) return walked.error();
  return inventory;
}

rules::SourceComparison compare(const StudyInventory& here, const StudyInventory& source) {
  rules::SourceComparison comparison;
  for (const auto& [series, instances] : source) {
    comparison.source_count += instances.size();
    const auto mine = here.find(series);
    for (const std::string& uid : instances) {
      if (mine == here.end() || mine->second.contains(uid)) continue;
      ++comparison.missing_count;
      if (comparison.missing.size() < most_listed) comparison.missing.push_back(uid);
    }
  }
  return comparison;
}

std::string to_text(const rules::SourceComparison& comparison) {
  json::array missing;
  for (const std::string& uid : comparison.missing) missing.emplace_back(uid);
  return json::serialize(json::object{{"source_count", comparison.source_count},
                                      {"missing_count", comparison.missing_count},
                                      {"missing", std::move(missing)},
                                      {"problem", comparison.problem}});
}

dimse::RequestorConfig requestor_config(const SitePacs& pacs, const NodeConfig& node) {
  dimse::RequestorConfig config;
  config.host = pacs.host;
  config.port = pacs.port;
  config.called = dimse::AeTitle(pacs.ae_title);
  config.calling = dimse::AeTitle(pacs.calling_ae_title.empty() ? node.ae_title : pacs.calling_ae_title);
  config.connect = std::chrono::seconds(10);
  config.response = std::chrono::seconds(30);
  pacs.tls.apply(config);
  return config;
}

}  // namespace

SourceCheck::SourceCheck(storage::Store& store, const NodeConfig& config, Logger& log,
                         std::function<void()> settled)
    : store_(store), config_(config), log_(log), settled_(std::move(settled)), thread_([this] { run(); }) {}

SourceCheck::~SourceCheck() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (asking_ != nullptr) asking_->stop();
  }
  changed_.notify_all();
  thread_.join();
}

const SitePacs* SourceCheck::pacs_of(const std::string& site) const {
  const auto found = std::ranges::find_if(
      config_.sites, [&](const Site& one) { return one.id == site && one.pacs.has_value(); });
  return found == config_.sites.end() ? nullptr : &*found->pacs;
}

bool SourceCheck::is_settled(const storage::SubmissionRow& row) {
  if (pacs_of(row.site) == nullptr) return true;
  bool recorded = false;
  const auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto document = transaction.index().document(row.id, row.version, source_document);
    if (!document) return document.error();
    recorded = document->has_value();
    return {};
  });
  if (!read || recorded) return true;
  {
    const std::lock_guard lock(mutex_);
    if (known_.emplace(row.id, row.version).second) queue_.push_back({row, 0, {}});
  }
  changed_.notify_all();
  return false;
}

std::optional<SourceCheck::Waiting> SourceCheck::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    const auto first = std::ranges::min_element(queue_, {}, &Waiting::not_before);
    if (first == queue_.end()) {
      changed_.wait(lock);
    } else if (first->not_before > Clock::now()) {
      changed_.wait_until(lock, first->not_before);
    } else {
      Waiting waiting = std::move(*first);
      queue_.erase(first);
      return waiting;
    }
  }
}

void SourceCheck::run() {
  while (auto waiting = next()) check(std::move(*waiting));
}

void SourceCheck::check(Waiting waiting) {
  const storage::SubmissionRow& row = waiting.row;
  StudyInventory here;
  auto recorded = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = arrived(transaction, row.id);
    if (!found) return found.error();
    here = std::move(*found);
    return {};
  });
  std::vector<std::string> series;
  for (const auto& [uid, instances] : here) series.push_back(uid);

  std::variant<StudyInventory, std::string> source = std::string("the query was broken off");
  {
    asio::io_context context(1);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      asking_ = &context;
    }
    auto done = [&](const std::exception_ptr& error, std::variant<StudyInventory, std::string> answer) {
      if (!error) source = std::move(answer);
    };
    asio::co_spawn(context,
                   query_source(requestor_config(*pacs_of(row.site), config_), row.study_uid, series, log_),
                   done);
    context.run();
    const std::lock_guard lock(mutex_);
    asking_ = nullptr;
    if (stopping_) return;
  }
  rules::SourceComparison comparison;
  if (const auto* inventory = std::get_if<StudyInventory>(&source)) {
    comparison = compare(here, *inventory);
  } else {
    comparison.problem = std::get<std::string>(source);
    log_.event(
        dimse::Level::warn, "source.not_compared",
        {{"submission", static_cast<std::int64_t>(row.id)}, {"site", row.site}, {"why", comparison.problem}});
    if (++waiting.attempts < most_attempts) {
      waiting.not_before = Clock::now() + between_attempts;
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(waiting));
      return;
    }
  }
  if (recorded) {
    recorded = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
      auto put = transaction.index().put_document(row.id, row.version, source_document, to_text(comparison));
      if (!put) return put;
      const std::string reason = comparison.problem.empty()
                                     ? std::to_string(comparison.missing_count) + " of " +
                                           std::to_string(comparison.source_count) +
                                           " instances did not arrive"
                                     : comparison.problem;
      return record_act(transaction, row, {utc_now(), "trialgate", "source.compared", reason, {}});
    });
  }
  {
    const std::lock_guard lock(mutex_);
    known_.erase({row.id, row.version});
  }
  if (!recorded)
    log_.event(dimse::Level::error, "source.not_recorded", {{"why", recorded.error().message()}});
  settled_();
}

storage::Result<std::optional<rules::SourceComparison>> read_source_comparison(
    const storage::ReadTransaction& transaction, std::uint64_t submission, std::uint32_t version) {
  auto bytes = transaction.index().document(submission, version, source_document);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<rules::SourceComparison>();
  boost::system::error_code error;
  const json::value value = json::parse(**bytes, error);
  if (error || !value.is_object()) return storage::fail(storage::Errc::corrupt, "comparison with the source");
  rules::SourceComparison comparison;
  comparison.source_count = value.at("source_count").to_number<std::size_t>();
  comparison.missing_count = value.at("missing_count").to_number<std::size_t>();
  for (const json::value& uid : value.at("missing").as_array())
    comparison.missing.emplace_back(uid.as_string());
  comparison.problem = value.at("problem").as_string();
  return std::optional<rules::SourceComparison>(std::move(comparison));
}

}  // namespace trialgate::gateway
