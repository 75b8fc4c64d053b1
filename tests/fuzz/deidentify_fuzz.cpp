// De-identification of whatever arrives: clean output or held, never a value of the patient in what leaves.
#include "rules/dataset/data_set.h"
#include "rules/deidentify/deidentify.h"
#include "rules/trial/sha256.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace trialgate::rules;

namespace {

constexpr std::string_view removed_by_every_rule[] = {"PatientName", "PatientID", "StudyInstanceUID",
                                                      "SOPInstanceUID"};

void require(bool condition) {
  if (!condition) std::abort();
}

CompiledRules compiled(std::initializer_list<DeidentificationOption> options) {
  DeidentificationRules rules;
  rules.options = options;
  rules.device_dates = DeviceDates::removed;
  if (rules.has(DeidentificationOption::retain_longitudinal_modified_dates)) {
    rules.dates = DateHandling::shift_per_subject;
  }
  auto result = CompiledRules::compile(std::move(rules));
  require(result.has_value());
  return std::move(*result);
}

DeidentificationSubject subject_of(const DataSet& data_set) {
  DeidentificationSubject subject;
  const Element* id = data_set.elements.find(Tag(0x0010, 0x0020));
  if (id != nullptr) subject.patient_id = id->text();
  subject.subject_id = "SUBJECT-1";
  subject.sponsor = "Sponsor";
  subject.protocol_id = "PROTOCOL-1";
  return subject;
}

std::string_view characters(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Another key for every input: libFuzzer copies what the program compares into its next inputs, and with one
/// key a new UID of one run would stand in the input of the next, where it looks like a value that was kept.
Identity identity_for(std::span<const std::uint8_t> file) {
  const std::string digest = sha256_hex(characters(file));
  const auto* const first = reinterpret_cast<const std::uint8_t*>(digest.data());
  return Identity::create({first, digest.size()}).value();
}

/// Long enough that it does not stand there by chance.
bool is_telling(std::string_view value) {
  return value.size() >= 12 && std::ranges::any_of(value, [](char c) { return c >= '1' && c <= '9'; }) &&
         value.find("1.2.840.10008.") != 0 && value.find('\\') == std::string_view::npos;
}

void check(const Deidentified& output, std::span<const std::uint8_t> file, const DataSet& source) {
  require(output.pixel_offset <= file.size() && output.pixel_length <= file.size() - output.pixel_offset);
  if (output.new_pixels) (void)output.new_pixels->write([](std::span<const std::uint8_t>) { return true; });
  require(output.report.residual_values > 0 || !output.report.residual_excluded.empty());
  for (const std::string_view keyword : removed_by_every_rule) {
    const Element* element = source.elements.find(lookup(keyword)->tag);
    if (element == nullptr || element->content() != Content::bytes || !is_telling(element->text())) continue;
    require(characters(output.prefix).find(element->text()) == std::string_view::npos);
    require(characters(output.suffix).find(element->text()) == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Option = DeidentificationOption;
  static const CompiledRules strict = compiled({});
  static const CompiledRules loose =
      compiled({Option::clean_descriptors, Option::clean_graphics, Option::clean_structured_content,
                Option::retain_device_identity, Option::retain_longitudinal_modified_dates,
                Option::retain_safe_private});
  const std::span<const std::uint8_t> file(data, size);
  const Identity identity = identity_for(file);
  Limits limits;
  limits.max_elements = 20'000;
  limits.allow_deflated = true;
  limits.max_inflated_bytes = 1U << 20U;
  const auto view = parse_file(file);
  if (!view) return 0;
  const auto source = parse(file.subspan(view->data_set_offset), *view->transfer_syntax, limits);
  if (!source) return 0;
  const DeidentificationSubject subject = subject_of(*source);
  for (const CompiledRules* rules : {&strict, &loose}) {
    const auto result = deidentify(file, *rules, subject, identity, limits);
    if (const auto* held = std::get_if<Held>(&result)) {
      require(!held->causes.empty());
    } else {
      check(std::get<Deidentified>(result), file, *source);
    }
  }
  return 0;
}
