#pragma once

#include "storage/lmdb/environment.h"
#include "storage/performed_steps.h"

namespace trialgate::storage {

/// The PerformedSteps in LMDB tables. Lives inside one transaction.
class LmdbPerformedSteps final : public PerformedSteps {
 public:
  explicit LmdbPerformedSteps(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<PerformedStepRow>> step(std::string_view site,
                                               std::string_view sop_instance_uid) const override;
  Result<std::vector<PerformedStepRow>> steps_of(std::string_view site,
                                                 std::string_view study_uid) const override;
  Result<std::optional<std::string>> message(std::string_view site, std::string_view sop_instance_uid,
                                             std::uint32_t message) const override;
  Result<void> put_step(const PerformedStepRow& row) override;
  Result<void> add_message(std::string_view site, std::string_view sop_instance_uid,
                           std::string_view bytes) override;

 private:
  LmdbTransaction& transaction_;
};

}  // namespace trialgate::storage
