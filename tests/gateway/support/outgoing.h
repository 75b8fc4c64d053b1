#pragma once

#include "tests/gateway/support/test_store.h"

#include <string>
#include <vector>

namespace trialgate::gateway::test {

inline std::string derived_uid(int n) {
  return "2.25.90" + std::to_string(n);
}

/// Data set `n` of a test: its content tells which one it is.
inline std::string derived_data_set(int n, std::size_t bytes) {
  std::string data = SyntheticInstance(derived_uid(n)).data_set();
  data.resize(bytes - bytes % 2, static_cast<char>('a' + n % 26));
  return data;
}

/// Writes submission `id`, with `count` derived instances of `bytes` each in its present version, in two
/// extents each.
inline void put_derived(TestStore& store, const storage::SubmissionRow& row, int count,
                        std::size_t bytes = 4096) {
  std::string pack;
  std::vector<std::string> data_sets;
  for (int n = 0; n < count; ++n) {
    data_sets.push_back(derived_data_set(n, bytes));
    pack += data_sets.back();
  }
  const storage::Digest blob = store.put_pack(pack);
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    if (auto put = transaction.index().put_submission(row); !put) return put;
    std::uint64_t offset = 0;
    for (int n = 0; n < count; ++n) {
      const std::string& data = data_sets[static_cast<std::size_t>(n)];
      storage::DerivedRow derived;
      derived.submission = row.id;
      derived.version = row.version;
      derived.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
      derived.sop_instance_uid = derived_uid(n);
      derived.source_sop_instance_uid = "1.2.3.4." + std::to_string(n);
      derived.transfer_syntax_uid = "1.2.840.10008.1.2.1";
      derived.data_set = {{blob, offset, 100}, {blob, offset + 100, data.size() - 100}};
      derived.data_set_digest =
          storage::Digest::of({reinterpret_cast<const std::uint8_t*>(data.data()), data.size()});
      derived.data_set_bytes = data.size();
      offset += data.size();
      if (auto put = transaction.index().put_derived(derived); !put) return put;
    }
    return {};
  });
}

inline storage::SubmissionRow submission_of(std::uint64_t id, storage::SubmissionState state) {
  storage::SubmissionRow row;
  row.id = id;
  row.site = "SITE01";
  row.study_uid = "1.2.3." + std::to_string(id);
  row.version = 1;
  row.trial_id = "ONC-301";
  row.subject = "ONC-301-007";
  row.time_point = "BL";
  row.state = state;
  return row;
}

/// A delivering submission with everything queued for `destination`.
inline void put_outgoing(TestStore& store, std::uint64_t id, const std::string& destination, int count,
                         std::size_t bytes = 4096) {
  put_derived(store, submission_of(id, storage::SubmissionState::delivering), count, bytes);
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    for (int n = 0; n < count; ++n) {
      storage::DeliveryRow delivery;
      delivery.submission = id;
      delivery.version = 1;
      delivery.destination = destination;
      delivery.sop_instance_uid = derived_uid(n);
      if (auto added = transaction.outbox().enqueue(delivery); !added) return added.error();
    }
    return {};
  });
}

}  // namespace trialgate::gateway::test
