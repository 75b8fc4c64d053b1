#pragma once

#include "rules/dataset/bytes.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::rules {

/// Reads one data set level by level with a stack of its own, so that nesting costs no call stack.
class Parser {
 public:
  Parser(std::span<const std::uint8_t> bytes, const Limits& limits) noexcept
      : bytes_(bytes), limits_(limits) {}

  /// The elements of a data set, up to the end of the bytes.
  [[nodiscard]] Result<DataSet> read_data_set(const TransferSyntax& transfer_syntax);
  /// open_as_sequence().
  static bool open(Element& element, const Limits& limits);

  /// The items that the bytes are made of; nothing when they are anything else.
  [[nodiscard]] std::optional<std::vector<Item>> read_items(Encoding encoding);
  /// How the elements of the items at `position` are encoded: PS3.5 §6.2.2 says implicit little endian for VR
  /// UN, but some senders put explicit elements there.
  [[nodiscard]] Encoding items_encoding(std::uint64_t position, std::uint64_t end) const noexcept;

 private:
  /// A list being read: the data set's, or of an item together with the sequence that the item belongs to.
  struct Level {
    Element* sequence = nullptr;  // null for the data set
    ElementList* list = nullptr;  // null between two items
    Encoding encoding = Encoding::explicit_little;
    std::uint64_t sequence_end = 0;
    std::uint64_t list_end = 0;
    bool list_undefined = false;
    std::optional<std::pair<std::uint16_t, std::uint64_t>> group_length;  // group, where it should end
    std::uint64_t group_length_offset = 0;
  };

  struct Header {
    Tag tag;
    Vr wire_vr = Vr::un;
    std::uint32_t length = 0;
    std::uint8_t bytes = 8;
  };

  Result<void> run();
  Result<void> read_element();
  Result<void> start_element(const Header& header);
  Result<void> read_item();
  Result<void> read_value(Element element, const Header& header);
  Result<void> enter_sequence(Element element, Encoding encoding, std::uint32_t length);
  Result<void> read_fragments(Element element);
  Result<void> read_plain_value(Element element, std::uint32_t length);
  Result<void> add(Element element);
  Result<void> count_one();
  void end_of_list();
  bool ends_in_trailing_bytes(const Level& level);

  [[nodiscard]] std::optional<Header> read_header(Encoding encoding) const noexcept;
  void check_tag(const Level& level, Tag tag);
  void check_group_length(Level& level, Tag tag);
  void check_vr(const Element& element, Vr dictionary_vr);
  [[nodiscard]] Vr meaning(const Level& level, const Header& header) const;
  [[nodiscard]] bool starts_with_item(std::uint64_t position, std::uint64_t end,
                                      bool big_endian) const noexcept;

  void note(AnomalyKind kind, Severity severity, std::uint64_t offset, std::optional<Tag> tag = std::nullopt);
  /// The rest of the innermost sequence of defined length cannot be trusted: it becomes bytes, reading goes
  /// on behind it. Without such a sequence reading ends.
  void give_up(AnomalyKind kind, std::optional<Tag> tag = std::nullopt);
  [[nodiscard]] std::string path(std::optional<Tag> tag) const;

  std::span<const std::uint8_t> bytes_;
  Limits limits_;
  DataSet result_;
  std::vector<Level> levels_;
  std::uint64_t position_ = 0;
  std::uint64_t pixel_bytes_ = 0;
  std::size_t count_ = 0;
  bool stopped_ = false;
};

}  // namespace trialgate::rules
