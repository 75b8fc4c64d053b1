#pragma once

#include "rules/evaluate/condition.h"
#include "rules/evaluate/stacks.h"
#include "rules/examine/instance_record.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// "yes" when an intravenous agent is recorded, "no" when the header says that none was given, or an oral one
/// only. Unknown when Contrast/Bolus Agent is absent or empty, or contradicts the volume: it is often left
/// out, and often carried over from the protocol.
[[nodiscard]] Value contrast_given(const InstanceRecord& record);

/// "yes" or "no" from Lossy Image Compression (0028,2110), its ratio and method (an archive that recompressed
/// without loss may have dropped the flag), and the transfer syntax. Unknown when all are silent.
[[nodiscard]] Value lossy_compression(const InstanceRecord& record);

/// "yes" or "no" from Burned In Annotation (0028,0301); anything else is unknown.
[[nodiscard]] Value burned_in_annotation(const InstanceRecord& record);

/// "soft", "lung", "bone" or "other" by the vendor's spelling of Convolution Kernel (0018,1210). Unknown
/// without kernel.
[[nodiscard]] Value kernel_class(const InstanceRecord& record);
/// The class of one kernel name; `manufacturer` as in (0008,0070).
[[nodiscard]] std::string_view kernel_class_of(std::string_view kernel, std::string_view manufacturer);

/// A moment on the scanner's own clock, in its own zone.
using AcquisitionInstant = std::chrono::sys_time<std::chrono::microseconds>;
/// The stack's first acquisition; nothing when one instance does not say when it was acquired.
[[nodiscard]] std::optional<AcquisitionInstant> first_acquisition(const Stack& stack);
/// "2026-03-02 10:31:05".
[[nodiscard]] std::string instant_text(AcquisitionInstant at);

/// What keeps a body-weight SUV from being computed of one PET instance, each as a phrase: units,
/// corrections, weight, activity, half-life of the nuclide, injection time. Empty: nothing. (QIBA FDG-PET/CT
/// profile; acquisition.md's traps: activity in MBq where Bq is due, Philips counts with a factor of their
/// own.)
[[nodiscard]] std::vector<Text> suv_obstacles(const InstanceRecord& record);
/// MBq. Unknown when absent, not positive, or in the wrong unit.
[[nodiscard]] Value injected_activity(const InstanceRecord& record);
/// T. Values above 100 are gauss.
[[nodiscard]] Value field_strength(const InstanceRecord& record);

/// Seconds from Contrast/Bolus Start Time (0018,1042) to the first acquisition of the stack. Unknown when one
/// is missing, or when the delay is negative or longer than an hour: then the two are not of one injection.
[[nodiscard]] Value phase_delay(const Stack& stack);

/// Minutes from the start of the radiopharmaceutical's administration to the first acquisition of the stack
/// (Series Time is never used: it may be that of post-processing). A start time without date is of the
/// acquisition's day, or of the day before when it would be later. Unknown when negative or longer than a
/// day.
[[nodiscard]] Value uptake_time(const Stack& stack);

}  // namespace trialgate::rules
