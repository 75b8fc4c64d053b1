#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/deidentify.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::rules::test {

using Bytes = std::vector<std::uint8_t>;

/// Writes elements of explicit or implicit VR little endian one after the other, in the order of the calls.
class ElementWriter {
 public:
  explicit ElementWriter(bool explicit_vr = true) : explicit_vr_(explicit_vr) {}

  /// Padded to even length.
  ElementWriter& add(std::uint32_t tag, Vr vr, std::string_view value);
  ElementWriter& add_us(std::uint32_t tag, std::uint16_t value);
  /// One item for each list of elements, all lengths defined.
  ElementWriter& add_sequence(std::uint32_t tag, const std::vector<ElementWriter>& items);
  ElementWriter& add_raw(std::span<const std::uint8_t> bytes);
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool explicit_vr() const noexcept { return explicit_vr_; }

 private:
  void header(std::uint32_t tag, Vr vr, std::size_t length);

  bool explicit_vr_;
  Bytes bytes_;
};

/// A data set that is put together by tag, so that a test can change one attribute of many.
class TestDataSet {
 public:
  /// A small CT slice with everything that de-identification needs, and nothing that holds it.
  static TestDataSet ct();

  TestDataSet& set(std::uint32_t tag, Vr vr, std::string_view value);
  TestDataSet& set_us(std::uint32_t tag, std::uint16_t value);
  TestDataSet& set_sequence(std::uint32_t tag, std::vector<ElementWriter> items);
  TestDataSet& erase(std::uint32_t tag);
  /// A Part 10 file in explicit or implicit VR little endian. Sequences are written as they were made.
  [[nodiscard]] Bytes file(bool explicit_vr = true) const;

 private:
  struct Entry {
    std::uint32_t tag;
    Vr vr;
    std::string value;
    std::optional<std::vector<ElementWriter>> items;
  };
  void put(Entry entry);

  std::vector<Entry> entries_;
};

/// Preamble, file meta information and `data_set`.
[[nodiscard]] Bytes part10(std::span<const std::uint8_t> data_set, std::string_view transfer_syntax,
                           std::string_view sop_class, std::string_view sop_instance);

inline constexpr std::string_view ct_class = "1.2.840.10008.5.1.4.1.1.2";
inline constexpr std::string_view patient = "MRN-4711-X";

[[nodiscard]] DeidentificationSubject subject(std::string_view patient_id = patient);
[[nodiscard]] Identity identity();
[[nodiscard]] CompiledRules compiled(DeidentificationRules rules = {});
/// Rules with the date handling and device ruling that go with the options.
[[nodiscard]] DeidentificationRules with(std::initializer_list<DeidentificationOption> options,
                                         DeviceDates device_dates = DeviceDates::unresolved);

/// The output's data set in one piece, and what it is when read again. Movable only.
struct Output {
  Deidentified result;
  Bytes bytes;
  DataSet data_set;

  /// Value of an attribute at the top; "<absent>" without.
  [[nodiscard]] std::string text(std::uint32_t tag) const;
  [[nodiscard]] const Element* find(std::uint32_t tag) const { return data_set.elements.find(Tag(tag)); }
};

/// De-identifies and reads the output again; the result must be readable without anomaly that the input had
/// not.
[[nodiscard]] std::variant<Output, Held> run(std::span<const std::uint8_t> file, const CompiledRules& rules,
                                             const DeidentificationSubject& subject);
[[nodiscard]] std::variant<Output, Held> run(const TestDataSet& data_set, DeidentificationRules rules = {});
/// Fails the test case when it is held.
[[nodiscard]] Output output_of(std::variant<Output, Held> result);
/// Fails the test case when it is not held.
[[nodiscard]] Held held_of(std::variant<Output, Held> result);
[[nodiscard]] bool has_reason(const Held& held, HoldReason reason);

/// The ASCII text in one byte characters or in UTF-16 of either order.
[[nodiscard]] bool contains(std::span<const std::uint8_t> bytes, std::string_view ascii);
[[nodiscard]] bool contains_bytes(std::span<const std::uint8_t> bytes, std::string_view wanted);
[[nodiscard]] std::string to_utf16(std::string_view ascii, bool big_endian);

[[nodiscard]] Bytes read_file(const std::string& path);

}  // namespace trialgate::rules::test
