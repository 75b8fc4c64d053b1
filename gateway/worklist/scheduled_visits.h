#pragma once

#include "gateway/config/worklist_config.h"
#include "rules/deidentify/identity.h"
#include "rules/trial/trial.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// One step of the work list: what one modality is to do for one visit of one subject.
struct ScheduledVisit {
  std::string issuer;  ///< Issuer of Patient ID, may be empty
  std::string patient_id;
  std::string subject_id;
  std::string site;
  std::string protocol_id;
  std::string protocol_name;
  std::string sponsor;
  std::string time_point;
  rules::Date first_day;  ///< of the window, as far as the work list shows it
  rules::Date last_day;
  std::string modality;
  std::string series;     ///< names of the series that the charter wants, in English
  std::string study_uid;  ///< the same whenever the list is asked for
  std::string visit_id;   ///< Requested Procedure ID, 16 characters
  std::string step_id;    ///< Scheduled Procedure Step ID, 16 characters
};

/// Whether a subject's time point is not to be listed: withdrawn, locked, or there already.
using IsClosed = std::function<bool(const rules::Subject& subject, std::string_view time_point)>;

/// The visits of a site's subjects whose window holds `today`, or opens or has closed within the days of
/// `config`: a step for each modality that the charter wants series of. UIDs and IDs come from the trial's
/// key, so that a scanner may ask again. In the order of the register. Pure.
[[nodiscard]] std::vector<ScheduledVisit> scheduled_visits(const rules::Trial& trial, std::string_view site,
                                                           rules::Date today, const WorklistConfig& config,
                                                           const rules::Identity& identity,
                                                           const IsClosed& is_closed);

}  // namespace trialgate::gateway
