#pragma once

#include "gateway/commands/open_store.h"

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>

namespace trialgate::gateway {

/// Who decides, and why; both are needed (G30).
struct Signature {
  std::string name;
  std::string reason;
};

struct AddSubjectOptions {
  StoreChoice store;            ///< whose audit trail records it
  std::filesystem::path trial;  ///< trial file, beside which its register lies
  std::string site;
  std::string issuer;
  std::string patient_id;
  std::string subject;
  std::map<std::string, std::string> dates;  ///< column → YYYY-MM-DD
  Signature signature;
};

/// `trialgate subjects add`: appends a row to the trial's register, after checking the whole register with
/// it, and replaces the file at once; a running node takes it in by itself. The register stays the one truth
/// about who takes part. Audited, without the patient ID.
[[nodiscard]] int subjects_add_command(const AddSubjectOptions& options, std::ostream& out,
                                       std::ostream& err);

struct SubjectOptions {
  StoreChoice store;
  std::string trial;  ///< protocol ID
  std::string subject;
  std::string time_point;  ///< of lock and unlock
  Signature signature;
};

/// `trialgate subjects withdraw`: consent withdrawn: nothing further of the subject leaves the node.
[[nodiscard]] int subjects_withdraw_command(const SubjectOptions& options, std::ostream& out,
                                            std::ostream& err);
/// `trialgate subjects lock`: what arrives later for a time point is held until a person releases it.
[[nodiscard]] int subjects_lock_command(const SubjectOptions& options, std::ostream& out, std::ostream& err);
/// `trialgate subjects unlock`
[[nodiscard]] int subjects_unlock_command(const SubjectOptions& options, std::ostream& out,
                                          std::ostream& err);
/// `trialgate subjects show`: whether the subject is withdrawn and which time points are locked, by whom and
/// why.
[[nodiscard]] int subjects_show_command(const SubjectOptions& options, std::ostream& out, std::ostream& err);

struct QualifySiteOptions {
  StoreChoice store;
  std::string trial;  ///< protocol ID
  std::string site;
  std::uint64_t submission = 0;  ///< the test submission that was accepted
  Signature signature;
};

/// `trialgate sites qualify`: the site may take part, on the strength of a test submission. Only trials with
/// the rule `study: {qualified_site: ...}` ask for it.
[[nodiscard]] int sites_qualify_command(const QualifySiteOptions& options, std::ostream& out,
                                        std::ostream& err);

}  // namespace trialgate::gateway
