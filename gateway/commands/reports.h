#pragma once

#include "gateway/commands/open_store.h"

#include <iosfwd>

namespace trialgate::gateway {

struct ReportOptions {
  StoreChoice store;
  bool json = false;
};

/// `trialgate report transfers`: for each submission how many instances were received, de-identified, and
/// where every one of them is: the reconciliation that a transfer needs (guideline G29, ICH E6(R3) 4.2.5).
/// Returns exit_findings when a delivery failed for good.
[[nodiscard]] int report_transfers_command(const ReportOptions& options, std::ostream& out,
                                           std::ostream& err);

/// `trialgate report deviations`: what was released although a check did not pass, and on whose word
/// (guideline G35 (6)).
[[nodiscard]] int report_deviations_command(const ReportOptions& options, std::ostream& out,
                                            std::ostream& err);

}  // namespace trialgate::gateway
