#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"
#include "rules/examine/instance_record.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace trialgate::rules;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::uint8_t> joined(const WrittenDataSet& written, std::span<const std::uint8_t> source) {
  std::vector<std::uint8_t> all = written.prefix;
  require(written.pixel_offset <= source.size() &&
          written.pixel_length <= source.size() - written.pixel_offset);
  const auto pixels = source.subspan(written.pixel_offset, written.pixel_length);
  all.insert(all.end(), pixels.begin(), pixels.end());
  all.insert(all.end(), written.suffix.begin(), written.suffix.end());
  return all;
}

Limits small_limits() {
  Limits limits;
  limits.max_elements = 20'000;
  limits.allow_deflated = true;
  limits.max_inflated_bytes = 1U << 20U;
  return limits;
}

/// What was read can be written, and writing what was written changes nothing.
void round_trip(std::span<const std::uint8_t> bytes, const TransferSyntax& syntax) {
  auto data_set = parse(bytes, syntax, small_limits());
  if (!data_set) return;
  const auto source = data_set->inflated ? std::span<const std::uint8_t>(*data_set->inflated) : bytes;
  const auto written = write(*data_set);
  require(written.has_value() == data_set->complete);
  if (!written || data_set->fatal) return;
  const auto output = joined(*written, source);
  if (output.empty()) return;
  const TransferSyntax& plain =
      syntax.deflated ? *find_transfer_syntax(transfer_syntaxes::explicit_vr_little_endian) : syntax;
  const auto again = parse(output, plain, small_limits());
  if (!again) return;  // nothing but group lengths
  require(again->complete);
  const auto twice = write(*again);
  require(twice.has_value());
  require(joined(*twice, output) == output);
  for (Element& element : data_set->elements) (void)open_as_sequence(element, small_limits());
}

void text_round_trip(std::string_view terms, std::span<const std::uint8_t> bytes) {
  const auto set = CharacterSet::parse(terms);
  if (!set) return;
  for (const Vr vr : {Vr::pn, Vr::lo, Vr::lt, Vr::cs}) {
    const auto text = set->decode(bytes, vr);
    if (!text) continue;
    require(is_valid_utf8(*text));
    const auto encoded = set->encode(*text, vr);
    if (!encoded) continue;
    require(set->decode(*encoded, vr) == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::span<const std::uint8_t> bytes(data, size);
  constexpr std::string_view syntaxes[] = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
                                           "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.1.99"};
  constexpr std::string_view sets[] = {
      "ISO_IR 192", "GB18030", "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159",
      "ISO 2022 IR 100\\ISO 2022 IR 149\\ISO 2022 IR 58\\ISO 2022 IR 144", "GBK"};
  // A Part 10 file is read as one; anything else says with its first byte what it is meant to be.
  if (const auto view = parse_file(bytes)) {
    round_trip(bytes.subspan(view->data_set_offset), *view->transfer_syntax);
    if (const auto record = examine(bytes, {}, small_limits())) {
      const auto again = instance_record_from_json(to_json(*record));
      require(again.has_value() && *again == *record);
    }
    return 0;
  }
  round_trip(bytes.subspan(1), *find_transfer_syntax(syntaxes[data[0] % std::size(syntaxes)]));
  text_round_trip(sets[data[0] % std::size(sets)], bytes.subspan(1));
  return 0;
}
