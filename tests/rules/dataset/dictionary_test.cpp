#include "rules/dataset/dictionary.h"

#include "rules/dataset/transfer_syntax.h"

#include <doctest/doctest.h>

using namespace trialgate::rules;

TEST_CASE("a tag is written (gggg,eeee) and read back in either case") {
  CHECK(to_string(Tag(0x7FE0, 0x0010)) == "(7FE0,0010)");
  CHECK(parse_tag("(7fe0,0010)") == tags::pixel_data);
  CHECK(parse_tag("7FE0,0010") == tags::pixel_data);
  CHECK_FALSE(parse_tag("(7FE0,001)"));
  CHECK_FALSE(parse_tag("(7FEX,0010)"));
  CHECK_FALSE(parse_tag(""));
}

TEST_CASE("PS3.6: attributes are found by tag and by keyword") {
  REQUIRE(load_dictionary().has_value());
  const DictionaryEntry* entry = lookup("ImagePositionPatient");
  REQUIRE(entry != nullptr);
  CHECK(entry->tag == Tag(0x0020, 0x0032));
  CHECK(entry->vr == Vr::ds);
  CHECK(entry->vm_min == 3);
  CHECK(entry->vm_max == 3);
  CHECK(lookup(Tag(0x0020, 0x0032)) == entry);
  CHECK(lookup("imagepositionpatient") == nullptr);
  CHECK(lookup("Image Position (Patient)") == nullptr);
  CHECK(lookup("SoftwareVersions")->vm_max == 0);
}

TEST_CASE("a VR that depends on other attributes has the one of implicit VR, and says so") {
  CHECK(lookup(tags::pixel_data)->vr == Vr::ow);
  CHECK(lookup(tags::pixel_data)->vr_varies);
  CHECK(lookup("SmallestImagePixelValue")->vr == Vr::us);
  CHECK(lookup("SmallestImagePixelValue")->vr_varies);
  CHECK_FALSE(lookup("Rows")->vr_varies);
}

TEST_CASE("PS3.5 7.6: repeating groups are found in every even group") {
  REQUIRE(lookup(Tag(0x6002, 0x3000)) != nullptr);
  CHECK(lookup(Tag(0x6002, 0x3000))->keyword == "OverlayData");
  CHECK(lookup(Tag(0x601E, 0x0010))->keyword == "OverlayRows");
  CHECK(lookup(Tag(0x5004, 0x3000))->keyword == "CurveData");
  CHECK(lookup(Tag(0x6001, 0x3000)) == nullptr);
  CHECK(keyword_or_tag(Tag(0x6002, 0x3000)) == "(6002,3000)");
}

TEST_CASE("attributes newer than DCMTK's dictionary and retired ones are known by their PS3.6 keyword") {
  CHECK(lookup("NameToUse")->tag == Tag(0x0010, 0x0012));
  CHECK(lookup("PersonNamesToUseSequence")->vr == Vr::sq);
  CHECK(lookup("RecognitionCode")->tag == Tag(0x0008, 0x0010));
  CHECK(lookup("RecognitionCode")->retired);
}

TEST_CASE("private and unknown tags are no public attributes; private ones are known by creator") {
  CHECK(lookup(Tag(0x0009, 0x0010)) == nullptr);
  CHECK(lookup(Tag(0x0008, 0x0000)) == nullptr);
  CHECK(lookup(Tag(0x0008, 0xFFFE)) == nullptr);
  const DictionaryEntry* entry = lookup_private(Tag(0x0043, 0x1239), "GEMS_PARM_01");
  REQUIRE(entry != nullptr);
  CHECK(entry->vr == Vr::is);
  CHECK(lookup_private(Tag(0x0043, 0x1239), "SOMEBODY") == nullptr);
}

TEST_CASE("PS3.5 6.2: VRs by their letters") {
  CHECK(parse_vr('S', 'Q') == Vr::sq);
  CHECK(parse_vr('U', 'V') == Vr::uv);
  CHECK(parse_vr('A', 'A') == Vr::unknown);
  CHECK(parse_vr('\0', '\0') == Vr::unknown);
  CHECK(to_string(Vr::ow) == "OW");
  for (int vr = 0; vr < static_cast<int>(Vr::unknown); ++vr) {
    const auto name = to_string(static_cast<Vr>(vr));
    CHECK(parse_vr(name[0], name[1]) == static_cast<Vr>(vr));
  }
}

TEST_CASE("transfer syntaxes: padding is ignored, unknown ones are not guessed") {
  using namespace std::string_view_literals;
  const TransferSyntax* implicit = find_transfer_syntax("1.2.840.10008.1.2\0"sv);
  REQUIRE(implicit != nullptr);
  CHECK_FALSE(implicit->explicit_vr);
  CHECK_FALSE(implicit->encapsulated);
  CHECK(find_transfer_syntax("1.2.840.10008.1.2.2")->big_endian);
  CHECK(find_transfer_syntax("1.2.840.10008.1.2.1.99")->deflated);
  CHECK(find_transfer_syntax("1.2.840.10008.1.2.4.81")->lossiness == Lossiness::lossy);
  CHECK(find_transfer_syntax("1.2.840.10008.1.2.4.90")->lossiness == Lossiness::lossless);
  CHECK(find_transfer_syntax("1.2.840.10008.1.2.4.203")->encapsulated);
  CHECK(find_transfer_syntax("1.2.840.113619.5.2") == nullptr);
  CHECK(find_transfer_syntax("") == nullptr);
}
