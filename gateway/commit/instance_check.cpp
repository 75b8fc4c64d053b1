#include "gateway/commit/instance_check.h"

#include "gateway/commit/commitment_message.h"

#include <algorithm>
#include <map>

namespace trialgate::gateway {
namespace {

/// Rows are read in pieces, so that no transaction lasts.
constexpr std::size_t items_at_once = 256;

/// The failure reason that the index alone tells, and the blobs that are to be read when there is none.
std::uint16_t look_up(const storage::CommitmentItem& item, std::string_view site,
                      const std::vector<storage::InstanceRow>& rows, std::vector<storage::Digest>& blobs) {
  bool is_there = false;
  bool same_class = true;
  for (const storage::InstanceRow& row : rows) {
    if (row.site != site) continue;
    is_there = true;
    same_class = same_class && row.sop_class_uid == item.sop_class_uid;
    blobs.push_back(row.blob);
  }
  if (!is_there) return failure_reason::no_such_instance;
  return same_class ? std::uint16_t{0} : failure_reason::class_instance_conflict;
}

}  // namespace

storage::Result<std::vector<storage::Digest>> check_instances(const storage::Store& store,
                                                              std::string_view site,
                                                              std::vector<storage::CommitmentItem>& items,
                                                              const std::function<bool()>& go_on) {
  std::vector<storage::Digest> damaged;
  std::map<storage::Digest, bool> sound;  // a list may name an instance twice
  for (std::size_t begin = 0; begin < items.size(); begin += items_at_once) {
    const std::size_t end = std::min(items.size(), begin + items_at_once);
    std::vector<std::vector<storage::Digest>> blobs(end - begin);
    auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      for (std::size_t at = begin; at < end; ++at) {
        const auto rows = transaction.index().instances(items[at].sop_instance_uid);
        if (!rows) return rows.error();
        items[at].failure_reason = look_up(items[at], site, *rows, blobs[at - begin]);
      }
      return {};
    });
    if (!read) return read.error();
    for (std::size_t at = begin; at < end; ++at) {
      if (items[at].failure_reason != 0) continue;
      for (const storage::Digest& blob : blobs[at - begin]) {
        const auto [known, fresh] = sound.try_emplace(blob, true);
        if (fresh) {
          if (!go_on()) return storage::fail(storage::Errc::not_accepting, "the check was broken off");
          known->second = store.blobs().verify(blob).has_value();
          if (!known->second) damaged.push_back(blob);
        }
        if (!known->second) items[at].failure_reason = failure_reason::processing_failure;
      }
    }
  }
  return damaged;
}

}  // namespace trialgate::gateway
