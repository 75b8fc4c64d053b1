#pragma once

#include "rules/dataset/anomaly.h"
#include "rules/dataset/dictionary.h"
#include "rules/dataset/transfer_syntax.h"
#include "rules/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What parse() is willing to read. Exceeding one is a Failure, never a truncated result.
struct Limits {
  std::size_t max_depth = 32;                     ///< nested sequences; at most 64
  std::size_t max_elements = 1'000'000;           ///< elements and items together, at every level
  std::uint64_t max_header_bytes = 64ULL << 20U;  ///< everything but the pixel data value
  std::uint64_t max_value_bytes = 64ULL << 20U;   ///< any single value but the pixel data
  std::size_t max_anomalies = 100;                ///< kept; a fatal one is counted even when not kept
  bool allow_deflated = false;
  std::uint64_t max_inflated_bytes = 512ULL << 20U;  ///< of a deflated data set
  std::uint32_t max_inflate_ratio = 100;
};

/// How elements of one level are encoded. Items of an element with VR UN are implicit little endian whatever
/// the transfer syntax (PS3.5 §6.2.2).
enum class Encoding : std::uint8_t { explicit_little, implicit_little, explicit_big };

/// What an element's value is made of.
enum class Content : std::uint8_t {
  bytes,      ///< a value
  items,      ///< items() of a sequence
  fragments,  ///< encapsulated: value() holds the items with their headers and the sequence delimitation item
  unreadable_items,  ///< a sequence whose items cannot be enumerated: value() holds its bytes, an anomaly
                     ///< says why
};

struct Item;

/// A data element. Its value is a view into the parsed bytes until it is replaced.
class Element {
 public:
  static constexpr std::uint64_t no_offset = ~0ULL;

  Element();
  /// A new element with a value of its own; `value` is padded to even length (NUL for UI and binary, space
  /// else).
  Element(Tag tag, Vr vr, std::vector<std::uint8_t> value);
  Element(Tag tag, Vr vr, std::string_view value);
  /// A new, empty sequence.
  [[nodiscard]] static Element sequence(Tag tag);

  [[nodiscard]] Tag tag() const noexcept { return tag_; }
  /// What the value means: the VR on the wire, or the dictionary's where that is implicit or UN.
  [[nodiscard]] Vr vr() const noexcept { return vr_; }
  /// What stands in an explicit header; as vr() where VR is implicit.
  [[nodiscard]] Vr encoded_vr() const noexcept { return encoded_vr_; }
  [[nodiscard]] Content content() const noexcept { return content_; }
  [[nodiscard]] bool is_sequence() const noexcept { return content_ == Content::items; }
  [[nodiscard]] bool has_undefined_length() const noexcept { return undefined_length_; }
  [[nodiscard]] Encoding encoding() const noexcept { return encoding_; }
  /// Of the element's header in the parsed bytes; no_offset for a new element.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// Has a value that is not a view into the parsed bytes.
  [[nodiscard]] bool is_replaced() const noexcept { return replaced_; }

  /// Padding included, byte order as encoded. Empty for a sequence.
  [[nodiscard]] std::span<const std::uint8_t> value() const noexcept {
    return replaced_ ? std::span<const std::uint8_t>(own_) : source_;
  }
  /// value() as characters, without trailing spaces and NULs. Not decoded.
  [[nodiscard]] std::string_view text() const noexcept;
  [[nodiscard]] std::vector<Item>& items() noexcept { return items_; }
  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }

  /// Replaces the value (padded to even length); a sequence loses its items. Keeps the VR.
  void replace(std::vector<std::uint8_t> value);
  void replace(std::string_view value);
  /// Zero length value, or a sequence without items.
  void clear();

 private:
  friend class Parser;
  friend class Writer;
  friend class ElementList;

  void pad();

  Tag tag_;
  Vr vr_ = Vr::un;
  Vr encoded_vr_ = Vr::un;
  Content content_ = Content::bytes;
  Encoding encoding_ = Encoding::explicit_little;
  bool undefined_length_ = false;
  bool replaced_ = false;
  std::uint8_t header_bytes_ = 0;  // in front of source_; 0 for a new element
  std::uint64_t offset_ = no_offset;
  std::span<const std::uint8_t> source_;
  std::vector<std::uint8_t> own_;
  std::vector<Item> items_;
};

/// The elements of a data set or an item in the order of the wire (ascending unless an anomaly says
/// otherwise).
class ElementList {
 public:
  ElementList();
  explicit ElementList(Encoding encoding) noexcept;

  [[nodiscard]] Encoding encoding() const noexcept { return encoding_; }
  [[nodiscard]] bool empty() const noexcept { return elements_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return elements_.size(); }
  [[nodiscard]] auto begin() noexcept { return elements_.begin(); }
  [[nodiscard]] auto end() noexcept { return elements_.end(); }
  [[nodiscard]] auto begin() const noexcept { return elements_.begin(); }
  [[nodiscard]] auto end() const noexcept { return elements_.end(); }

  /// The first element with this tag; null when there is none. Invalidated by put() and erase().
  [[nodiscard]] Element* find(Tag tag) noexcept;
  [[nodiscard]] const Element* find(Tag tag) const noexcept;
  /// Element with this creator (exact, without padding) and the group and low element byte of `tag`, in
  /// whichever block the creator reserved in this list (PS3.5 §7.8.1).
  [[nodiscard]] const Element* find_private(Tag tag, std::string_view creator) const noexcept;
  /// Creator that reserved the block of a private element in this list; empty when none did.
  [[nodiscard]] std::string_view creator_of(Tag tag) const noexcept;

  /// Inserts at its place, or replaces every element with the same tag. Takes over this list's encoding.
  Element& put(Element element);
  /// Removes every element with this tag; how many there were.
  std::size_t erase(Tag tag);
  template <class Predicate>
  std::size_t erase_if(Predicate predicate) {
    return std::erase_if(elements_, predicate);
  }

 private:
  friend class Parser;

  Encoding encoding_ = Encoding::explicit_little;
  bool ascending_ = true;
  std::vector<Element> elements_;
};

/// An item of a sequence.
struct Item {
  ElementList elements;
  bool undefined_length = false;
  std::uint64_t offset = Element::no_offset;  ///< of its header in the parsed bytes
};

/// Appends an empty item with the encoding that belongs there. `parent` is the list that holds `sequence`.
Item& append_item(const ElementList& parent, Element& sequence);

/// Where the pixel data value is in the parsed bytes. It is located, never read.
struct PixelData {
  Tag tag;  ///< pixel_data, float_pixel_data or double_float_pixel_data
  Vr vr = Vr::ow;
  std::uint64_t offset = 0;  ///< of the value
  std::uint64_t length = 0;  ///< bytes; of encapsulated ones up to and with the sequence delimitation item
  bool encapsulated = false;
  std::uint64_t fragments = 0;       ///< without the basic offset table
  std::uint64_t fragment_bytes = 0;  ///< sum of their lengths

  friend bool operator==(const PixelData&, const PixelData&) = default;
};

/// A parsed data set: a tree of views into bytes that must outlive it.
struct DataSet {
  const TransferSyntax* transfer_syntax = nullptr;
  ElementList elements;
  std::optional<PixelData> pixel_data;  ///< top level only; its element is in `elements` too
  std::vector<Anomaly> anomalies;
  bool fatal = false;     ///< a fatal anomaly was met, kept or not
  bool complete = false;  ///< read to its end; write() refuses one that was not
  std::shared_ptr<const std::vector<std::uint8_t>> inflated;  ///< of a deflated one: what the views look into
};

/// Reads a data set: strict, bounded, iterative; copies no value. Everything that PS3.5 forbids is an anomaly
/// of the result as long as something could be read; sequences that cannot be enumerated stay as bytes.
/// Errors: malformed_dataset (not one element could be read), limit_exceeded, unsupported (deflated and not
/// allowed).
[[nodiscard]] Result<DataSet> parse(std::span<const std::uint8_t> bytes,
                                    const TransferSyntax& transfer_syntax, const Limits& limits = {});

/// Reads the value of a private or unknown element as items, where its bytes are such (implicit or explicit
/// VR). For elements whose VR is known from elsewhere to be SQ. False and unchanged when the bytes are no
/// clean items.
bool open_as_sequence(Element& element, const Limits& limits = {});

/// A data set as it is to be written: `prefix`, then the bytes [pixel_offset, pixel_offset + pixel_length) of
/// what was parsed, then `suffix`. prefix ends with the header of the pixel data element.
struct WrittenDataSet {
  std::vector<std::uint8_t> prefix;
  std::uint64_t pixel_offset = 0;
  std::uint64_t pixel_length =
      0;  ///< 0 when there is no pixel data, or its value was replaced (then it is in prefix)
  std::vector<std::uint8_t> suffix;
};

/// Serialises in the transfer syntax that was read (a deflated one as explicit little endian, ranges into
/// `inflated`). Elements that were not replaced are copied as they are; sequences keep defined or undefined
/// length; group lengths (gggg,0000) and Length to End (0008,0001) are dropped; trailing bytes are not
/// written. Errors: unsupported when a value does not fit its header (65534 bytes in a short explicit VR, 4
/// GiB).
[[nodiscard]] Result<WrittenDataSet> write(const DataSet& data_set);

/// A Part 10 file (PS3.10 §7): where its data set is, and what its file meta information says.
struct FileView {
  const TransferSyntax* transfer_syntax = nullptr;
  std::uint64_t data_set_offset = 0;
  std::string_view transfer_syntax_uid;
  std::string_view sop_class_uid;     ///< Media Storage SOP Class UID, empty when absent
  std::string_view sop_instance_uid;  ///< Media Storage SOP Instance UID, empty when absent
};

/// Reads preamble and file meta information (group 0002). Views look into `file`.
/// Errors: malformed_dataset (no DICM, no readable meta, no transfer syntax), unsupported (unknown transfer
/// syntax).
[[nodiscard]] Result<FileView> parse_file(std::span<const std::uint8_t> file);

/// Binary value number `index` in the element's byte order: AT FD FL SL SS SV UL US UV and the O* VRs.
/// Nothing when the VR is another or the value too short.
[[nodiscard]] std::optional<double> binary_number(const Element& element, std::size_t index = 0) noexcept;
/// The same for integers and tags, exact.
[[nodiscard]] std::optional<std::int64_t> binary_integer(const Element& element,
                                                         std::size_t index = 0) noexcept;
/// A number as a binary value (FD FL SL SS SV UL US UV), AT included. Empty for any other VR.
[[nodiscard]] std::vector<std::uint8_t> encode_integer(Vr vr, std::int64_t number, Encoding encoding);
[[nodiscard]] std::vector<std::uint8_t> encode_number(Vr vr, double number, Encoding encoding);
/// How many whole binary values there are.
[[nodiscard]] std::size_t binary_count(const Element& element) noexcept;

}  // namespace trialgate::rules
