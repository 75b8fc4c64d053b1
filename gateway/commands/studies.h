#pragma once

#include "gateway/commands/open_store.h"
#include "rules/trial/trial.h"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace trialgate::gateway {

struct StudiesOptions {
  StoreChoice store;
  std::optional<storage::SubmissionState> state;  ///< list only these
  rules::Language language = rules::Language::en;
  bool json = false;
};

/// `trialgate studies list`: a line for each submission, or {"studies": [...]}.
[[nodiscard]] int studies_list_command(const StudiesOptions& options, std::ostream& out, std::ostream& err);

/// `trialgate studies show ID`: verdict, instances, deliveries and history of one submission.
[[nodiscard]] int studies_show_command(const StudiesOptions& options, std::uint64_t submission,
                                       std::ostream& out, std::ostream& err);

enum class Decision { release, reject, reopen };

struct DecideOptions {
  StoreChoice store;
  std::uint64_t submission = 0;
  Decision decision = Decision::release;
  std::string reason;  ///< why; needed (guideline G30)
  std::string name;    ///< who; needed
  bool json = false;
};

/// `trialgate studies release|reject|reopen ID --reason TEXT --name NAME`: what a person decides about a
/// submission, in one transaction with its audit record. Release: a quarantined study whose subject is known
/// goes on although a check failed. Reject: it stays quarantined for good; the site has to send the
/// examination anew. Reopen: it is judged again, as a new version. A running node goes on from there by
/// itself.
[[nodiscard]] int decide_command(const DecideOptions& options, std::ostream& out, std::ostream& err);

struct ClassifyOptions {
  StoreChoice store;
  std::uint64_t submission = 0;
  std::string what;    ///< a visit's id, or a class of unscheduled studies
  std::string reason;  ///< why; needed
  std::string name;    ///< who; needed
};

/// `trialgate studies classify ID --as WHAT --reason TEXT --name NAME`: says which visit a study is, or what
/// an unscheduled one is for; it is judged again. With the node's file, WHAT has to be known to the
/// submission's trial.
[[nodiscard]] int classify_command(const ClassifyOptions& options, std::ostream& out, std::ostream& err);

struct SendOptions {
  StoreChoice store;
  std::uint64_t submission = 0;
  std::string destination;  ///< empty: wherever a delivery failed
  std::string reason;
  std::string name;
};

/// `trialgate send ID`: queues the failed deliveries of a submission again, or with --to all its
/// de-identified instances to one destination, whatever the delivery rules say. Audited.
[[nodiscard]] int send_command(const SendOptions& options, std::ostream& out, std::ostream& err);

}  // namespace trialgate::gateway
