#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/identity.h"
#include "rules/deidentify/report.h"
#include "rules/deidentify/rules.h"
#include "rules/pixels/new_pixels.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::rules {

class ActionTable;

/// The rules of a trial, resolved once into one action an attribute. Immutable; any thread.
class CompiledRules {
 public:
  /// Errors: invalid_configuration, `where` is what validate() says first.
  [[nodiscard]] static Result<CompiledRules> compile(DeidentificationRules rules);

  CompiledRules(CompiledRules&&) noexcept;
  CompiledRules& operator=(CompiledRules&&) noexcept;
  ~CompiledRules();

  [[nodiscard]] const DeidentificationRules& rules() const noexcept { return rules_; }
  [[nodiscard]] const ActionTable& actions() const noexcept { return *actions_; }
  /// SHA-256 in hex of the resolved actions, the tables' edition included.
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }

 private:
  CompiledRules();

  DeidentificationRules rules_;
  std::unique_ptr<const ActionTable> actions_;
  std::string sha256_;
};

/// How the trial calls a series: Clinical Trial Series ID and Description (0012,0071), (0012,0072).
struct SeriesLabel {
  std::string id;
  std::string description;

  friend bool operator==(const SeriesLabel&, const SeriesLabel&) = default;
};

/// Whose instances they are and what the trial writes into them. One for a submission. Texts are UTF-8.
struct DeidentificationSubject {
  std::string patient_id;            ///< Patient ID that the instances must have; identifying
  std::string issuer_of_patient_id;  ///< empty: not checked
  std::string subject_id;            ///< pseudonym: Patient ID, Patient's Name, Clinical Trial Subject ID
  std::string reading_id;            ///< Clinical Trial Subject Reading ID; empty: not written
  std::string sponsor;               ///< Clinical Trial Sponsor Name, not empty
  std::string protocol_id;           ///< Clinical Trial Protocol ID, not empty
  std::string protocol_name;
  std::string site_id;
  std::string site_name;
  std::string time_point_id;
  std::string time_point_description;
  std::string coordinating_center;
  std::map<std::string, SeriesLabel, std::less<>> series;  ///< by the Series Instance UID that was received

  friend bool operator==(const DeidentificationSubject&, const DeidentificationSubject&) = default;
};

/// An instance without identity: the data set is `prefix`, then bytes [pixel_offset, pixel_offset +
/// pixel_length) of the file that was read, then `suffix`. Where there are `new_pixels`, what they write
/// stands between prefix and suffix instead, and is still to be made: it may fail, and then the instance is
/// held. File meta information is the caller's.
struct Deidentified {
  std::vector<std::uint8_t> prefix;
  std::shared_ptr<const NewPixels> new_pixels;  ///< looks into the file that was read
  std::uint64_t pixel_offset = 0;
  std::uint64_t pixel_length = 0;
  std::vector<std::uint8_t> suffix;
  std::string transfer_syntax_uid;
  std::string sop_class_uid;
  std::string sop_instance_uid;  ///< new
  std::string study_uid;         ///< new
  std::string series_uid;        ///< new
  std::string source_sop_instance_uid;
  std::string source_study_uid;
  std::string source_series_uid;
  /// Every UID of the source that is not in the output, and what stands for it where something does.
  std::map<std::string, std::string, std::less<>> uids;
  DeidentificationReport report;
};

/// De-identifies a Part 10 file as the store keeps it: profile and options at every level, then the trial's
/// values, then the search of the output for what was removed. Fails closed: what it cannot vouch for is
/// held. Pure, reads the pixel data only where it must; any thread.
[[nodiscard]] std::variant<Deidentified, Held> deidentify(std::span<const std::uint8_t> file,
                                                          const CompiledRules& rules,
                                                          const DeidentificationSubject& subject,
                                                          const Identity& identity,
                                                          const Limits& limits = {});

/// The end of an instance whose new pixel data could not be made.
[[nodiscard]] Held held_for_pixels(const Failure& failure);

/// For the socket to a worker process. The subject's holds the patient ID: never to be logged.
[[nodiscard]] boost::json::value to_json(const DeidentificationRules& rules);
[[nodiscard]] boost::json::value to_json(const DeidentificationSubject& subject);
/// Errors: invalid_configuration, `where` names the member.
[[nodiscard]] Result<DeidentificationRules> deidentification_rules_from_json(const boost::json::value& json);
[[nodiscard]] Result<DeidentificationSubject> deidentification_subject_from_json(
    const boost::json::value& json);

}  // namespace trialgate::rules
