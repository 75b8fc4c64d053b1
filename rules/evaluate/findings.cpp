#include "rules/evaluate/findings.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace trialgate::rules {
namespace {

struct QuantityTexts {
  Quantity quantity;
  std::string_view en;
  std::string_view zh;
  std::string_view remedy_en;
  std::string_view remedy_zh;
};

constexpr std::array quantity_texts = std::to_array<QuantityTexts>({
    {Quantity::slice_count, "number of slices", "层数", "Send the complete series again.",
     "请重新发送完整序列。"},
    {Quantity::slice_spacing, "slice spacing", "层间隔",
     "Reconstruct with the spacing of the charter and send again.", "请按影像章程的层间隔重建后重新发送。"},
    {Quantity::slice_gap, "gap between slices", "层间距（间隙）",
     "Reconstruct contiguous slices (spacing not larger than thickness) and send again.",
     "请重建为连续层面（层间隔不大于层厚）后重新发送。"},
    {Quantity::missing_slices, "missing slices", "缺失层面",
     "Send the series again from the scanner or PACS and check that it is complete.",
     "请从扫描仪或PACS重新发送该序列，并核对是否完整。"},
    {Quantity::duplicate_slices, "duplicate slices", "重复层面",
     "Send the series again without the doubled slices, or say why there are two.",
     "请去除重复层面后重新发送，或说明重复原因。"},
    {Quantity::spacing_deviation, "irregular slice spacing", "层间隔不均匀",
     "Reconstruct with regular spacing and send again.", "请以均匀层间隔重建后重新发送。"},
    {Quantity::z_coverage, "coverage along the body axis", "头足方向扫描范围",
     "Send all series that cover the range of the charter; if the range was not scanned, repeat the scan.",
     "请发送覆盖章程规定范围的全部序列；如未扫描该范围，请补扫。"},
    {Quantity::gantry_tilt, "gantry tilt", "机架倾角", "Repeat the scan without gantry tilt.",
     "请在机架无倾斜状态下重新扫描。"},
    {Quantity::orientation, "orientation", "层面方向", "Send the series in the orientation of the charter.",
     "请发送章程规定方向的序列。"},
    {Quantity::mixed_orientation, "mixed orientation", "混合方向",
     "Send each orientation as a series of its own.", "请将不同方向的图像分为独立序列发送。"},
    {Quantity::contrast_given, "intravenous contrast given", "静脉注射造影剂",
     "If contrast was given, confirm agent, dose and time; if not, repeat the scan with contrast unless "
     "contraindicated.",
     "如已使用造影剂，请确认药名、剂量和时间；如未使用且无禁忌，请行增强扫描。"},
    {Quantity::phase_delay, "delay after contrast injection", "造影剂注射后延迟时间",
     "Confirm injection and scan times.", "请确认注射时间和扫描时间。"},
    {Quantity::lossy_compression, "lossy compression", "有损压缩",
     "Send the original images, never compressed with loss.", "请发送未经有损压缩的原始图像。"},
    {Quantity::burned_in_annotation, "burned-in annotation", "像素内嵌标注",
     "Send images without text in the pixels.", "请发送像素中不含文字的图像。"},
    {Quantity::scanner, "scanner", "扫描设备",
     "Use the scanner of the baseline for later visits, or give the reason.",
     "后续访视请使用基线时的同一台设备，或说明原因。"},
    {Quantity::software_versions, "software version of the scanner", "设备软件版本",
     "Report the upgrade and its date.", "请报告软件升级情况及日期。"},
    {Quantity::kernel_class, "reconstruction kernel", "重建算法",
     "Reconstruct with a kernel of the class that the charter asks for.",
     "请使用章程要求类别的重建算法重建。"},
    {Quantity::voxel_anisotropy, "voxel anisotropy", "体素各向异性",
     "Reconstruct isotropic voxels as the charter asks.", "请按章程要求重建各向同性体素。"},
    {Quantity::uptake_time, "uptake time", "示踪剂摄取时间", "Confirm injection and scan times.",
     "请确认注射时间和扫描时间。"},
    {Quantity::field_of_view, "field of view", "重建视野",
     "Reconstruct with the field of view of the charter.", "请按章程要求的视野重建。"},
    {Quantity::field_strength, "field strength", "磁场强度", "Use a scanner of the charter's field strength.",
     "请使用章程规定场强的设备。"},
    {Quantity::acquisition_start, "start of acquisition", "采集开始时间",
     "Acquire the series in the order of the charter; confirm the scanner's clock.",
     "请按章程规定的顺序采集各序列，并核对设备时钟。"},
    {Quantity::suv_computable, "data for the SUV complete", "SUV计算所需信息完整",
     "Correct the patient and injection data at the scanner or reconstruct, and send the series again.",
     "请在设备上更正患者与注射信息或重新重建后，再次发送该序列。"},
    {Quantity::injected_activity, "injected activity", "注射活度",
     "Confirm the injected activity and its unit.", "请确认注射活度及其单位。"},
    {Quantity::stack_kind, "kind of images", "图像种类",
     "Send the acquired images, not reformats or images computed from them.",
     "请发送原始采集图像，而非重组或计算所得图像。"},
    {Quantity::voxel_size, "largest voxel edge", "体素最大边长",
     "Acquire or reconstruct with the voxel size of the charter.", "请按章程规定的体素大小采集或重建。"},
    {Quantity::in_plane_spacing, "pixel size", "像素大小",
     "Send images with the pixel size of the charter and a calibrated scale.",
     "请发送符合章程像素大小且已校准的图像。"},
    {Quantity::frame_count, "number of frames", "帧数", "Send the complete series again.",
     "请重新发送完整序列。"},
    {Quantity::attenuation_corrected, "corrected for attenuation", "衰减校正",
     "Send the attenuation corrected series.", "请发送经衰减校正的序列。"},
    {Quantity::decay_corrected, "corrected for decay", "衰变校正", "Send the decay corrected series.",
     "请发送经衰变校正的序列。"},
    {Quantity::radionuclide, "radionuclide", "放射性核素", "Confirm the tracer and its nuclide.",
     "请确认示踪剂及其核素。"},
    {Quantity::laterality, "laterality", "左右侧", "Confirm the side that was examined.",
     "请确认检查的左右侧。"},
    {Quantity::view, "view", "投照体位", "Send the view that the charter asks for.",
     "请发送章程要求体位的图像。"},
    {Quantity::ultrasound_calibrated, "ultrasound regions calibrated", "超声区域已校准",
     "Send the images with the calibration of their regions, never a screen copy.",
     "请发送带有区域校准信息的图像，勿发送屏幕截图。"},
});

struct AttributeLabel {
  std::string_view keyword;
  std::string_view en;
  std::string_view zh;
};

constexpr std::array attribute_labels = std::to_array<AttributeLabel>({
    {"SliceThickness", "slice thickness", "层厚"},
    {"Modality", "modality", "检查模态"},
    {"ImageType", "image type", "图像类型"},
    {"KVP", "tube voltage", "管电压"},
    {"XRayTubeCurrent", "tube current", "管电流"},
    {"Exposure", "exposure", "曝光量"},
    {"ConvolutionKernel", "convolution kernel", "重建卷积核"},
    {"ReconstructionDiameter", "reconstruction diameter", "重建直径"},
    {"PixelSpacing", "pixel spacing", "像素间距"},
    {"MagneticFieldStrength", "field strength", "磁场强度"},
    {"RepetitionTime", "repetition time", "重复时间TR"},
    {"EchoTime", "echo time", "回波时间TE"},
    {"InversionTime", "inversion time", "反转时间TI"},
    {"FlipAngle", "flip angle", "翻转角"},
    {"MRAcquisitionType", "MR acquisition type", "MR采集类型"},
    {"ContrastBolusAgent", "contrast agent", "造影剂"},
    {"BodyPartExamined", "body part examined", "检查部位"},
    {"PatientWeight", "patient's weight", "患者体重"},
    {"Units", "units of pixel values", "像素值单位"},
    {"DecayCorrection", "decay correction", "衰变校正"},
    {"CorrectedImage", "corrections applied", "已做校正"},
    {"Manufacturer", "manufacturer", "制造商"},
    {"ManufacturerModelName", "scanner model", "设备型号"},
    {"DeviceSerialNumber", "device serial number", "设备序列号"},
    {"SoftwareVersions", "software versions", "软件版本"},
});

Text text_of(std::string_view en, std::string_view zh) {
  return {std::string(en), std::string(zh)};
}

}  // namespace

void add_statement(const Trial& trial, const RulePolicy& policy, StudyStatement statement,
                   RuleResults& results) {
  const bool unknown = statement.result == CheckResult::not_determinable;
  AppliedRule applied;
  applied.rule_id = "study/" + std::string(statement.rule);
  applied.result = statement.result;
  applied.property = statement.rule;
  applied.expected = statement.expected;
  if (unknown) applied.why = statement.text.en;
  applied.seen.push_back({"", statement.instances.size(), statement.found, ""});
  applied.seen_count = 1;
  results.applied.push_back(std::move(applied));
  if (statement.result == CheckResult::pass) return;
  const auto severity = unknown ? severity_of(policy.if_unknown) : policy.severity;
  if (!severity) return;
  Finding finding;
  finding.rule_id = "study/" + std::string(statement.rule);
  finding.severity = *severity;
  finding.result = statement.result;
  finding.property = statement.rule;
  finding.expected = std::move(statement.expected);
  finding.found = std::move(statement.found);
  finding.text = std::move(statement.text);
  finding.remedy = policy.remedy.empty() ? std::move(statement.remedy) : policy.remedy;
  finding.charter_version = trial.charter.version;
  list_instances(std::move(statement.instances), finding.subject);
  results.findings.push_back(std::move(finding));
}

Text label_of(const Property& property) {
  if (property.quantity) {
    const auto* const row = std::ranges::find(quantity_texts, *property.quantity, &QuantityTexts::quantity);
    return text_of(row->en, row->zh);
  }
  const auto* const row = std::ranges::find(attribute_labels, property.attribute, &AttributeLabel::keyword);
  if (row == attribute_labels.end()) return {property.attribute, property.attribute};
  return {std::string(row->en) + " (" + property.attribute + ")",
          std::string(row->zh) + "（" + property.attribute + "）"};
}

Text default_remedy(const Property& property, CheckResult result) {
  if (result == CheckResult::not_determinable) {
    return {
        "Confirm the value with the scanner's records and answer the query; send again if the header can be "
        "completed.",
        "请核对设备记录并答复本质疑；如可补全图像头信息，请重新发送。"};
  }
  if (property.quantity) {
    const auto* const row = std::ranges::find(quantity_texts, *property.quantity, &QuantityTexts::quantity);
    return text_of(row->remedy_en, row->remedy_zh);
  }
  return {"Reconstruct or repeat as the charter asks and send again.",
          "请按影像章程要求重建或重新扫描后再次发送。"};
}

std::vector<std::string> uids_of(const std::vector<const InstanceRecord*>& records) {
  std::vector<std::string> uids;
  std::set<std::string_view> seen;
  for (const InstanceRecord* const record : records) {
    if (seen.insert(record->sop_instance_uid).second) uids.push_back(record->sop_instance_uid);
  }
  return uids;
}

void list_instances(std::vector<std::string> uids, FindingSubject& subject) {
  subject.instance_count = uids.size();
  if (uids.size() > max_listed_instances) uids.resize(max_listed_instances);
  subject.instances = std::move(uids);
}

void sort_findings(std::vector<Finding>& findings) {
  std::ranges::stable_sort(findings, [](const Finding& a, const Finding& b) {
    if (a.severity != b.severity) return a.severity > b.severity;
    return std::tie(a.rule_id, a.subject.series_uid) < std::tie(b.rule_id, b.subject.series_uid);
  });
}

}  // namespace trialgate::rules
