#pragma once

#include "storage/index.h"
#include "storage/lmdb/environment.h"

namespace trialgate::storage {

/// The Index in LMDB tables. Lives inside one transaction.
class LmdbIndex final : public Index {
 public:
  explicit LmdbIndex(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<InstanceRow>> instance(std::string_view sop_instance_uid,
                                              const Digest& blob) const override;
  Result<std::vector<InstanceRow>> instances(std::string_view sop_instance_uid) const override;
  Result<std::optional<InstanceRow>> instance_of_blob(const Digest& blob) const override;
  Result<void> instances_of(std::uint64_t submission, const Visitor<InstanceRow>& visit) const override;
  Result<std::vector<InstanceRow>> next_unexamined(std::size_t limit, std::uint64_t after) const override;
  Result<std::vector<InstanceRow>> all_instances(std::size_t limit, std::string_view after_uid,
                                                 const Digest& after_blob) const override;
  Result<void> put_instance(const InstanceRow& row) override;

  Result<std::optional<BlobRow>> blob(const Digest& blob) const override;
  Result<std::vector<BlobRow>> blobs(std::size_t limit, const Digest& after) const override;
  Result<void> put_blob(const BlobRow& row) override;

  Result<std::optional<std::string>> record(const Digest& blob) const override;
  Result<void> put_record(const Digest& blob, std::string_view bytes) override;

  Result<std::optional<SubmissionRow>> submission(std::uint64_t id) const override;
  Result<std::optional<SubmissionRow>> submission(std::string_view site,
                                                  std::string_view study_uid) const override;
  Result<void> submissions_in(SubmissionState state, const Visitor<SubmissionRow>& visit) const override;
  Result<std::vector<SubmissionRow>> submissions_of(std::string_view trial_id,
                                                    std::string_view subject) const override;
  Result<std::vector<SubmissionRow>> submissions(std::size_t limit, std::uint64_t after) const override;
  Result<std::uint64_t> count_in(SubmissionState state) const override;
  Result<std::uint64_t> allocate_submission_id() override;
  Result<void> put_submission(const SubmissionRow& row) override;

  Result<std::optional<std::string>> document(std::uint64_t submission, std::uint32_t version,
                                              std::string_view kind) const override;
  Result<std::vector<std::pair<std::uint32_t, std::string>>> documents_of(
      std::uint64_t submission) const override;
  Result<void> put_document(std::uint64_t submission, std::uint32_t version, std::string_view kind,
                            std::string_view bytes) override;

  Result<std::optional<DerivedRow>> derived(std::uint64_t submission, std::uint32_t version,
                                            std::string_view sop_instance_uid) const override;
  Result<void> derived_of(std::uint64_t submission, std::uint32_t version,
                          const Visitor<DerivedRow>& visit) const override;
  Result<std::vector<DerivedRow>> derived_by_uid(std::string_view sop_instance_uid) const override;
  Result<void> put_derived(const DerivedRow& row) override;

  Result<std::optional<std::string>> value(std::string_view name) const override;
  Result<void> put_value(std::string_view name, std::string_view bytes) override;

 private:
  LmdbTransaction& transaction_;
};

}  // namespace trialgate::storage
