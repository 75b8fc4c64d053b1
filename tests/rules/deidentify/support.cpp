#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace trialgate::rules::test {
namespace {

void append_u16(Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
  bytes.push_back(static_cast<std::uint8_t>(value >> 8U & 0xFFU));
}

void append_u32(Bytes& bytes, std::size_t value) {
  append_u16(bytes, value & 0xFFFFU);
  append_u16(bytes, value >> 16U);
}

std::string padded(std::string_view value, Vr vr) {
  std::string result(value);
  if (result.size() % 2 != 0) result += is_text(vr) && vr != Vr::ui ? ' ' : '\0';
  return result;
}

}  // namespace

void ElementWriter::header(std::uint32_t tag, Vr vr, std::size_t length) {
  append_u16(bytes_, tag >> 16U);
  append_u16(bytes_, tag & 0xFFFFU);
  if (!explicit_vr_) {
    append_u32(bytes_, length);
    return;
  }
  const std::string_view name = to_string(vr);
  bytes_.insert(bytes_.end(), name.begin(), name.end());
  if (has_long_length(vr)) {
    append_u16(bytes_, 0);
    append_u32(bytes_, length);
  } else {
    append_u16(bytes_, length);
  }
}

ElementWriter& ElementWriter::add(std::uint32_t tag, Vr vr, std::string_view value) {
  const std::string text = padded(value, vr);
  header(tag, vr, text.size());
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  return *this;
}

ElementWriter& ElementWriter::add_us(std::uint32_t tag, std::uint16_t value) {
  header(tag, Vr::us, 2);
  append_u16(bytes_, value);
  return *this;
}

ElementWriter& ElementWriter::add_sequence(std::uint32_t tag, const std::vector<ElementWriter>& items) {
  Bytes content;
  for (const ElementWriter& item : items) {
    append_u16(content, 0xFFFE);
    append_u16(content, 0xE000);
    append_u32(content, item.bytes().size());
    content.insert(content.end(), item.bytes().begin(), item.bytes().end());
  }
  header(tag, Vr::sq, content.size());
  return add_raw(content);
}

ElementWriter& ElementWriter::add_raw(std::span<const std::uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

TestDataSet TestDataSet::ct() {
  TestDataSet data_set;
  data_set.set(0x00080005, Vr::cs, "ISO_IR 100")
      .set(0x00080008, Vr::cs, "ORIGINAL\\PRIMARY\\AXIAL")
      .set(0x00080016, Vr::ui, ct_class)
      .set(0x00080018, Vr::ui, "1.2.826.0.1.3680043.9.1.100.1")
      .set(0x00080020, Vr::da, "20260302")
      .set(0x00080030, Vr::tm, "101530")
      .set(0x00080050, Vr::sh, "ACC99812")
      .set(0x00080060, Vr::cs, "CT")
      .set(0x00080070, Vr::lo, "Example Scanners")
      .set(0x00080090, Vr::pn, "Referrer^Rita")
      .set(0x00081090, Vr::lo, "Model 5")
      .set(0x00100010, Vr::pn, "Miller^Johanna")
      .set(0x00100020, Vr::lo, patient)
      .set(0x00100030, Vr::da, "19610704")
      .set(0x00100040, Vr::cs, "F")
      .set(0x00180050, Vr::ds, "2.5")
      .set(0x00180060, Vr::ds, "120")
      .set(0x0020000D, Vr::ui, "1.2.826.0.1.3680043.9.1.100")
      .set(0x0020000E, Vr::ui, "1.2.826.0.1.3680043.9.1.100.0")
      .set(0x00200010, Vr::sh, "ST77123")
      .set(0x00200011, Vr::is, "2")
      .set(0x00200013, Vr::is, "1")
      .set(0x00200052, Vr::ui, "1.2.826.0.1.3680043.9.1.100.9")
      .set_us(0x00280002, 1)
      .set(0x00280004, Vr::cs, "MONOCHROME2")
      .set_us(0x00280010, 2)
      .set_us(0x00280011, 2)
      .set_us(0x00280100, 16)
      .set_us(0x00280101, 12)
      .set_us(0x00280102, 11)
      .set_us(0x00280103, 0)
      .set(0x7FE00010, Vr::ow, "pixels!!");
  return data_set;
}

void TestDataSet::put(Entry entry) {
  const auto place = std::ranges::lower_bound(entries_, entry.tag, {}, &Entry::tag);
  if (place != entries_.end() && place->tag == entry.tag) {
    *place = std::move(entry);
  } else {
    entries_.insert(place, std::move(entry));
  }
}

TestDataSet& TestDataSet::set(std::uint32_t tag, Vr vr, std::string_view value) {
  put({tag, vr, std::string(value), std::nullopt});
  return *this;
}

TestDataSet& TestDataSet::set_us(std::uint32_t tag, std::uint16_t value) {
  const std::string bytes = {static_cast<char>(value & 0xFFU), static_cast<char>(value >> 8U)};
  return set(tag, Vr::us, bytes);
}

TestDataSet& TestDataSet::set_sequence(std::uint32_t tag, std::vector<ElementWriter> items) {
  put({tag, Vr::sq, {}, std::move(items)});
  return *this;
}

TestDataSet& TestDataSet::erase(std::uint32_t tag) {
  std::erase_if(entries_, [tag](const Entry& entry) { return entry.tag == tag; });
  return *this;
}

Bytes TestDataSet::file(bool explicit_vr) const {
  ElementWriter writer(explicit_vr);
  std::string sop_class;
  std::string sop_instance;
  for (const Entry& entry : entries_) {
    if (entry.tag == 0x00080016) sop_class = entry.value;
    if (entry.tag == 0x00080018) sop_instance = entry.value;
    if (!entry.items) {
      writer.add(entry.tag, entry.vr, entry.value);
      continue;
    }
    ElementWriter sequence(explicit_vr);
    Bytes content;
    for (const ElementWriter& item : *entry.items) {
      append_u16(content, 0xFFFE);
      append_u16(content, 0xE000);
      append_u32(content, item.bytes().size());
      content.insert(content.end(), item.bytes().begin(), item.bytes().end());
    }
    sequence.add(entry.tag, Vr::sq,
                 std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
    writer.add_raw(sequence.bytes());
  }
  return part10(writer.bytes(), explicit_vr ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2", sop_class,
                sop_instance);
}

Bytes part10(std::span<const std::uint8_t> data_set, std::string_view transfer_syntax,
             std::string_view sop_class, std::string_view sop_instance) {
  ElementWriter meta;
  meta.add(0x00020001, Vr::ob, std::string_view("\0\1", 2))
      .add(0x00020002, Vr::ui, sop_class)
      .add(0x00020003, Vr::ui, sop_instance)
      .add(0x00020010, Vr::ui, transfer_syntax)
      .add(0x00020012, Vr::ui, "1.2.3.4");
  Bytes file(128, 0);
  for (const char c : std::string_view("DICM")) file.push_back(static_cast<std::uint8_t>(c));
  ElementWriter length;
  const std::size_t size = meta.bytes().size();
  const std::string value = {static_cast<char>(size & 0xFFU), static_cast<char>(size >> 8U & 0xFFU), '\0',
                             '\0'};
  length.add(0x00020000, Vr::ul, value);
  file.insert(file.end(), length.bytes().begin(), length.bytes().end());
  file.insert(file.end(), meta.bytes().begin(), meta.bytes().end());
  file.insert(file.end(), data_set.begin(), data_set.end());
  return file;
}

DeidentificationSubject subject(std::string_view patient_id) {
  DeidentificationSubject result;
  result.patient_id = patient_id;
  result.subject_id = "ONC301-0042";
  result.sponsor = "Sponsor of Tests";
  result.protocol_id = "ONC-301";
  result.protocol_name = "A trial of tests";
  result.site_id = "S03";
  result.site_name = "Site three";
  result.time_point_id = "W06";
  result.time_point_description = "Week 6";
  return result;
}

Identity identity() {
  Bytes key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return Identity::create(key).value();
}

CompiledRules compiled(DeidentificationRules rules) {
  auto result = CompiledRules::compile(std::move(rules));
  REQUIRE_MESSAGE(result.has_value(), result.error().message());
  return std::move(*result);
}

DeidentificationRules with(std::initializer_list<DeidentificationOption> options, DeviceDates device_dates) {
  DeidentificationRules rules;
  rules.options = options;
  rules.device_dates = device_dates;
  if (rules.has(DeidentificationOption::retain_longitudinal_full_dates))
    rules.dates = DateHandling::unmodified;
  if (rules.has(DeidentificationOption::retain_longitudinal_modified_dates)) {
    rules.dates = DateHandling::shift_per_subject;
  }
  return rules;
}

std::string Output::text(std::uint32_t tag) const {
  const Element* element = find(tag);
  return element == nullptr ? "<absent>" : std::string(element->text());
}

std::variant<Output, Held> run(std::span<const std::uint8_t> file, const CompiledRules& rules,
                               const DeidentificationSubject& subject) {
  Limits limits;
  limits.allow_deflated = true;
  auto result = deidentify(file, rules, subject, identity(), limits);
  if (auto* held = std::get_if<Held>(&result)) return *held;
  Output output;
  output.result = std::move(std::get<Deidentified>(result));
  output.bytes = output.result.prefix;
  const auto pixels = file.subspan(output.result.pixel_offset, output.result.pixel_length);
  output.bytes.insert(output.bytes.end(), pixels.begin(), pixels.end());
  if (output.result.new_pixels) {
    const auto written = output.result.new_pixels->write([&output](std::span<const std::uint8_t> bytes) {
      output.bytes.insert(output.bytes.end(), bytes.begin(), bytes.end());
      return true;
    });
    if (!written) return held_for_pixels(written.error());
  }
  output.bytes.insert(output.bytes.end(), output.result.suffix.begin(), output.result.suffix.end());
  auto parsed = parse(output.bytes, *find_transfer_syntax(output.result.transfer_syntax_uid));
  REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message());
  output.data_set = std::move(*parsed);
  CHECK_FALSE(output.data_set.fatal);
  return output;
}

std::variant<Output, Held> run(const TestDataSet& data_set, DeidentificationRules rules) {
  return run(data_set.file(), compiled(std::move(rules)), subject());
}

Output output_of(std::variant<Output, Held> result) {
  if (const auto* held = std::get_if<Held>(&result)) {
    std::string causes;
    for (const HoldCause& cause : held->causes) {
      causes += std::string(to_string(cause.reason)) + " " + cause.path + ": " + cause.message + "\n";
    }
    FAIL("held: " << causes);
  }
  return std::move(std::get<Output>(result));
}

Held held_of(std::variant<Output, Held> result) {
  REQUIRE(std::holds_alternative<Held>(result));
  return std::get<Held>(result);
}

bool has_reason(const Held& held, HoldReason reason) {
  return std::ranges::any_of(held.causes,
                             [reason](const HoldCause& cause) { return cause.reason == reason; });
}

std::string to_utf16(std::string_view ascii, bool big_endian) {
  std::string result;
  for (const char c : ascii) {
    if (big_endian) result += '\0';
    result += c;
    if (!big_endian) result += '\0';
  }
  return result;
}

bool contains_bytes(std::span<const std::uint8_t> bytes, std::string_view wanted) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.find(wanted) != std::string_view::npos;
}

bool contains(std::span<const std::uint8_t> bytes, std::string_view ascii) {
  return contains_bytes(bytes, ascii) || contains_bytes(bytes, to_utf16(ascii, false)) ||
         contains_bytes(bytes, to_utf16(ascii, true));
}

Bytes read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  REQUIRE_MESSAGE(stream.good(), path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace trialgate::rules::test
