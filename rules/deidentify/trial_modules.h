#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/deidentify.h"

#include <string>
#include <vector>

namespace trialgate::rules {

/// What de-identification says about itself in the output.
struct DeidentificationMarkers {
  std::vector<std::string> methods;  ///< values for De-identification Method, at most 64 characters each
  std::vector<std::string> codes;    ///< CID 7050 code values, for its Code Sequence
  DateHandling dates = DateHandling::removed;
};

/// Writes the trial's identity of the subject, the clinical trial modules (PS3.3 §C.7.1.3, §C.7.2.3,
/// §C.7.3.2) and the markers of PS3.15 §E.1.1 over what the profile left. Earlier de-identification methods
/// stay. Text that the data set's character set cannot write makes the whole data set ISO_IR 192.
/// `source_series_uid` chooses the series label. Returns the tags that were written. Errors: unsupported,
/// when text that stays cannot be converted.
[[nodiscard]] Result<std::vector<Tag>> insert_trial(DataSet& data_set, const DeidentificationSubject& subject,
                                                    std::string_view source_series_uid,
                                                    const DeidentificationMarkers& markers);

}  // namespace trialgate::rules
