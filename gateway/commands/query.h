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
  bool all = false;  ///< list closed ones too
  bool json = false;
};

/// `trialgate query list`: a line for each query that sites still have to settle, or {"queries": [...]}.
[[nodiscard]] int query_list_command(const QueryOptions& options, std::ostream& out, std::ostream& err);

/// `trialgate query show ID`: what the site's technician has to know (expected, found, series, what to do,
/// until when a re-scan counts), what was answered, and what became of each notice. Never names the patient.
[[nodiscard]] int query_show_command(const QueryOptions& options, std::uint64_t query, std::ostream& out,
                                     std::ostream& err);

struct SettleQueryOptions {
  StoreChoice store;
  std::uint64_t query = 0;
  std::string text;  ///< the site's answer, or why the query is closed; needed
  std::string name;  ///< who; needed
  bool json = false;
};

/// `trialgate query answer ID --text TEXT --name NAME`: records the site's words; the query stays until a
/// study passes or a person closes it. Audited.
[[nodiscard]] int query_answer_command(const SettleQueryOptions& options, std::ostream& out,
                                       std::ostream& err);

/// `trialgate query close ID --reason TEXT --name NAME`: closes it on a person's word and tells the site.
/// Audited. The study stays in quarantine: that is what `studies release` is for.
[[nodiscard]] int query_close_command(const SettleQueryOptions& options, std::ostream& out,
                                      std::ostream& err);

}  // namespace trialgate::gateway
