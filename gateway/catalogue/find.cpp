#include "gateway/catalogue/find.h"

#include "dimse/scp/service_sop_classes.h"
#include "dimse/status.h"
#include "gateway/catalogue/response.h"
#include "gateway/catalogue/walk.h"
#include "gateway/log/audit_later.h"
#include "gateway/pipeline/clock.h"
#include "gateway/receive/offload.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace trialgate::gateway {
namespace {

/// Responses made ahead of the network: what a query holds in memory.
constexpr std::size_t matches_ahead = 64;

class CatalogueMatches final : public dimse::FindMatches {
 public:
  CatalogueMatches(storage::Store& store, boost::asio::thread_pool& disk, const View* view, Logger& log,
                   dimse::FindRequest request)
      : store_(store), disk_(disk), view_(view), log_(log), request_(std::move(request)) {}
  ~CatalogueMatches() override { record(); }
  CatalogueMatches(const CatalogueMatches&) = delete;
  CatalogueMatches& operator=(const CatalogueMatches&) = delete;

  dimse::Task<std::variant<dimse::FindMatch, dimse::FindEnd>> next() override {
    while (ready_.empty() && !end_) {
      auto more = [this] {
        read_more();
        return true;
      };
      [[maybe_unused]] const bool read = co_await offload(disk_, more);
    }
    if (ready_.empty()) co_return *end_;
    dimse::FindMatch match = std::move(ready_.front());
    ready_.pop_front();
    ++given_;
    co_return match;
  }

 private:
  /// On the disk pool.
  void read_more() {
    if (!walk_) {
      if (auto refusal = begin()) {
        end_ = dimse::FindEnd{refusal->status, std::move(refusal->comment)};
        return;
      }
    }
    std::vector<Match> matches;
    auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto found = walk_->step(transaction, matches_ahead);
      if (!found) return found.error();
      matches = std::move(*found);
      return {};
    });
    if (!read) return give_up(read.error().message());
    for (const Match& match : matches) {
      auto identifier =
          response_identifier(*query_, match, view_->ae_title, request_.transfer_syntax.value());
      if (!identifier) return give_up(identifier.error().message());
      ready_.push_back({std::move(*identifier), query_->all_keys_supported});
    }
    if (walk_->is_finished()) end_ = dimse::FindEnd{};
  }

  std::optional<Refusal> begin() {
    if (view_ == nullptr) return Refusal{dimse::status::sop_class_not_supported, "no queries here"};
    QueryRequest asked;
    asked.model = query_model(request_.sop_class);
    asked.transfer_syntax = request_.transfer_syntax.value();
    asked.relational = request_.options.relational;
    asked.combined_date_time = request_.options.combined_date_time;
    asked.identifier = request_.identifier;
    auto read = read_query(asked);
    if (auto* const refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
    request_.identifier = {};
    query_ = std::make_unique<const Query>(std::move(std::get<Query>(read)));
    walk_ = std::make_unique<Walk>(*view_, *query_);
    return std::nullopt;
  }

  void give_up(const std::string& why) {
    log_.event(dimse::Level::error, "query.failed", {{"why", why}});
    end_ = dimse::FindEnd{dimse::status::cannot_understand, "the query could not be carried out"};
  }

  void record() {
    const std::string level(query_ ? to_string(query_->level) : "none");
    const std::string view = request_.association.called.value();
    const bool complete = end_ && ready_.empty();
    const std::string how = !complete                                ? "cancelled"
                            : end_->status == dimse::status::success ? "complete"
                                                                     : "refused";
    log_.event(dimse::Level::info, "query.ended",
               {{"id", static_cast<std::int64_t>(request_.association.id)},
                {"calling", request_.association.calling.value()},
                {"view", view},
                {"level", level},
                {"matches", static_cast<std::int64_t>(given_)},
                {"how", how}});
    storage::AuditRecord audit;
    audit.at = utc_now();
    audit.actor = request_.association.calling.value() + '@' + request_.association.peer_address;
    audit.event = "query.answered";
    audit.reason = "C-FIND";
    audit.detail = boost::json::serialize(
        boost::json::object{{"view", view}, {"level", level}, {"matches", given_}, {"how", how}});
    audit_later(store_, log_, std::move(audit));
  }

  storage::Store& store_;
  boost::asio::thread_pool& disk_;
  const View* view_;
  Logger& log_;
  dimse::FindRequest request_;
  std::unique_ptr<const Query> query_;
  std::unique_ptr<Walk> walk_;
  std::deque<dimse::FindMatch> ready_;
  std::optional<dimse::FindEnd> end_;
  std::uint64_t given_ = 0;
};

}  // namespace

QueryModel query_model(const dimse::Uid& sop_class) {
  const bool patient_root = sop_class.value() == dimse::patient_root_find ||
                            sop_class.value() == dimse::patient_root_move ||
                            sop_class.value() == dimse::patient_root_get;
  return patient_root ? QueryModel::patient_root : QueryModel::study_root;
}

CatalogueFind::CatalogueFind(storage::Store& store, boost::asio::thread_pool& disk,
                             const std::vector<View>& views, Logger& log)
    : store_(store), disk_(disk), views_(views), log_(log) {}

dimse::Task<std::unique_ptr<dimse::FindMatches>> CatalogueFind::find(dimse::FindRequest request) {
  const View* const view = view_named(views_, request.association.called.value());
  std::unique_ptr<dimse::FindMatches> matches =
      std::make_unique<CatalogueMatches>(store_, disk_, view, log_, std::move(request));
  co_return matches;
}

}  // namespace trialgate::gateway
