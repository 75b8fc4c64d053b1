#pragma once

#include "gateway/commands/open_store.h"
#include "rules/trial/trial.h"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace trialgate::gateway {

struct QueryOptions {
  StoreChoice store;
  rules::Language language = rules::Language::en;
  bool json = false;
};

/// `trialgate query list`: the quarantined submissions whose sites have to act, each with the rules that it
/// failed. Rejected ones stay listed, marked as decided.
[[nodiscard]] int query_list_command(const QueryOptions& options, std::ostream& out, std::ostream& err);

/// `trialgate query show ID`: what the site's technician has to know: what was expected, what was found, in
/// which series, what to do, until when a re-scan counts. Finds the study by UID and date, never by name.
[[nodiscard]] int query_show_command(const QueryOptions& options, std::uint64_t submission, std::ostream& out,
                                     std::ostream& err);

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
