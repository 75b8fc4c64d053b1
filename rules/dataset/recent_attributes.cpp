#include "rules/dataset/recent_attributes.h"

namespace trialgate::rules {
namespace {

// PS3.6 2026c, (c) NEMA: the attributes of personal text, dates, times and UIDs, and those of PS3.15 table
// E.1-1, that DCMTK 3.6.7 (PS3.6 2022b) does not have.
constexpr DictionaryEntry recent[] = {
    {Tag{0x00080401}, "InventoryPurpose", Vr::lt, false, 1, 1, false},
    {Tag{0x00080402}, "InventoryInstanceDescription", Vr::lt, false, 1, 1, false},
    {Tag{0x00080404}, "ItemInventoryDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x00080407}, "StoredInstanceBaseURI", Vr::ur, false, 1, 1, false},
    {Tag{0x00080408}, "FolderAccessURI", Vr::ur, false, 1, 1, false},
    {Tag{0x00080409}, "FileAccessURI", Vr::ur, false, 1, 1, false},
    {Tag{0x0008040B}, "FilenameInContainer", Vr::ur, false, 1, 1, false},
    {Tag{0x0008040E}, "StoredInstanceTransferSyntaxUID", Vr::ui, false, 1, 1, false},
    {Tag{0x00080416}, "ExpirationDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x00080418}, "TransactionStatusComment", Vr::lt, false, 1, 1, false},
    {Tag{0x0008041F}, "StudyUpdateDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x00081301}, "PrincipalDiagnosisCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00081302}, "PrimaryDiagnosisCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00081303}, "SecondaryDiagnosesCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00081304}, "HistologicalDiagnosesCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100011}, "PersonNamesToUseSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100012}, "NameToUse", Vr::lt, false, 1, 1, false},
    {Tag{0x00100013}, "NameToUseComment", Vr::ut, false, 1, 1, false},
    {Tag{0x00100014}, "ThirdPersonPronounsSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100015}, "PronounCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100016}, "PronounComment", Vr::ut, false, 1, 1, false},
    {Tag{0x00100041}, "GenderIdentitySequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100042}, "SexParametersForClinicalUseCategoryComment", Vr::ut, false, 1, 1, false},
    {Tag{0x00100043}, "SexParametersForClinicalUseCategorySequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100044}, "GenderIdentityCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100045}, "GenderIdentityComment", Vr::ut, false, 1, 1, false},
    {Tag{0x00100046}, "SexParametersForClinicalUseCategoryCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00100047}, "SexParametersForClinicalUseCategoryReference", Vr::ur, false, 1, 0, false},
    {Tag{0x00102161}, "EthnicGroupCodeSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00102162}, "EthnicGroups", Vr::uc, false, 1, 0, false},
    {Tag{0x00120022}, "IssuerOfClinicalTrialProtocolID", Vr::lo, false, 1, 1, false},
    {Tag{0x00120023}, "OtherClinicalTrialProtocolIDsSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x00120032}, "IssuerOfClinicalTrialSiteID", Vr::lo, false, 1, 1, false},
    {Tag{0x00120041}, "IssuerOfClinicalTrialSubjectID", Vr::lo, false, 1, 1, false},
    {Tag{0x00120043}, "IssuerOfClinicalTrialSubjectReadingID", Vr::lo, false, 1, 1, false},
    {Tag{0x00120055}, "IssuerOfClinicalTrialTimePointID", Vr::lo, false, 1, 1, false},
    {Tag{0x00120073}, "IssuerOfClinicalTrialSeriesID", Vr::lo, false, 1, 1, false},
    {Tag{0x00140203}, "DataElementName", Vr::lo, false, 1, 1, false},
    {Tag{0x00140204}, "DataElementDescription", Vr::lo, false, 1, 1, false},
    {Tag{0x00144103}, "WaveDimensionDescription", Vr::lo, false, 1, 1, false},
    {Tag{0x00146025}, "DataStreamingProtocol", Vr::st, false, 1, 0, false},
    {Tag{0x00146028}, "LensFilterManufacturer", Vr::lo, false, 1, 1, false},
    {Tag{0x0014602F}, "CoilConfigurationID", Vr::st, false, 1, 1, false},
    {Tag{0x00146036}, "FlashSynchronizationProtocol", Vr::st, false, 1, 1, false},
    {Tag{0x00146039}, "LaserManufacturer", Vr::lo, false, 1, 1, false},
    {Tag{0x0014603A}, "LaserModelNumber", Vr::lo, false, 1, 1, false},
    {Tag{0x0014603B}, "LaserTypeDescription", Vr::st, false, 1, 1, false},
    {Tag{0x0014603D}, "GasUsedForHeatingCoolingPart", Vr::lo, false, 1, 1, false},
    {Tag{0x0014603F}, "ProbeManufacturer", Vr::lo, false, 1, 1, false},
    {Tag{0x00146040}, "ProbeModelNumber", Vr::lo, false, 1, 1, false},
    {Tag{0x00146043}, "HeatSourceDescription", Vr::ut, false, 1, 1, false},
    {Tag{0x00146045}, "OpticalCoatingType", Vr::st, false, 1, 1, false},
    {Tag{0x00181204}, "DateOfManufacture", Vr::da, false, 1, 1, false},
    {Tag{0x00181205}, "DateOfInstallation", Vr::da, false, 1, 1, false},
    {Tag{0x003A0329}, "WaveformFilterDescription", Vr::st, false, 1, 1, false},
    {Tag{0x003A032B}, "FilterLookupTableDescription", Vr::st, false, 1, 1, false},
    {Tag{0x0040A034}, "EffectiveStartDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x0040A035}, "EffectiveStopDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x0040B034}, "AnnotationDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x0040B036}, "SegmentDefinitionDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x0040B03B}, "MontageName", Vr::lt, false, 1, 1, false},
    {Tag{0x0040B03F}, "MontageChannelLabel", Vr::lo, false, 1, 1, false},
    {Tag{0x0040E012}, "DisplayURI", Vr::ur, false, 1, 1, false},
    {Tag{0x30020120}, "PositionAcquisitionTemplateID", Vr::st, false, 1, 1, false},
    {Tag{0x30020121}, "PositionAcquisitionTemplateName", Vr::lo, false, 1, 1, false},
    {Tag{0x30020123}, "PositionAcquisitionTemplateDescription", Vr::lt, false, 1, 1, false},
    {Tag{0x3006002D}, "ROIDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x3006002E}, "ROIObservationDateTime", Vr::dt, false, 1, 1, false},
    {Tag{0x3006004D}, "ROICreatorSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x3006004E}, "ROIInterpreterSequence", Vr::sq, false, 1, 1, false},
    {Tag{0x300A0054}, "TableTopPositionAlignmentUID", Vr::ui, false, 1, 1, false},
};

}  // namespace

std::span<const DictionaryEntry> recent_attributes() noexcept {
  return recent;
}

}  // namespace trialgate::rules
