// Real CT, MR and PET: still valid, references closed, twice is like once.
#include "rules/dataset/values.h"
#include "rules/deidentify/supplement.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

std::string data(std::string_view name) {
  return std::string(TRIALGATE_TEST_DATA) + "/" + std::string(name);
}

std::string patient_id_of(std::span<const std::uint8_t> file) {
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto data_set = parse(file.subspan(view->data_set_offset), *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  const Element* id = data_set->elements.find(Tag(0x0010, 0x0020));
  return id == nullptr ? std::string() : std::string(id->text());
}

Output deidentified(std::string_view name, DeidentificationRules rules = {}) {
  const Bytes file = read_file(data(name));
  CAPTURE(name);
  return output_of(run(file, compiled(std::move(rules)), subject(patient_id_of(file))));
}

constexpr std::array images = {"series/ct_contrast_rider/1-32.dcm",
                               "series/mr_acr_siemens/5.dcm",
                               "series/ct_tiny_dcmqi/IMG0002.dcm",
                               "series/ct_phantom_fda_j2k/000302.dcm",
                               "ct/CT_small.dcm",
                               "ct/rtutils_phantom_ct_1.dcm",
                               "private_seq/cptac_ge_ct_109_private.dcm",
                               "ct/ct_legacy_converted_mf.dcm",
                               "ct/enhanced_ct_CT0012_jpegls_lossy_81_nobot.dcm"};

/// What is no image, each with an explicit handling. Some name the patient or the hospital in a label that
/// stays, for which they are rightly held: these words are put in the place of those.
struct Object {
  const char* name;
  std::string_view word = {};
  std::string_view other = {};
};
constexpr std::array objects = {
    Object{"sr_doc_rt/ko_thales.dcm", "PARITY KOS", "KEY IMAGES"},
    Object{"sr_doc_rt/pr_lut_weasis.dcm", "Combined LUT PState", "Conjoined XY QState"},
    Object{"sr_doc_rt/rtdose.dcm", " name here", " name text"},
    Object{"sr_doc_rt/rtplan.dcm", " name here", " name text"},
    Object{"sr_doc_rt/rtstruct_mim_phantom.dcm"},
    Object{"sr_doc_rt/rtstruct_rtutils.dcm"},
    Object{"sr_doc_rt/rwvm_dcmqi.dcm"},
    Object{"sr_doc_rt/seg_23x38x3.dcm"},
    Object{"sr_doc_rt/seg_dcmqi_pet_tumor.dcm"},
    Object{"sr_doc_rt/sr_comprehensive3d_highdicom.dcm"},
    Object{"sr_doc_rt/sr_comprehensive_dcmqi.dcm"}};

Bytes bytes_of(const Object& object) {
  const Bytes file = read_file(data(object.name));
  if (object.word.empty()) return file;
  REQUIRE(object.word.size() == object.other.size());
  std::string text(file.begin(), file.end());
  for (auto at = text.find(object.word); at != std::string::npos; at = text.find(object.word, at + 1)) {
    text.replace(at, object.word.size(), object.other);
  }
  return {text.begin(), text.end()};
}

DeidentificationRules rules_for_objects() {
  return with({Option::clean_structured_content, Option::clean_graphics});
}

/// "Error" lines of dciodvfy, each with how often it stands there; values in quotes or brackets are left out.
std::map<std::string, int> errors_of(const std::string& path) {
  std::map<std::string, int> errors;
  FILE* pipe = popen(("dciodvfy '" + path + "' 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
    std::string text(line.data());
    if (!text.starts_with("Error")) continue;
    for (const char* opening : {" = <", " <"}) {
      if (const auto at = text.find(opening); at != std::string::npos) text.resize(at);
    }
    ++errors[text];
  }
  pclose(pipe);
  return errors;
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& bytes) {
    path_ =
        (std::filesystem::temp_directory_path() / ("deidentify_test_" + std::to_string(getpid()) + ".dcm"))
            .string();
    std::ofstream stream(path_, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

Bytes file_of(const Output& output) {
  return part10(output.bytes, output.result.transfer_syntax_uid, output.result.sop_class_uid,
                output.result.sop_instance_uid);
}

}  // namespace

TEST_CASE("Real images come out readable, with their pixels and without their identity") {
  for (const char* name : images) {
    CAPTURE(name);
    const Bytes file = read_file(data(name));
    const Output output = deidentified(name);
    CHECK(output.text(0x00100020) == "ONC301-0042");
    REQUIRE(output.data_set.pixel_data.has_value());
    const auto source = std::span(file).subspan(output.result.pixel_offset, output.result.pixel_length);
    const auto written = std::span(output.bytes).subspan(output.data_set.pixel_data->offset, source.size());
    CHECK(std::ranges::equal(source, written));
    for (const Element& element : output.data_set.elements) CHECK_FALSE(element.tag().is_private());
    const std::string id = patient_id_of(file);
    const bool only_digits = id.find_first_not_of("0123456789") == std::string::npos;
    if (!only_digits) CHECK_FALSE(contains(output.result.prefix, id));
    CHECK_FALSE(contains(output.result.prefix, output.result.source_study_uid));
    CHECK_FALSE(contains(output.result.prefix, output.result.source_sop_instance_uid));
  }
}

TEST_CASE("dciodvfy finds no error that the input had not") {
  if (std::system("dciodvfy -version > /dev/null 2>&1; test $? -ne 127") != 0) {
    MESSAGE("dciodvfy is not installed");
    return;
  }
  for (const char* name : images) {
    for (const auto& rules : {DeidentificationRules{}, with({Option::retain_device_identity,
                                                             Option::retain_longitudinal_modified_dates},
                                                            DeviceDates::removed)}) {
      CAPTURE(name);
      const auto before = errors_of(data(name));
      const Output output = deidentified(name, rules);
      const TemporaryFile file(file_of(output));
      for (const auto& [error, count] : errors_of(file.path())) {
        const auto found = before.find(error);
        CHECK_MESSAGE((found != before.end() && found->second >= count), error);
      }
    }
  }
}

void check_uids(const ElementList& list) {
  for (const Element& element : list) {
    for (const Item& item : element.items()) check_uids(item.elements);
    if (element.vr() != Vr::ui || is_structural_uid(element.tag())) continue;
    for (const std::string_view uid : split_values(element.text())) {
      CAPTURE(keyword_or_tag(element.tag()));
      CHECK((uid.empty() || uid.starts_with("2.25.") || is_registered_uid(uid)));
    }
  }
}

TEST_CASE(
    "Failure mode 16: real reports, key objects, presentation states, RT objects and segmentations come "
    "out valid, with every reference mapped") {
  for (const Object& object : objects) {
    CAPTURE(std::string(object.name));
    const Bytes source = bytes_of(object);
    const Output output =
        output_of(run(source, compiled(rules_for_objects()), subject(patient_id_of(source))));
    CHECK(output.text(0x00100020) == "ONC301-0042");
    check_uids(output.data_set.elements);
    const auto before = errors_of(data(object.name));
    const TemporaryFile file(file_of(output));
    for (const auto& [error, count] : errors_of(file.path())) {
      const auto found = before.find(error);
      CHECK_MESSAGE((found != before.end() && found->second >= count), error);
    }
  }
}

TEST_CASE("UID references are closed over a series") {
  std::map<std::string, std::string> mapped;
  std::set<std::string> studies;
  const std::string folder = data("series/ct_contrast_rider");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Output output = deidentified("series/ct_contrast_rider/" + entry.path().filename().string());
    mapped[output.result.source_sop_instance_uid] = output.result.sop_instance_uid;
    studies.insert(output.result.study_uid);
    CHECK(output.result.sop_instance_uid == identity().new_uid(output.result.source_sop_instance_uid));
  }
  std::set<std::string> distinct;
  for (const auto& [old_uid, new_uid] : mapped) distinct.insert(new_uid);
  CHECK(distinct.size() == mapped.size());
  CHECK(mapped.size() == 12);
  CHECK(studies.size() == 1);
}

TEST_CASE("De-identifying twice changes only UIDs") {
  for (const char* name : images) {
    CAPTURE(name);
    const Output once = deidentified(name);
    const Bytes file = file_of(once);
    const Output twice = output_of(run(file, compiled(), subject("ONC301-0042")));
    REQUIRE(once.data_set.elements.size() == twice.data_set.elements.size());
    auto second = twice.data_set.elements.begin();
    for (const Element& first : once.data_set.elements) {
      CAPTURE(keyword_or_tag(first.tag()));
      CHECK(first.tag() == second->tag());
      if (first.vr() != Vr::ui && first.content() == Content::bytes) {
        CHECK(std::ranges::equal(first.value(), second->value()));
      }
      ++second;
    }
  }
}

TEST_CASE("Damaged headers end as clean output or held: the patient is in none of them") {
  std::minstd_rand random(4711);
  for (const char* name :
       {"series/ct_contrast_rider/1-32.dcm", "ct/CT_small.dcm", "series/mr_acr_siemens/5.dcm"}) {
    CAPTURE(name);
    const Bytes original = read_file(data(name));
    const std::string id = patient_id_of(original);
    const CompiledRules rules = compiled();
    const DeidentificationSubject who = subject(id);
    const std::size_t header = std::min<std::size_t>(original.size(), 6000);
    for (int round = 0; round < 400; ++round) {
      Bytes file = original;
      for (int change = 0; change < 1 + round % 4; ++change) {
        file[132 + random() % (header - 132)] = static_cast<std::uint8_t>(random() % 256);
      }
      const auto result = deidentify(file, rules, who, identity());
      const auto* output = std::get_if<Deidentified>(&result);
      if (output != nullptr) CHECK_FALSE(contains(output->prefix, id));
    }
  }
}

TEST_CASE("Every file of the collection ends as clean output or held, never otherwise") {
  std::size_t clean = 0;
  std::size_t held = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TRIALGATE_TEST_DATA)) {
    if (!entry.is_regular_file()) continue;
    const Bytes file = read_file(entry.path().string());
    std::string id;
    if (const auto view = parse_file(file)) {
      Limits limits;
      limits.allow_deflated = true;
      const auto data_set =
          parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax, limits);
      const Element* element = data_set ? data_set->elements.find(Tag(0x0010, 0x0020)) : nullptr;
      if (element != nullptr) id = element->text();
    }
    const auto result = deidentify(file, compiled(), subject(id), identity());
    if (const auto* output = std::get_if<Deidentified>(&result)) {
      ++clean;
      CHECK(!output->prefix.empty());
    } else {
      ++held;
      CHECK_FALSE(std::get<Held>(result).causes.empty());
    }
  }
  CHECK(clean > 40);
  CHECK(held > 40);
}

}  // namespace trialgate::rules::test
