#include "tests/rules/dataset/real_files.h"

#include "rules/dataset/data_set.h"
#include "tests/rules/dataset/byte_builder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace trialgate::rules;
using namespace trialgate::rules::test;

namespace {

// No DICM prefix or no transfer syntax: nothing that a store of ours would hold.
const std::set<std::string> no_part_10_files = {
    "malformed/ExplVR_BigEndNoMeta.dcm",  "malformed/ExplVR_LitEndNoMeta.dcm",
    "malformed/meta_missing_tsyntax.dcm", "malformed/no_meta_CT.dcm",
    "malformed/not_dicom_gzip.dcm.gz",    "malformed/not_dicom_text.dicom",
    "malformed/rtstruct_no_meta.dcm",     "malformed/zero_length.dcm",
};

const std::set<std::string> damaged_files = {
    "malformed/MR_truncated.dcm",
    "malformed/emri_j2k_fragment_too_short.dcm",
    "malformed/rtplan_truncated.dcm",
};

/// What write() is expected to produce: the input without retired group lengths at the top level.
std::vector<std::uint8_t> without_group_lengths(const DataSet& data_set,
                                                std::span<const std::uint8_t> source) {
  std::vector<std::uint8_t> kept;
  std::uint64_t position = 0;
  for (const Element& element : data_set.elements) {
    if (!element.tag().is_group_length() && element.tag() != Tag(0x0008, 0x0001)) continue;
    const auto part = source.subspan(position, element.offset() - position);
    kept.insert(kept.end(), part.begin(), part.end());
    // UL header of 8 bytes in either VR encoding, and 4 bytes of value.
    position = element.offset() + 8 + element.value().size();
  }
  const auto rest = source.subspan(position);
  kept.insert(kept.end(), rest.begin(), rest.end());
  return kept;
}

/// Every element of every level but group lengths: path, tag, VR, value.
void list_elements(const ElementList& list, const std::string& prefix, std::vector<std::string>& lines) {
  for (const Element& element : list) {
    if (element.tag().is_group_length() || element.tag() == Tag(0x0008, 0x0001)) continue;
    const auto value = element.value();
    lines.push_back(prefix + to_string(element.tag()) + std::string(to_string(element.vr())) +
                    std::string(value.begin(), value.end()));
    for (std::size_t i = 0; i < element.items().size(); ++i) {
      list_elements(element.items()[i].elements, prefix + to_string(element.tag()) + std::to_string(i),
                    lines);
    }
  }
}

std::size_t nested_group_lengths(const ElementList& list, bool nested) {
  std::size_t count = 0;
  for (const Element& element : list) {
    if (nested && element.tag().is_group_length()) ++count;
    for (const Item& item : element.items()) count += nested_group_lengths(item.elements, true);
  }
  return count;
}

}  // namespace

TEST_CASE("every readable real file parses without fatal anomaly, and unedited is written bit for bit") {
  Limits limits;
  limits.allow_deflated = true;
  std::size_t identical = 0;
  std::size_t without_lengths = 0;
  for (const std::string& name : manifest_files()) {
    CAPTURE(name);
    const auto file = read_file(data_directory() / name);
    const auto view = parse_file(file);
    CHECK(view.has_value() == !no_part_10_files.contains(name));
    if (!view) continue;
    const auto source = std::span(file).subspan(view->data_set_offset);
    const auto data_set = parse(source, *view->transfer_syntax, limits);
    REQUIRE(data_set.has_value());
    CHECK(data_set->fatal == damaged_files.contains(name));
    const auto written = write(*data_set);
    CHECK(written.has_value() == !damaged_files.contains(name));
    if (!written) continue;
    const auto parsed = data_set->inflated ? std::span<const std::uint8_t>(*data_set->inflated) : source;
    const auto output = joined(*written, parsed);
    if (nested_group_lengths(data_set->elements, false) != 0) {
      // The lengths of the items around them change too: the content must be the same.
      const auto again = parse(output, *view->transfer_syntax, limits);
      REQUIRE(again.has_value());
      std::vector<std::string> before;
      std::vector<std::string> after;
      list_elements(data_set->elements, "", before);
      list_elements(again->elements, "", after);
      CHECK(before == after);
      CHECK(nested_group_lengths(again->elements, false) == 0);
      ++without_lengths;
      continue;
    }
    CHECK(output == without_group_lengths(*data_set, parsed));
    ++(std::equal(output.begin(), output.end(), parsed.begin(), parsed.end()) ? identical : without_lengths);
  }
  CHECK(identical > 170);
  CHECK(without_lengths >= 3);
}

TEST_CASE("pixel data are located, not copied") {
  const auto file = read_file(data_directory() / "ct/CT_small.dcm");
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto source = std::span(file).subspan(view->data_set_offset);
  const auto data_set = parse(source, *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  REQUIRE(data_set->pixel_data);
  CHECK(data_set->pixel_data->length == 32768);
  CHECK_FALSE(data_set->pixel_data->encapsulated);
  const auto written = write(*data_set);
  REQUIRE(written.has_value());
  CHECK(written->pixel_offset == data_set->pixel_data->offset);
  CHECK(written->pixel_length == 32768);
  CHECK(written->prefix.size() == data_set->pixel_data->offset);
  // CT_small ends with Data Set Trailing Padding (FFFC,FFFC).
  CHECK(written->suffix.size() == 138);
}

TEST_CASE("PS3.5 A.4: fragments are walked; bytes inside that look like delimiters do not matter") {
  const auto file = read_file(data_directory() / "malformed/J2K_embedded_sequence_delimiter.dcm");
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  REQUIRE(data_set->pixel_data);
  CHECK(data_set->pixel_data->encapsulated);
  CHECK(data_set->pixel_data->fragments == 1);
  CHECK(data_set->complete);
}

TEST_CASE("the same MR image reads the same in every transfer syntax") {
  const auto read = [](const std::string& name) {
    const auto file = read_file(data_directory() / name);
    const auto view = parse_file(file);
    const auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax);
    const Element* rows = data_set->elements.find(Tag(0x0028, 0x0010));
    const Element* spacing = data_set->elements.find(Tag(0x0028, 0x0030));
    CHECK(rows->vr() == Vr::us);
    return std::to_string(*binary_integer(*rows)) + ' ' + std::string(spacing->text());
  };
  CHECK(read("mr/MR_small.dcm") == "64 0.3125\\0.3125");
  CHECK(read("syntax/MR_small_implicit.dcm") == "64 0.3125\\0.3125");
  CHECK(read("syntax/MR_small_bigendian.dcm") == "64 0.3125\\0.3125");
}

TEST_CASE("deflated data sets are refused unless allowed, and inflated within bounds") {
  const auto file = read_file(data_directory() / "syntax/image_deflated.dcm");
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto source = std::span(file).subspan(view->data_set_offset);
  CHECK(parse(source, *view->transfer_syntax).error().code == Errc::unsupported);
  Limits limits;
  limits.allow_deflated = true;
  limits.max_inflated_bytes = 1000;
  CHECK(parse(source, *view->transfer_syntax, limits).error().code == Errc::limit_exceeded);
  limits.max_inflated_bytes = 1U << 20U;
  CHECK(parse(source, *view->transfer_syntax, limits).has_value());
  CHECK(parse(source.first(source.size() / 2), *view->transfer_syntax, limits).error().code ==
        Errc::malformed_dataset);
}

TEST_CASE("a file cut at any place is never read wrongly: it fails, or says that it is incomplete") {
  for (const std::string name : {"ct/CT_small.dcm", "syntax/MR_small_implicit.dcm", "syntax/MR_small_RLE.dcm",
                                 "private_seq/UN_sequence.dcm", "sr_doc_rt/sr_basic_reportsi.dcm"}) {
    CAPTURE(name);
    const auto file = read_file(data_directory() / name);
    const auto view = parse_file(file);
    REQUIRE(view.has_value());
    const auto source = std::span(file).subspan(view->data_set_offset);
    const std::size_t most = std::min<std::size_t>(source.size() - 1, 4000);
    std::size_t complete = 0;
    for (std::size_t length = 0; length < most; ++length) {
      const auto data_set = parse(source.first(length), *view->transfer_syntax);
      if (!data_set || data_set->fatal) continue;
      // A cut between two elements of the top level cannot be seen.
      REQUIRE(data_set->complete);
      const Element* last = nullptr;
      for (const Element& element : data_set->elements) last = &element;
      CHECK(last != nullptr);
      ++complete;
    }
    CHECK(complete < 300);
  }
}
