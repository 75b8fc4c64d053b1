#include "rules/dataset/attribute_path.h"
#include "rules/examine/instance_record.h"
#include "tests/rules/dataset/byte_builder.h"
#include "tests/rules/dataset/real_files.h"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <ctime>

using namespace trialgate::rules;
using namespace trialgate::rules::test;

namespace {

InstanceRecord examined(const std::string& name, std::vector<std::string> extra = {}) {
  const auto record = examine(read_file(data_directory() / name), extra);
  REQUIRE(record.has_value());
  return *record;
}

std::vector<std::uint8_t> file_of(const ByteBuilder& data_set, std::string_view transfer_syntax) {
  const std::string uid =
      std::string(transfer_syntax) + (transfer_syntax.size() % 2 != 0 ? std::string(1, '\0') : "");
  ByteBuilder file;
  file.text(std::string(128, '\0'))
      .text("DICM")
      .explicit_element(0x00020010, "UI", uid)
      .text(data_set.string());
  return file.bytes();
}

bool has_anomaly(const InstanceRecord& record, AnomalyKind kind) {
  for (const Anomaly& anomaly : record.anomalies) {
    if (anomaly.kind == kind) return true;
  }
  return false;
}

ByteBuilder identity() {
  ByteBuilder builder;
  builder.explicit_element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
  builder.explicit_element(0x00080018, "UI", "1.2.3.4 ");
  return builder;
}

}  // namespace

TEST_CASE("a CT image: identity, geometry, contrast, as dcmdump shows them") {
  const InstanceRecord record = examined("ct/CT_small.dcm");
  CHECK(record.sop_class_uid == "1.2.840.10008.5.1.4.1.1.2");
  CHECK(record.sop_instance_uid == "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322");
  CHECK(record.study_uid == "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322");
  CHECK(record.series_uid == "1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322");
  CHECK(record.transfer_syntax_uid == "1.2.840.10008.1.2.1");
  CHECK(*record.number("SliceThickness") == 5);
  CHECK(*record.number("ImagePositionPatient", 2) == doctest::Approx(-75.699997));
  CHECK(record.number("ImagePositionPatient", 3).reading == Reading::absent);
  CHECK(*record.text("ImageType", 2) == "AXIAL");
  CHECK(*record.text("ContrastBolusAgent") == "ISOVUE300/100");
  CHECK(*record.text("Rows") == "128");
  CHECK(record.text("AccessionNumber").reading == Reading::empty);
  CHECK(record.text("DeviceSerialNumber").reading == Reading::absent);
  CHECK(record.geometry().position->at(0) == doctest::Approx(-158.135803));
  CHECK(record.geometry().orientation->at(4) == 1);
  CHECK(record.pixel_data.present);
  CHECK(record.pixel_data.expected_length == 32768);
  CHECK(record.anomalies.empty());
  CHECK(record.frames.empty());
}

TEST_CASE("a record never holds the patient's name or birth date unless a rule asks for them") {
  for (const std::string& name : {std::string("ct/CT_small.dcm"), std::string("charset/chrX1.dcm")}) {
    const InstanceRecord record = examined(name);
    CHECK(record.find("PatientName") == nullptr);
    CHECK(record.find("PatientBirthDate") == nullptr);
    CHECK(record.find("OtherPatientIDs") == nullptr);
    CHECK(record.find("ReferringPhysicianName") == nullptr);
  }
  const InstanceRecord asked = examined("charset/chrX1.dcm", {"PatientName"});
  CHECK(*asked.text("PatientName") == "Wang^XiaoDong=王^小東=");
}

TEST_CASE("PET: radiopharmaceutical sequence, by any way of writing the path") {
  const InstanceRecord record = examined("pt/acrin_flt_pet_1.dcm");
  CHECK(*record.number("RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife") == 6586.2);
  CHECK(*record.number("RadiopharmaceuticalInformationSequence.RadionuclideHalfLife") == 6586.2);
  CHECK(*record.number("(0054,0016)[0].(0018,1075)") == 6586.2);
  CHECK(*record.text("RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime") ==
        "141700.000000");
  CHECK(record.find_all("DeidentificationMethodCodeSequence[*].CodeValue").size() == 8);
  CHECK(record.find_all("DeidentificationMethodCodeSequence[*].CodeValue")[1]->values.front() == "113101");
  CHECK(*record.text("Units") == "BQML");
  CHECK(*record.number("PatientWeight") == doctest::Approx(69.7344));
}

TEST_CASE("odd decimal strings are numbers") {
  const InstanceRecord record = examined("ct/tcga_lung_odd_DS_format.dcm");
  CHECK(*record.number("KVP") == 140);
}

TEST_CASE("enhanced MR: functional groups by frame, and under their plain keyword") {
  const InstanceRecord record = examined("mr/enhanced_mr_siemens_sola_loc.dcm");
  REQUIRE(record.number_of_frames == record.frames.size());
  REQUIRE_FALSE(record.frames.empty());
  for (const Frame& frame : record.frames) {
    CHECK(frame.position.has_value());
    CHECK(frame.orientation.has_value());
    CHECK(frame.pixel_spacing.has_value());
    CHECK(frame.slice_thickness.has_value());
    CHECK_FALSE(frame.dimension_index.empty());
  }
  const RecordedAttribute* thickness = record.find("SliceThickness");
  REQUIRE(thickness != nullptr);
  CHECK_FALSE(thickness->varies);
  CHECK(*record.number("SliceThickness") == record.frames.front().slice_thickness);
}

TEST_CASE("a legacy converted enhanced CT has three frames with their positions") {
  const InstanceRecord record = examined("ct/ct_legacy_converted_mf.dcm");
  REQUIRE(record.frames.size() == 3);
  CHECK(record.number_of_frames == 3);
  CHECK(record.frames[0].position != record.frames[1].position);
  const RecordedAttribute* position = record.find("ImagePositionPatient");
  REQUIRE(position != nullptr);
  CHECK(position->varies);
  CHECK(position->values.size() == 3);
}

TEST_CASE("ten frames as encapsulated fragments match NumberOfFrames; one missing does not") {
  CHECK(examined("mr/emri_small_RLE.dcm").anomalies.empty());
  CHECK(examined("mr/emri_small_RLE.dcm").pixel_data.fragments == 10);
  CHECK(examined("malformed/emri_j2k_fragment_too_short.dcm").fatal_anomaly);
}

TEST_CASE("truncated pixel data are found") {
  const InstanceRecord record = examined("malformed/MR_truncated.dcm");
  CHECK(record.fatal_anomaly);
  CHECK(has_anomaly(record, AnomalyKind::truncated));
  CHECK(has_anomaly(record, AnomalyKind::pixel_data_length_mismatch));
}

TEST_CASE("an enormous or wrong NumberOfFrames is no number to multiply with") {
  for (const std::string_view frames : {"1A", "999999999999", "-5", ""}) {
    ByteBuilder builder = identity();
    builder.explicit_element(0x00280008, "IS", std::string(frames));
    builder.explicit_element(0x00280010, "US", "\xFF\xFF").explicit_element(0x00280011, "US", "\xFF\xFF");
    builder.explicit_element(0x00280100, "US", std::string("\x10\0", 2))
        .explicit_element(0x7FE00010, "OW", "ab");
    const auto record = examine(file_of(builder, "1.2.840.10008.1.2.1"));
    REQUIRE(record.has_value());
    CHECK(record->number_of_frames == 1);
    CHECK(has_anomaly(*record, AnomalyKind::pixel_data_length_mismatch));
  }
}

TEST_CASE("identity: missing and malformed UIDs are said, and only plain text is taken") {
  ByteBuilder builder;
  builder.explicit_element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
  builder.explicit_element(0x00080018, "UI", "../../etc/passwd ");
  builder.explicit_element(0x0020000D, "UI", std::string(70, '1'));
  const auto record = examine(file_of(builder, "1.2.840.10008.1.2.1"));
  REQUIRE(record.has_value());
  CHECK(record->sop_instance_uid == "../../etc/passwd");
  CHECK(record->study_uid.empty());
  CHECK(has_anomaly(*record, AnomalyKind::malformed_uid));
  CHECK(has_anomaly(*record, AnomalyKind::identity_missing));
}

TEST_CASE("an unknown character set leaves ASCII readable, and nothing else") {
  ByteBuilder builder;
  builder.explicit_element(0x00080005, "CS", "ISO_IR 999");
  builder.explicit_element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ")
      .explicit_element(0x00080018, "UI", "1.2 ");
  builder.explicit_element(0x00081030, "LO", "J\xE9r\xF4me").explicit_element(0x0008103E, "LO", "AXIAL ");
  const auto record = examine(file_of(builder, "1.2.840.10008.1.2.1"));
  REQUIRE(record.has_value());
  CHECK(record->fatal_anomaly);
  CHECK(record->text("StudyDescription").reading == Reading::malformed);
  CHECK(*record->text("SeriesDescription") == "AXIAL");
  CHECK(has_anomaly(*record, AnomalyKind::unknown_character_set));
  CHECK(has_anomaly(*record, AnomalyKind::undecodable_text));
}

TEST_CASE("private attributes by creator, whichever block it reserved, implicit VR too") {
  ByteBuilder builder;
  builder.implicit_element(0x00080016, "1.2.840.10008.5.1.4.1.1.4 ").implicit_element(0x00080018, "1.2 ");
  builder.implicit_element(0x00190011, "SIEMENS MR HEADER ").implicit_element(0x0019110C, "800 ");
  builder.implicit_element(0x00430012, "GEMS_PARM_01").implicit_element(0x00431239, "1000\\8\\0\\0");
  builder.implicit_element(0x00510010, "ACME").implicit_element(0x00511001, "own text");
  const std::vector<std::string> extra = {"ACME:(0051,xx01)"};
  const auto record = examine(file_of(builder, "1.2.840.10008.1.2"), extra);
  REQUIRE(record.has_value());
  CHECK(*record->number("SIEMENS MR HEADER:(0019,xx0C)") == 800);
  CHECK(*record->number("GEMS_PARM_01:(0043,xx39)") == 1000);
  CHECK(*record->text("ACME:(0051,xx01)") == "own text");
}

TEST_CASE("enormous values are cut, and that is said") {
  ByteBuilder builder = identity();
  builder.explicit_element(0x00204000, "LT", std::string(60'000, 'x'));
  const auto record = examine(file_of(builder, "1.2.840.10008.1.2.1"));
  REQUIRE(record.has_value());
  CHECK(record->find("ImageComments")->truncated);
}

TEST_CASE("extra paths that name nothing are a configuration error") {
  const auto file = read_file(data_directory() / "ct/CT_small.dcm");
  const std::vector<std::string> extra = {"NoSuchKeyword"};
  CHECK(examine(file, extra).error().code == Errc::invalid_configuration);
}

TEST_CASE("every default path is one that the dictionary has") {
  for (const std::string_view path : default_paths()) {
    CAPTURE(path);
    const auto parsed = AttributePath::parse(path);
    CHECK(parsed.has_value());
  }
}

TEST_CASE("every real file is examined or refused, and its record survives JSON") {
  std::size_t records = 0;
  for (const std::string& name : manifest_files()) {
    CAPTURE(name);
    const auto record = examine(read_file(data_directory() / name));
    if (!record) continue;
    ++records;
    const auto text = boost::json::serialize(to_json(*record));
    const auto again = instance_record_from_json(boost::json::parse(text));
    REQUIRE(again.has_value());
    CHECK((*again == *record));
  }
  CHECK(records > 180);
}

TEST_CASE("JSON that is no record is refused") {
  for (const std::string_view text : {"[]", "{}", R"({"sop_class":1})", "null"}) {
    CHECK_FALSE(instance_record_from_json(boost::json::parse(text)).has_value());
  }
  auto good = to_json(examined("mr/enhanced_mr_siemens_sola_loc.dcm"));
  good.as_object()["frames"].as_object()["count"] = 4'000'000'000;
  CHECK_FALSE(instance_record_from_json(good).has_value());
}

TEST_CASE("examination takes less than half a millisecond of an instance") {
  const auto file = read_file(data_directory() / "ct/rtutils_phantom_ct_1.dcm");
  (void)examine(file);
  constexpr int times = 50;
  // CPU time: a machine that does other things beside it makes no difference.
  const std::clock_t start = std::clock();
  for (int i = 0; i < times; ++i) CHECK(examine(file).has_value());
  const std::chrono::duration<double> each(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC /
                                           times);
  MESSAGE("CPU microseconds for each instance: " << each.count() * 1e6);
#ifdef NDEBUG
  CHECK(each < std::chrono::microseconds(500));
#else
  // Unoptimised and with sanitizers only the order of magnitude can be held.
  CHECK(each < std::chrono::milliseconds(20));
#endif
}
