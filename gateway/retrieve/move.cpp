#include "gateway/retrieve/move.h"

#include "dimse/scp/storage_sop_classes.h"
#include "dimse/status.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace trialgate::gateway {
namespace {

/// So often the peer hears of a move that does not get on.
constexpr std::chrono::seconds sign_of_life{5};
/// Another association is worth its opening from so many instances on.
constexpr std::size_t instances_per_association = 16;
constexpr std::size_t max_contexts = 128;

}  // namespace

Move::Move(storage::Store& store, Encodings& encodings, Logger& log, MoveTarget target,
           std::vector<ShownInstance> instances, RetrievalRecord record,
           const boost::asio::any_io_executor& executor)
    : store_(store),
      encodings_(encodings),
      log_(log),
      target_(std::move(target)),
      instances_(std::move(instances)),
      record_(std::move(record)),
      executor_(executor),
      told_(executor) {
  counts_.remaining = static_cast<std::uint32_t>(instances_.size());
}

void Move::start(dimse::TaskGroup& tasks) {
  const std::size_t wanted = (instances_.size() + instances_per_association - 1) / instances_per_association;
  lanes_ = std::min(wanted, target_.associations);
  for (std::size_t i = 0; i < lanes_; ++i) tasks.spawn(executor_, send(shared_from_this()));
}

/// One context for each pair of SOP class and transfer syntax, so that nothing is re-encoded where the
/// destination takes it as it is, and one with the uncompressed ones for each SOP class.
std::vector<dimse::ProposedContext> Move::contexts() const {
  std::map<std::string, std::set<std::string>> syntaxes;
  for (const ShownInstance& instance : instances_)
    syntaxes[instance.sop_class_uid].insert(instance.transfer_syntax_uid);
  std::vector<dimse::ProposedContext> contexts;
  const auto propose = [&contexts](const std::string& sop_class, std::vector<dimse::Uid> transfer_syntaxes) {
    if (contexts.size() == max_contexts) return;
    dimse::ProposedContext context;
    context.abstract_syntax = dimse::Uid(sop_class);
    context.transfer_syntaxes = std::move(transfer_syntaxes);
    contexts.push_back(std::move(context));
  };
  for (const auto& [sop_class, kept] : syntaxes) {
    for (const std::string& syntax : kept) propose(sop_class, {dimse::Uid(syntax)});
  }
  for (const auto& [sop_class, kept] : syntaxes) {
    propose(sop_class, {dimse::Uid(std::string(dimse::explicit_vr_little_endian)),
                        dimse::Uid(std::string(dimse::implicit_vr_little_endian))});
  }
  return contexts;
}

dimse::Task<void> Move::send(std::shared_ptr<Move> self) {
  bool useful = true;
  std::string why;
  while (useful && self->has_more()) {
    dimse::RequestorConfig config = self->target_.requestor;
    std::vector<dimse::ProposedContext> contexts = self->contexts();
    auto opened = co_await dimse::Requestor::open(std::move(config), std::move(contexts), self->log_);
    if (!opened) {
      why = opened.error().message();
      break;
    }
    dimse::Requestor& association = **opened;
    self->open_.insert(&association);
    useful = co_await self->send_by(association);
    self->open_.erase(&association);
    if (association.is_open()) {
      // The instances are accounted for one by one; how the association ends tells nothing about them.
      [[maybe_unused]] const auto released = co_await association.release();
    }
  }
  --self->lanes_;
  if (self->lanes_ == 0 && self->has_more()) self->fail_the_rest(why);
}

dimse::Task<bool> Move::send_by(dimse::Requestor& association) {
  bool answered = false;
  while (has_more() && association.is_open()) {
    ShownInstance instance = std::move(instances_[next_++]);
    const std::string sop_instance = instance.sop_instance_uid;
    ++under_way_;
    const std::optional<std::uint16_t> status = co_await send_one(association, std::move(instance));
    --under_way_;
    answered = answered || status.has_value();
    count(status.value_or(dimse::status::processing_failure), sop_instance);
  }
  co_return answered;
}

dimse::Task<std::optional<std::uint16_t>> Move::send_one(dimse::Requestor& association,
                                                         ShownInstance instance) {
  const dimse::Uid sop_class(instance.sop_class_uid);
  std::vector<dimse::Uid> accepted = association.accepted_transfer_syntaxes(sop_class);
  dimse::SubOperation sub = co_await encodings_.sub_operation(std::move(instance), std::move(accepted));
  if (sub.source == nullptr) co_return dimse::status::processing_failure;
  dimse::StoreOperation operation;
  operation.sop_class = sub.sop_class;
  operation.sop_instance = sub.sop_instance;
  operation.transfer_syntax = sub.transfer_syntax;
  operation.source = sub.source.get();
  operation.move_originator = target_.move_originator;
  operation.move_originator_message_id = target_.move_originator_message_id;
  const auto response = co_await association.store(std::move(operation));
  if (!response) {
    log_.event(dimse::Level::warn, "retrieve.sub_operation_failed",
               {{"id", static_cast<std::int64_t>(record_.association_id)},
                {"destination", record_.destination},
                {"why", response.error().message()}});
    co_return std::nullopt;
  }
  co_return response->status;
}

void Move::count(std::uint16_t status, const std::string& sop_instance) {
  --counts_.remaining;
  switch (dimse::classify(status)) {
    case dimse::StatusClass::success:
      ++counts_.completed;
      break;
    case dimse::StatusClass::warning:
      ++counts_.warning;
      break;
    default:
      ++counts_.failed;
      failed_.emplace_back(sop_instance);
  }
  tell();
}

void Move::fail_the_rest(const std::string& why) {
  log_.event(dimse::Level::error, "retrieve.destination_unreachable",
             {{"id", static_cast<std::int64_t>(record_.association_id)},
              {"destination", record_.destination},
              {"why", why}});
  while (next_ < instances_.size()) {
    failed_.emplace_back(instances_[next_++].sop_instance_uid);
    ++counts_.failed;
    --counts_.remaining;
  }
  tell();
}

void Move::tell() {
  changed_ = true;
  told_.cancel();
}

bool Move::has_ended() const noexcept {
  return under_way_ == 0 && !has_more();
}

dimse::Task<std::variant<dimse::SubOperations, dimse::MoveEnd>> Move::next() {
  const auto self = shared_from_this();
  if (!changed_ && !has_ended()) {
    told_.expires_after(sign_of_life);
    [[maybe_unused]] const auto woken = co_await told_.async_wait(dimse::use_task);
  }
  changed_ = false;
  if (!has_ended()) co_return counts_;
  dimse::MoveEnd end;
  end.counts = counts_;
  end.failed = failed_;
  co_return std::move(end);
}

void Move::cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  tell();
}

void Move::abandon() {
  cancelled_ = true;
  if (!has_ended()) {
    for (dimse::Requestor* association : open_) association->abort();
  }
  if (recorded_) return;
  recorded_ = true;
  record_retrieval(store_, log_, record_, counts_);
}

}  // namespace trialgate::gateway
