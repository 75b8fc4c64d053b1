#include "rules/trial/property.h"

#include "rules/dataset/attribute_path.h"
#include "rules/dataset/dictionary.h"
#include "rules/trial/yaml_reader.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace trialgate::rules {
namespace {

struct AttributeUnit {
  std::string_view keyword;
  std::string_view unit;
};

/// Units that PS3.3 and PS3.6 give to attributes that charters speak of.
constexpr std::array attribute_units = std::to_array<AttributeUnit>({
    {"SliceThickness", "mm"},
    {"SpacingBetweenSlices", "mm"},
    {"SliceLocation", "mm"},
    {"PixelSpacing", "mm"},
    {"ImagerPixelSpacing", "mm"},
    {"NominalScannedPixelSpacing", "mm"},
    {"ReconstructionDiameter", "mm"},
    {"DataCollectionDiameter", "mm"},
    {"ReconstructionFieldOfView", "mm"},
    {"TableHeight", "mm"},
    {"TableFeedPerRotation", "mm"},
    {"SingleCollimationWidth", "mm"},
    {"TotalCollimationWidth", "mm"},
    {"DistanceSourceToDetector", "mm"},
    {"DistanceSourceToPatient", "mm"},
    {"BodyPartThickness", "mm"},
    {"FocalSpots", "mm"},
    {"KVP", "kV"},
    {"XRayTubeCurrent", "mA"},
    {"XRayTubeCurrentInmA", "mA"},
    {"Exposure", "mAs"},
    {"ExposureInmAs", "mAs"},
    {"ExposureTime", "ms"},
    {"CTDIvol", "mGy"},
    {"GantryDetectorTilt", "deg"},
    {"FlipAngle", "deg"},
    {"RepetitionTime", "ms"},
    {"EchoTime", "ms"},
    {"EffectiveEchoTime", "ms"},
    {"InversionTime", "ms"},
    {"TriggerTime", "ms"},
    {"FrameTime", "ms"},
    {"ActualFrameDuration", "ms"},
    {"FrameReferenceTime", "ms"},
    {"MagneticFieldStrength", "T"},
    {"ImagingFrequency", "MHz"},
    {"PixelBandwidth", "Hz/px"},
    {"DiffusionBValue", "s/mm2"},
    {"SAR", "W/kg"},
    {"ContrastBolusVolume", "ml"},
    {"ContrastBolusTotalDose", "ml"},
    {"ContrastFlowRate", "ml/s"},
    {"ContrastFlowDuration", "s"},
    {"RadionuclideTotalDose", "Bq"},
    {"RadionuclideHalfLife", "s"},
    {"RadiopharmaceuticalVolume", "ml"},
    {"SliceSensitivityFactor", ""},
    {"PatientWeight", "kg"},
    {"PatientSize", "m"},
});

/// Further keywords of charters, so that a slip of the pen gets a suggestion.
constexpr std::array common_keywords = std::to_array<std::string_view>({
    "Modality",
    "ImageType",
    "SOPClassUID",
    "SeriesDescription",
    "ProtocolName",
    "StudyDescription",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "AcquisitionTime",
    "Manufacturer",
    "ManufacturerModelName",
    "StationName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "ConvolutionKernel",
    "ContrastBolusAgent",
    "ContrastBolusRoute",
    "ContrastBolusStartTime",
    "LossyImageCompression",
    "BurnedInAnnotation",
    "BodyPartExamined",
    "PatientPosition",
    "PatientSex",
    "PatientAge",
    "Laterality",
    "ImageLaterality",
    "ViewPosition",
    "ScanOptions",
    "ScanningSequence",
    "SequenceVariant",
    "MRAcquisitionType",
    "EchoTrainLength",
    "ReceiveCoilName",
    "AcquisitionNumber",
    "InstanceNumber",
    "SeriesNumber",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "PhotometricInterpretation",
    "RescaleSlope",
    "RescaleIntercept",
    "Units",
    "DecayCorrection",
    "CorrectedImage",
    "AttenuationCorrectionMethod",
    "ReconstructionMethod",
    "RadiopharmaceuticalInformationSequence",
    "RadiopharmaceuticalStartTime",
    "RadiopharmaceuticalStartDateTime",
    "Radiopharmaceutical",
    "ConversionType",
    "FilterType",
    "NumberOfFrames",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "TemporalPositionIdentifier",
});

struct QuantityRow {
  Quantity quantity;
  bool numeric;
  std::string_view unit;
};

constexpr std::array quantities = std::to_array<QuantityRow>({
    {Quantity::slice_count, true, ""},
    {Quantity::slice_spacing, true, "mm"},
    {Quantity::slice_gap, true, "mm"},
    {Quantity::missing_slices, true, ""},
    {Quantity::duplicate_slices, true, ""},
    {Quantity::spacing_deviation, true, "mm"},
    {Quantity::z_coverage, true, "mm"},
    {Quantity::gantry_tilt, true, "deg"},
    {Quantity::orientation, false, ""},
    {Quantity::mixed_orientation, false, ""},
    {Quantity::contrast_given, false, ""},
    {Quantity::phase_delay, true, "s"},
    {Quantity::lossy_compression, false, ""},
    {Quantity::burned_in_annotation, false, ""},
    {Quantity::scanner, false, ""},
    {Quantity::software_versions, false, ""},
    {Quantity::kernel_class, false, ""},
    {Quantity::voxel_anisotropy, true, ""},
    {Quantity::uptake_time, true, "min"},
    {Quantity::field_of_view, true, "mm"},
    {Quantity::field_strength, true, "T"},
    {Quantity::acquisition_start, false, ""},
    {Quantity::suv_computable, false, ""},
    {Quantity::injected_activity, true, "MBq"},
    {Quantity::stack_kind, false, ""},
    {Quantity::voxel_size, true, "mm"},
    {Quantity::in_plane_spacing, true, "mm"},
    {Quantity::frame_count, true, ""},
    {Quantity::attenuation_corrected, false, ""},
    {Quantity::decay_corrected, false, ""},
    {Quantity::radionuclide, false, ""},
    {Quantity::laterality, false, ""},
    {Quantity::view, false, ""},
    {Quantity::ultrasound_calibrated, false, ""},
});

constexpr std::array<std::string_view, 2> yes_no{"yes", "no"};
constexpr std::array<std::string_view, 4> orientations{"axial", "coronal", "sagittal", "oblique"};
constexpr std::array<std::string_view, 4> kernel_classes{"soft", "lung", "bone", "other"};
constexpr std::array<std::string_view, 2> stack_kinds{"image", "derived"};
constexpr std::array<std::string_view, 4> lateralities{"left", "right", "both", "unpaired"};

bool is_numeric(Vr vr) {
  constexpr std::array numeric{Vr::ds, Vr::is, Vr::fl, Vr::fd, Vr::us,
                               Vr::ss, Vr::ul, Vr::sl, Vr::uv, Vr::sv};
  return std::ranges::find(numeric, vr) != numeric.end();
}

std::vector<std::string_view> keyword_vocabulary() {
  std::vector<std::string_view> words(common_keywords.begin(), common_keywords.end());
  for (const auto& row : attribute_units) words.push_back(row.keyword);
  return words;
}

std::string with_suggestion(std::string_view name, std::string message) {
  const std::string_view last =
      name.substr(name.rfind('.') == std::string_view::npos ? 0 : name.rfind('.') + 1);
  const auto words = keyword_vocabulary();
  const auto nearest = nearest_word(last, words);
  if (!nearest.empty() && nearest != last) message += "; did you mean '" + std::string(nearest) + "'?";
  return message;
}

}  // namespace

Result<Property> property_named(std::string_view name) {
  Property property;
  if (const auto quantity = quantity_named(name)) {
    const auto* const row = std::ranges::find(quantities, *quantity, &QuantityRow::quantity);
    property.quantity = quantity;
    property.numeric = row->numeric;
    property.unit = row->unit;
    return property;
  }
  const auto path = AttributePath::parse(name);
  if (path.has_error()) {
    return fail(
        Errc::invalid_configuration,
        with_suggestion(name, "'" + std::string(name) + "' is no attribute of PS3.6: " + path.error().where));
  }
  property.attribute = path.value().text();
  if (const DictionaryEntry* const attribute = path.value().attribute()) {
    if (attribute->vr == Vr::sq) {
      return fail(Errc::invalid_configuration, "'" + std::string(name) +
                                                   "' is a sequence; expected an attribute in it, as in '" +
                                                   std::string(name) + ".CodeValue'");
    }
    property.numeric = is_numeric(attribute->vr);
    const auto* const row = std::ranges::find(attribute_units, attribute->keyword, &AttributeUnit::keyword);
    if (row != attribute_units.end()) property.unit = row->unit;
  }
  return property;
}

std::span<const std::string_view> values_of(Quantity quantity) noexcept {
  switch (quantity) {
    case Quantity::orientation:
      return orientations;
    case Quantity::kernel_class:
      return kernel_classes;
    case Quantity::mixed_orientation:
    case Quantity::contrast_given:
    case Quantity::lossy_compression:
    case Quantity::burned_in_annotation:
    case Quantity::suv_computable:
    case Quantity::attenuation_corrected:
    case Quantity::decay_corrected:
    case Quantity::ultrasound_calibrated:
      return yes_no;
    case Quantity::stack_kind:
      return stack_kinds;
    case Quantity::laterality:
      return lateralities;
    default:
      return {};
  }
}

bool only_comparable(Quantity quantity) noexcept {
  return quantity == Quantity::scanner || quantity == Quantity::software_versions ||
         quantity == Quantity::acquisition_start;
}

std::span<const std::string_view> modalities_of(Quantity quantity) noexcept {
  static constexpr std::array<std::string_view, 1> ct{"CT"};
  static constexpr std::array<std::string_view, 1> mr{"MR"};
  static constexpr std::array<std::string_view, 1> pt{"PT"};
  switch (quantity) {
    case Quantity::kernel_class:
      return ct;
    case Quantity::field_strength:
      return mr;
    case Quantity::uptake_time:
    case Quantity::suv_computable:
    case Quantity::injected_activity:
      return pt;
    default:
      return {};
  }
}

bool can_be_negative(Quantity quantity) noexcept {
  return quantity == Quantity::slice_gap || quantity == Quantity::phase_delay;
}

std::span<const std::string_view> quantity_vocabulary() noexcept {
  static const auto names = [] {
    std::array<std::string_view, quantities.size()> list;
    std::ranges::transform(quantities, list.begin(),
                           [](const QuantityRow& row) { return to_string(row.quantity); });
    return list;
  }();
  return names;
}

}  // namespace trialgate::rules
