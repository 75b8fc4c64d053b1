#include "gateway/commit/commitment_runner.h"

#include "gateway/pipeline/clock.h"
#include "gateway/receive/offload.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <map>

namespace trialgate::gateway {
namespace {

constexpr std::size_t disk_threads = 2;
constexpr std::size_t most_due = 1000;
constexpr std::size_t most_partners = 16;
constexpr std::chrono::milliseconds look_again{1000};

}  // namespace

CommitmentRunner::CommitmentRunner(storage::Store& store, storage::CommitmentRole role, Logger& log,
                                   Attend attend)
    : store_(store), role_(role), log_(log), attend_(std::move(attend)), disk_(disk_threads), tasks_(log) {}

CommitmentRunner::~CommitmentRunner() {
  stop(std::chrono::milliseconds(0));
}

void CommitmentRunner::start() {
  tasks_.spawn(context_.get_executor(), serve());
  thread_ = std::thread([this] { context_.run(); });
}

void CommitmentRunner::wake() {
  boost::asio::post(context_, [this] { timer_.cancel(); });
}

void CommitmentRunner::stop(std::chrono::milliseconds grace) {
  stopping_ = true;
  wake();
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (thread_.joinable() && tasks_.running() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  guard_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
  // What blocks there comes back to the context: to nobody, but it must still be there.
  disk_.join();
}

std::vector<storage::CommitmentRow> CommitmentRunner::due() {
  std::vector<storage::CommitmentRow> rows;
  // What is done now could not be recorded.
  if (store_.acceptance() == storage::Acceptance::failed) return rows;
  const auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = transaction.commitments().due_commitments(role_, utc_now(), most_due);
    if (!found) return found.error();
    rows = std::move(*found);
    return {};
  });
  if (!read) log_.event(dimse::Level::error, "store.read_failed", {{"why", read.error().message()}});
  return rows;
}

dimse::Task<void> CommitmentRunner::serve() {
  while (!stopping_) {
    auto look = [this] { return due(); };
    std::vector<storage::CommitmentRow> rows = co_await offload(disk_, look);
    std::map<Partner, std::vector<storage::CommitmentRow>> by_partner;
    for (storage::CommitmentRow& row : rows) by_partner[{row.site, row.partner}].push_back(std::move(row));
    for (auto& [partner, mine] : by_partner) {
      if (busy_.size() == most_partners) break;
      if (!busy_.insert(partner).second) continue;
      tasks_.spawn(context_.get_executor(), attend_all(partner, std::move(mine)));
    }
    co_await pause();
  }
}

dimse::Task<void> CommitmentRunner::attend_all(Partner partner, std::vector<storage::CommitmentRow> rows) {
  for (storage::CommitmentRow& row : rows) {
    if (stopping_) break;
    const bool go_on = co_await attend_(std::move(row));
    if (!go_on) break;
  }
  busy_.erase(partner);
  timer_.cancel();
}

dimse::Task<void> CommitmentRunner::pause() {
  timer_.expires_after(look_again);
  co_await timer_.async_wait(dimse::use_task);
}

}  // namespace trialgate::gateway
