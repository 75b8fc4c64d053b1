#include "rules/deidentify/supplement.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

using enum SupplementAction;

constexpr SupplementRow rows[] = {
    {0x0008010E, keep},                   // CodingSchemeURL
    {0x00080120, keep},                   // URNCodeValue
    {0x00080300, remove},                 // PrivateDataElementCharacteristicsSequence
    {0x00080407, remove},                 // StoredInstanceBaseURI
    {0x00081190, remove},                 // RetrieveURL
    {0x00100033, remove},                 // PatientBirthDateInAlternativeCalendar
    {0x00100034, remove},                 // PatientDeathDateInAlternativeCalendar
    {0x00100035, remove},                 // PatientAlternativeCalendar
    {0x00102295, remove},                 // BreedRegistrationNumber
    {0x00140100, remove},                 // ComponentWelderIDs
    {0x00140105, remove},                 // RepairID
    {0x00181003, remove_or_device},       // DeviceID
    {0x00181006, remove_or_device},       // GridID
    {0x00181803, remove},                 // NTPSourceAddress
    {0x00209213, keep},                   // DimensionIndexPrivateCreator
    {0x00209238, keep},                   // FunctionalGroupPrivateCreator
    {0x00287FE0, remove},                 // PixelDataProviderURL
    {0x00400031, remove_or_institution},  // LocalNamespaceEntityID
    {0x00400032, remove_or_institution},  // UniversalEntityID
    {0x00401006, remove},                 // PlacerOrderNumberProcedure
    {0x00401007, remove},                 // FillerOrderNumberProcedure
    {0x00402006, remove},                 // PlacerOrderNumberImagingServiceRequestRetired
    {0x00402007, remove},                 // FillerOrderNumberImagingServiceRequestRetired
    {0x00404073, remove},                 // StorageURL
    {0x0040A160, dummy},                  // TextValue
    {0x0040E001, remove},                 // HL7InstanceIdentifier
    {0x0040E010, remove},                 // RetrieveURI
    {0x00440012, remove_or_device},       // SubstanceAdministrationDeviceID
    {0x00540400, remove},                 // ImageID
    {0x00620020, dummy},                  // TrackingID
    {0x00700081, dummy},                  // ContentDescription
    {0x00720008, remove},                 // HangingProtocolCreator
    {0x00720010, remove},                 // HangingProtocolUserGroupName
    {0x0074100A, remove},                 // ContactURI
    {0x0074100C, remove},                 // ContactDisplayName
    {0x00880130, remove},                 // StorageMediaFileSetID
    {0x01000426, remove},                 // AuthorizationEquipmentCertificationNumber
    {0x04000500, remove},                 // EncryptedAttributesSequence
    {0x20100150, remove},                 // ConfigurationInformation
    {0x21000010, remove},                 // PrintJobID
    {0x21000160, remove},                 // OwnerID
    {0x21100030, remove},                 // PrinterName
    {0x21100099, remove},                 // PrintQueueID
    {0x30020020, remove_or_device},       // RadiationMachineName
    {0x4010101A, remove},                 // BoardingPassID
    {0x40101051, remove},                 // ItineraryID
    {0x40101054, remove},                 // RouteID
    {0x40101058, remove},                 // CarrierID
    {0x4FFE0001, remove},                 // MACParametersSequence
};

static_assert(std::ranges::is_sorted(rows, {}, &SupplementRow::tag));

constexpr std::uint32_t structural_uids[] = {
    0x00080016,  // SOPClassUID
    0x0008001A,  // RelatedGeneralSOPClassUID
    0x0008001B,  // OriginalSpecializedSOPClassUID
    0x00080062,  // SOPClassesInStudy
    0x0008010C,  // CodingSchemeUID
    0x0008010D,  // ContextGroupExtensionCreatorUID
    0x00080117,  // ContextUID
    0x00080118,  // MappingResourceUID
    0x0008040E,  // StoredInstanceTransferSyntaxUID
    0x00081150,  // ReferencedSOPClassUID
    0x0008115A,  // SOPClassesSupported
    0x00083002,  // AvailableTransferSyntaxUID
    0x00340003,  // FlowTransferSyntaxUID
    0x04000010,  // MACCalculationTransferSyntaxUID
    0x04000510,  // EncryptedContentTransferSyntaxUID
    0x30100052,  // PertinentSOPClassesInStudy
    0x30100053,  // PertinentSOPClassesInSeries
};

constexpr std::uint32_t identifying_texts[] = {
    0x00080050,  // AccessionNumber
    0x00080054,  // RetrieveAETitle
    0x00080055,  // StationAETitle
    0x00080080,  // InstitutionName
    0x00080081,  // InstitutionAddress
    0x00080092,  // ReferringPhysicianAddress
    0x00080094,  // ReferringPhysicianTelephoneNumbers
    0x00081000,  // NetworkID
    0x00081010,  // StationName
    0x00081040,  // InstitutionalDepartmentName
    0x00100020,  // PatientID
    0x00100021,  // IssuerOfPatientID
    0x00100050,  // PatientInsurancePlanCodeSequence
    0x00101000,  // OtherPatientIDs
    0x00101040,  // PatientAddress
    0x00101050,  // InsurancePlanIdentification
    0x00101080,  // MilitaryRank
    0x00101081,  // BranchOfService
    0x00101090,  // MedicalRecordLocator
    0x00102154,  // PatientTelephoneNumbers
    0x00102155,  // PatientTelecomInformation
    0x001021F0,  // PatientReligiousPreference
    0x00181000,  // DeviceSerialNumber
    0x00181008,  // GantryID
    0x00181009,  // UniqueDeviceIdentifier
    0x0018700A,  // DetectorID
    0x00200010,  // StudyID
    0x00321021,  // ScheduledStudyLocationAETitle
    0x00380010,  // AdmissionID
    0x00380011,  // IssuerOfAdmissionID
    0x00380060,  // ServiceEpisodeID
    0x00380300,  // CurrentPatientLocation
    0x00380400,  // PatientInstitutionResidence
    0x00400001,  // ScheduledStationAETitle
    0x00400009,  // ScheduledProcedureStepID
    0x00400010,  // ScheduledStationName
    0x00400241,  // PerformedStationAETitle
    0x00400242,  // PerformedStationName
    0x00400243,  // PerformedLocation
    0x00400253,  // PerformedProcedureStepID
    0x00401001,  // RequestedProcedureID
    0x00401103,  // PersonTelephoneNumbers
    0x00401102,  // PersonAddress
    0x00402016,  // PlacerOrderNumberImagingServiceRequest
    0x00402017,  // FillerOrderNumberImagingServiceRequest
};

}  // namespace

std::span<const SupplementRow> supplement_rows() noexcept {
  return rows;
}

bool is_structural_uid(Tag tag) noexcept {
  return std::ranges::binary_search(structural_uids, tag.value());
}

bool is_product_name(std::string_view model) noexcept {
  static constexpr std::string_view families[] = {
      "achieva",   "activion",   "aera",       "aquilion", "avanto",  "biograph", "brightspeed", "brilliance",
      "cartesion", "definition", "discovery",  "emotion",  "gemini",  "hispeed",  "incisive",    "ingenia",
      "ingenuity", "iqon",       "lightspeed", "magnetom", "optima",  "neuviz",   "prisma",      "revolution",
      "scenaria",  "sensation",  "signa",      "skyra",    "somatom", "spectral", "symbia",      "symphony",
      "uct",       "umi",        "umr",        "vantage",  "vereos",  "verio"};
  const auto begins_with = [model](std::string_view family) {
    return model.size() >= family.size() &&
           std::equal(family.begin(), family.end(), model.begin(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
  };
  return std::ranges::any_of(families, begins_with);
}

bool is_identifying_text(Tag tag) noexcept {
  return std::ranges::find(identifying_texts, tag.value()) != std::end(identifying_texts);
}

}  // namespace trialgate::rules
