#pragma once

#include "gateway/worker/instance_workers.h"
#include "gateway/worker/job_table.h"
#include "gateway/worker/pixel_spool.h"

#include <cstdint>

namespace trialgate::gateway {

/// Worker side: the answers of the two jobs. `data_set_digest` in hex; the pixel range of an instance with
/// new pixels is what was sent in parts.
/// `attributes` are encoded InstanceAttributes.
[[nodiscard]] WorkerReply examine_reply(const rules::InstanceRecord& record, std::string_view attributes);
[[nodiscard]] WorkerReply attributes_reply(std::string_view attributes);
[[nodiscard]] WorkerReply deidentify_reply(rules::Deidentified instance, std::string data_set_digest,
                                           std::string_view attributes);
[[nodiscard]] WorkerReply held_reply(const rules::Held& held);
/// The job cannot be done with this instance; one sentence, no patient data.
[[nodiscard]] WorkerReply error_reply(std::string reason);

/// Node side: reads an answer and trusts nothing in it. What does not fit is bad_reply.
[[nodiscard]] ExamineOutcome examine_outcome(JobOutcome outcome);
[[nodiscard]] std::optional<std::string> attributes_outcome(JobOutcome outcome);
/// `file_bytes` is the size of the file that the job was about; `spool` took the parts.
[[nodiscard]] DeidentifyOutcome deidentify_outcome(JobOutcome outcome, std::uint64_t file_bytes,
                                                   PixelSpool& spool);
[[nodiscard]] ReencodeOutcome reencode_outcome(JobOutcome outcome, PixelSpool& spool);

}  // namespace trialgate::gateway
