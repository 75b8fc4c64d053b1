// A whole study of several kinds of objects: references stay within it, and a second pass finds nothing left
// to do.
#include "rules/dataset/values.h"
#include "rules/deidentify/supplement.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

constexpr std::string_view root = "1.2.826.0.1.3680043.9.2.";

/// A UID for a name: letters become numbers.
std::string uid(std::string_view name) {
  std::string result(root);
  for (const char c : name) {
    const bool letter = c >= 'a' && c <= 'z';
    result += letter ? std::to_string(10 + c - 'a') : std::string(1, c);
  }
  return result;
}

ElementWriter reference(std::string_view sop_class, std::string_view instance) {
  return ElementWriter().add(0x00081150, Vr::ui, sop_class).add(0x00081155, Vr::ui, instance);
}

ElementWriter code(std::string_view value, std::string_view scheme = "DCM") {
  return ElementWriter()
      .add(0x00080100, Vr::sh, value)
      .add(0x00080102, Vr::sh, scheme)
      .add(0x00080104, Vr::lo, "Concept");
}

/// Both slices, as Referenced Series Sequence and the like hold them.
ElementWriter slices_of_series(std::uint32_t instances) {
  ElementWriter item;
  item.add_sequence(instances, {reference(ct_class, uid("ct.1")), reference(ct_class, uid("ct.2"))});
  return item.add(0x0020000E, Vr::ui, uid("series.ct"));
}

ElementWriter evidence() {
  ElementWriter item;
  ElementWriter series;
  series.add_sequence(0x00081199, {reference(ct_class, uid("ct.1")), reference(ct_class, uid("ct.2"))});
  series.add(0x0020000E, Vr::ui, uid("series.ct"));
  item.add_sequence(0x00081115, {series});
  return item.add(0x0020000D, Vr::ui, uid("study"));
}

/// An object of the study without pixels.
TestDataSet object(std::string_view sop_class, std::string_view name, std::string_view modality) {
  TestDataSet data_set = TestDataSet::ct();
  for (const std::uint32_t tag : {0x7FE00010U, 0x00280002U, 0x00280004U, 0x00280010U, 0x00280011U,
                                  0x00280100U, 0x00280101U, 0x00280102U, 0x00280103U}) {
    data_set.erase(tag);
  }
  return data_set.set(0x00080016, Vr::ui, sop_class)
      .set(0x00080018, Vr::ui, uid(std::string(name) + ".1"))
      .set(0x00080060, Vr::cs, modality)
      .set(0x0020000D, Vr::ui, uid("study"))
      .set(0x0020000E, Vr::ui, uid("series." + std::string(name)))
      .set(0x00200052, Vr::ui, uid("frame"));
}

ElementWriter image_item() {
  ElementWriter item;
  item.add_sequence(0x00081199, {reference(ct_class, uid("ct.2"))});
  item.add(0x0040A010, Vr::cs, "CONTAINS").add(0x0040A040, Vr::cs, "IMAGE");
  return item.add_sequence(0x0040A043, {code("121191")});
}

std::vector<TestDataSet> mixed_study() {
  std::vector<TestDataSet> study;
  for (const char* number : {"1", "2"}) {
    TestDataSet slice = TestDataSet::ct();
    slice.set(0x00080018, Vr::ui, uid(std::string("ct.") + number))
        .set(0x0020000D, Vr::ui, uid("study"))
        .set(0x0020000E, Vr::ui, uid("series.ct"))
        .set(0x00200052, Vr::ui, uid("frame"))
        .set_sequence(0x00081140, {reference(ct_class, uid("ct.1"))});
    study.push_back(slice);
  }
  TestDataSet report = object("1.2.840.10008.5.1.4.1.1.88.33", "sr", "SR");
  report.set_sequence(0x0040A375, {evidence()}).set_sequence(0x0040A730, {image_item()});
  study.push_back(report);
  TestDataSet key_object = object("1.2.840.10008.5.1.4.1.1.88.59", "ko", "KO");
  key_object.set_sequence(0x0040A375, {evidence()}).set_sequence(0x0040A730, {image_item()});
  study.push_back(key_object);
  TestDataSet presentation = object("1.2.840.10008.5.1.4.1.1.11.1", "pr", "PR");
  presentation.set_sequence(0x00081115, {slices_of_series(0x00081140)});
  study.push_back(presentation);
  TestDataSet segmentation = object("1.2.840.10008.5.1.4.1.1.66.4", "seg", "SEG");
  segmentation.set_sequence(0x00081115, {slices_of_series(0x0008114A)});
  study.push_back(segmentation);
  TestDataSet structures = object("1.2.840.10008.5.1.4.1.1.481.3", "rt", "RTSTRUCT");
  ElementWriter rt_series;
  rt_series.add(0x0020000E, Vr::ui, uid("series.ct"));
  rt_series.add_sequence(0x30060016, {reference(ct_class, uid("ct.1")), reference(ct_class, uid("ct.2"))});
  ElementWriter rt_study = reference("1.2.840.10008.3.1.2.3.1", uid("study"));
  rt_study.add_sequence(0x30060014, {rt_series});
  ElementWriter frame;
  frame.add(0x00200052, Vr::ui, uid("frame"));
  frame.add_sequence(0x30060012, {rt_study});
  structures.set_sequence(0x30060010, {frame});
  study.push_back(structures);
  return study;
}

/// Every UID that is no class, with the attribute that holds it.
void collect_uids(const ElementList& list, std::vector<std::pair<Tag, std::string>>& uids) {
  for (const Element& element : list) {
    for (const Item& item : element.items()) collect_uids(item.elements, uids);
    if (element.vr() != Vr::ui || is_structural_uid(element.tag())) continue;
    for (const std::string_view value : split_values(element.text())) {
      if (!is_registered_uid(value)) uids.emplace_back(element.tag(), value);
    }
  }
}

Bytes file_of(const Output& output) {
  return part10(output.bytes, output.result.transfer_syntax_uid, output.result.sop_class_uid,
                output.result.sop_instance_uid);
}

/// Says where two lists differ in more than UIDs.
void check_same_but_uids(const ElementList& first, const ElementList& second) {
  REQUIRE(first.size() == second.size());
  auto other = second.begin();
  for (const Element& element : first) {
    CAPTURE(keyword_or_tag(element.tag()));
    REQUIRE(element.tag() == other->tag());
    REQUIRE(element.items().size() == other->items().size());
    for (std::size_t i = 0; i < element.items().size(); ++i) {
      check_same_but_uids(element.items()[i].elements, other->items()[i].elements);
    }
    if (element.vr() != Vr::ui) CHECK(std::ranges::equal(element.value(), other->value()));
    ++other;
  }
}

std::string patient_id_of(const Bytes& file) {
  const auto view = parse_file(file);
  if (!view) return {};
  Limits limits;
  limits.allow_deflated = true;
  const auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax, limits);
  const Element* id = data_set ? data_set->elements.find(Tag(0x0010, 0x0020)) : nullptr;
  return id == nullptr ? std::string() : std::string(id->text());
}

}  // namespace

TEST_CASE("Every reference in a study of CT, SR, KO, PR, SEG and RTSTRUCT leads to an object of the output") {
  const CompiledRules rules = compiled(with({Option::clean_structured_content, Option::clean_graphics}));
  std::set<std::string> there;
  std::vector<std::pair<Tag, std::string>> uids;
  std::size_t references = 0;
  for (const TestDataSet& source : mixed_study()) {
    const Output output = output_of(run(source.file(), rules, subject()));
    there.insert(output.result.sop_instance_uid);
    there.insert(output.result.series_uid);
    there.insert(output.result.study_uid);
    there.insert(output.text(0x00200052));
    collect_uids(output.data_set.elements, uids);
    CHECK_FALSE(contains(output.bytes, root));
    // What the mapping says is what stands there.
    for (const auto& [old_uid, new_uid] : output.result.uids) {
      CHECK(new_uid == identity().new_uid(old_uid));
    }
    CHECK(output.result.uids.at(output.result.source_sop_instance_uid) == output.result.sop_instance_uid);
    CHECK(output.result.uids.at(output.result.source_study_uid) == output.result.study_uid);
  }
  CHECK(there.size() == 7 + 6 + 1 + 1);
  for (const auto& [tag, value] : uids) {
    CAPTURE(keyword_or_tag(tag));
    CHECK(there.contains(value));
    if (tag == Tag(0x0008, 0x1155)) ++references;
  }
  // Of the report, the key object, presentation, segmentation, structures; those of CT are Type 3 and go.
  CHECK(references == 3 + 3 + 2 + 2 + 3);
}

TEST_CASE("A second pass over every real file that came out clean changes nothing but UIDs") {
  const CompiledRules rules = compiled(with({Option::clean_structured_content, Option::clean_graphics}));
  const CompiledRules keeping_uids =
      compiled(with({Option::clean_structured_content, Option::clean_graphics, Option::retain_uids}));
  constexpr std::uintmax_t largest_bytes = 1U << 20U;
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TRIALGATE_TEST_DATA)) {
    if (!entry.is_regular_file() || entry.file_size() > largest_bytes) continue;
    CAPTURE(entry.path().filename().string());
    const Bytes file = read_file(entry.path().string());
    for (const CompiledRules* chosen : {&rules, &keeping_uids}) {
      auto once = run(file, *chosen, subject(patient_id_of(file)));
      const auto* first = std::get_if<Output>(&once);
      if (first == nullptr) continue;
      const Bytes between = file_of(*first);
      const Output second = output_of(run(between, *chosen, subject("ONC301-0042")));
      check_same_but_uids(first->data_set.elements, second.data_set.elements);
      if (chosen == &keeping_uids) CHECK(second.bytes == first->bytes);
      ++compared;
    }
  }
  CHECK(compared > 80);
}

}  // namespace trialgate::rules::test
