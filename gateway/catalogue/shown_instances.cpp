#include "gateway/catalogue/shown_instances.h"

#include "gateway/catalogue/visibility.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace trialgate::gateway {
namespace {

storage::Result<std::optional<ShownInstance>> received_instance(const storage::ReadTransaction& transaction,
                                                                const Match& match) {
  auto rows = transaction.index().instances(match.instance->sop_instance_uid);
  if (!rows) return rows.error();
  const auto row = std::ranges::find_if(*rows, [&](const storage::InstanceRow& one) {
    return one.submission == match.study.submission && !one.conflict;
  });
  if (row == rows->end()) return std::optional<ShownInstance>();
  ShownInstance shown{
      row->sop_class_uid, row->sop_instance_uid, row->transfer_syntax_uid, row->submission, {}, 0};
  shown.data_set_bytes = row->size_bytes - row->data_set_offset;
  shown.data_set.push_back({row->blob, row->data_set_offset, shown.data_set_bytes});
  return std::optional(std::move(shown));
}

storage::Result<std::optional<ShownInstance>> derived_instance(const storage::ReadTransaction& transaction,
                                                               const Match& match) {
  auto rows = transaction.index().derived_by_uid(match.instance->sop_instance_uid);
  if (!rows) return rows.error();
  // The newest version; one that was delivered from an earlier version has the same bytes.
  const auto row = std::find_if(rows->rbegin(), rows->rend(), [&](const storage::DerivedRow& one) {
    return one.submission == match.study.submission;
  });
  if (row == rows->rend()) return std::optional<ShownInstance>();
  return std::optional(ShownInstance{row->sop_class_uid, row->sop_instance_uid, row->transfer_syntax_uid,
                                     row->submission, std::move(row->data_set), row->data_set_bytes});
}

}  // namespace

ShownInstances::ShownInstances(const storage::Store& store, const View& view, Query query)
    : store_(&store),
      view_(&view),
      query_(std::make_unique<const Query>(std::move(query))),
      walk_(std::make_unique<Walk>(view, *query_)) {}

std::variant<ShownInstances, Refusal> ShownInstances::ask(const storage::Store& store, const View& view,
                                                          const QueryRequest& request) {
  auto query = read_retrieval(request);
  if (auto* const refusal = std::get_if<Refusal>(&query)) return std::move(*refusal);
  return ShownInstances(store, view, std::move(std::get<Query>(query)));
}

storage::Result<std::vector<ShownInstance>> ShownInstances::next(std::size_t limit) {
  std::vector<ShownInstance> shown;
  while (shown.empty() && !walk_->is_finished()) {
    auto read = store_->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto matches = walk_->step(transaction, limit);
      if (!matches) return matches.error();
      const bool received = shelf_of(*view_).kind == storage::ShelfKind::received;
      for (const Match& match : *matches) {
        auto instance =
            received ? received_instance(transaction, match) : derived_instance(transaction, match);
        if (!instance) return instance.error();
        if (*instance) shown.push_back(std::move(**instance));
      }
      return {};
    });
    if (!read) return read.error();
  }
  return shown;
}

}  // namespace trialgate::gateway
