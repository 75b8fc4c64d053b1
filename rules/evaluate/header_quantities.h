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
/// The stack's first acquisition, from the frames' or instances' acquisition date and time; nothing when one
/// does not say, or when they are more than half a day apart and so cannot be of one scan.
[[nodiscard]] std::optional<AcquisitionInstant> first_acquisition(const Stack& stack);
/// "2026-03-02 10:31:05".
[[nodiscard]] std::string instant_text(AcquisitionInstant at);

/// What keeps a body-weight SUV from being computed of one PET instance, each as a phrase: units,
/// corrections, weight, activity, half-life of the nuclide, injection time. Empty: nothing. (QIBA FDG-PET/CT
/// profile; traps: activity in MBq where Bq is due, Philips counts with a factor of their own.)
[[nodiscard]] std::vector<Text> suv_obstacles(const InstanceRecord& record);
/// The same of the stack as a whole: what its instances disagree about, and times that contradict each other.
[[nodiscard]] std::vector<Text> suv_disagreements(const Stack& stack);
/// "yes" or "no" from Corrected Image (0028,0051), of enhanced PET from its own flags; a series that was sent
/// without attenuation correction (NAC) beside the corrected one is told by it. Unknown when both are silent.
[[nodiscard]] Value attenuation_corrected(const InstanceRecord& record);
/// "yes" or "no": Decay Correction (0054,1102) START or ADMIN, of enhanced PET its own flag.
[[nodiscard]] Value decay_corrected(const InstanceRecord& record);
/// "F-18", by code or meaning in Radionuclide Code Sequence (0054,0300), or by a tracer that has only one.
[[nodiscard]] Value radionuclide(const InstanceRecord& record);

/// What is known of a nuclide.
struct Nuclide {
  std::string_view name;  ///< "F-18"
  double half_life_s = 0;
};
/// The nuclide that the header names; null when it names none that we know.
[[nodiscard]] const Nuclide* nuclide_of(const InstanceRecord& record);
/// MBq. Unknown when absent, not positive, or in the wrong unit.
[[nodiscard]] Value injected_activity(const InstanceRecord& record);
/// T. Values above 100 are gauss.
[[nodiscard]] Value field_strength(const InstanceRecord& record);

/// Seconds from Contrast/Bolus Start Time (0018,1042) to the first acquisition of the stack. Unknown when one
/// is missing, when instances name different starts, when the start is that of the scan itself (some scanners
/// write it so), or when the delay is negative or longer than an hour: then the two are not of one injection.
/// Neither has to have a date: what lies across midnight is taken the short way round.
[[nodiscard]] Value phase_delay(const Stack& stack);

/// Minutes from the start of the radiopharmaceutical's administration to the first acquisition of the stack.
/// Series Time is never used: it may be that of post-processing, for which GE keeps the true scan time in
/// (0009,xx0D); the earlier of that and the acquisition counts. A start time without date is of the
/// acquisition's day, or of the day before when it would be later; of nuclides that live longer than half a
/// day it says nothing. Unknown when date-time and time of the start contradict each other, when instances
/// name different starts, when the start is that of the scan itself, and when negative or longer than 20
/// days.
[[nodiscard]] Value uptake_time(const Stack& stack);

/// Frames of the stack; those of cine, gated and whole-body instances without functional groups included.
[[nodiscard]] std::size_t frame_count(const Stack& stack);
/// mm, the larger of row and column spacing: Pixel Spacing, else Imager Pixel Spacing (at the detector, not
/// corrected for magnification), else Nominal Scanned Pixel Spacing.
[[nodiscard]] Value in_plane_spacing(const InstanceRecord& record);
/// "left", "right", "both" or "unpaired" from Image Laterality (0020,0062), else Laterality (0020,0060).
[[nodiscard]] Value laterality(const InstanceRecord& record);
/// View Position (0018,5101) in capitals ("MLO", "PA"), else the meaning in View Code Sequence (0054,0220).
[[nodiscard]] Value view(const InstanceRecord& record);
/// "yes" when a region of Sequence of Ultrasound Regions (0018,6011) has its scale in centimetres.
[[nodiscard]] Value ultrasound_calibrated(const InstanceRecord& record);

}  // namespace trialgate::rules
