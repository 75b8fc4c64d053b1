#include "rules/pixels/new_pixels.h"

#include "rules/dataset/bytes.h"
#include "rules/dataset/values.h"
#include "rules/pixels/blank.h"
#include "rules/pixels/coded_frames.h"
#include "rules/pixels/frame_decoder.h"
#include "rules/pixels/pixel_format.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace trialgate::rules {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Of a frame that is held in memory while it is blanked.
constexpr std::uint64_t max_frame_bytes = 256ULL << 20U;

void append(std::vector<std::uint8_t>& bytes, std::uint64_t value, std::size_t size, bool big_endian) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(value >> (8 * (big_endian ? size - 1 - i : i))));
  }
}

std::vector<std::uint8_t> header_of(Tag tag, Vr vr, std::uint32_t length, Encoding encoding) {
  const bool big_endian = encoding == Encoding::explicit_big;
  std::vector<std::uint8_t> header;
  append(header, tag.group(), 2, big_endian);
  append(header, tag.element(), 2, big_endian);
  if (encoding != Encoding::implicit_little) {
    const std::string_view name = to_string(vr);
    header.insert(header.end(), name.begin(), name.end());
    append(header, 0, 2, big_endian);
  }
  append(header, length, 4, big_endian);
  return header;
}

Failure no_more_wanted() {
  return fail(Errc::held, "the new pixel data are not taken");
}

/// Bits Stored leaves bits of the pixel cell out, and an overlay is kept there.
bool has_overlay_in_pixels(const DataSet& data_set) {
  return std::ranges::any_of(data_set.elements, [](const Element& element) {
    const unsigned group = element.tag().group();
    return group >= 0x6000 && group <= 0x60FF && element.tag().element() == 0x0102 &&
           binary_integer(element).value_or(0) > 0;
  });
}

/// Frames that are coded, one after the other.
struct CodedFrames {
  std::vector<CodedFrame> frames;
  std::unique_ptr<FrameDecoder> decoder;
};

class MaskedPixels final : public NewPixels {
 public:
  /// Without a mask the frames are only decoded. Errors as masked_pixels().
  Result<void> prepare(const DataSet& data_set, Bytes bytes, const PixelMask* mask) {
    auto format = read_pixel_format(data_set);
    if (!format) return bad_format(format.error());
    const PixelData& pixels = *data_set.pixel_data;
    inflated_ = data_set.inflated;
    const Bytes whole = inflated_ ? Bytes(*inflated_) : bytes;
    value_ = whole.subspan(pixels.offset, pixels.length);
    tag_ = pixels.tag;
    encoding_ = data_set.elements.encoding();
    format_ = std::move(*format);
    masks_ = mask != nullptr;
    if (masks_) {
      blank_ = mask->blank;
      clear_unused_ = has_overlay_in_pixels(data_set);
    }
    if (auto prepared = pixels.encapsulated ? prepare_coded(*data_set.transfer_syntax) : prepare_native();
        !prepared) {
      return prepared;
    }
    coding_ = data_set.transfer_syntax->pixel_coding;
    lossy_ = data_set.transfer_syntax->lossiness == Lossiness::lossy ||
             (coding_ == PixelCoding::jpeg_2000 && has_irreversible_frame());
    compressed_bytes_ = pixels.fragment_bytes;
    blank_value_ = blank_value(data_set.elements, format_);
    transfer_syntax_uid_ = pixels.encapsulated || data_set.transfer_syntax->deflated
                               ? transfer_syntaxes::explicit_vr_little_endian
                               : data_set.transfer_syntax->uid;
    vr_ = format_.bits_allocated > 8 ? Vr::ow : Vr::ob;
    if (!pixels.encapsulated) vr_ = pixels.vr;
    if (total_bytes() >= undefined_length - 1) {
      return fail(Errc::unsupported,
                  "the pixel data are too long for one value when they are not compressed");
    }
    return {};
  }

  std::vector<std::uint8_t> element_header() const override {
    return header_of(tag_, vr_, static_cast<std::uint32_t>(total_bytes() + total_bytes() % 2), encoding_);
  }
  std::string_view transfer_syntax_uid() const override { return transfer_syntax_uid_; }
  void describe(DataSet& data_set) const override;

  Result<void> write(const PixelSink& sink) const override {
    if (format_.bits_allocated == 1) return write_bits(sink);
    std::vector<std::uint8_t> frame(frame_bytes());
    std::vector<std::uint8_t> joined;
    for (std::uint64_t number = 0; number < format_.frames; ++number) {
      if (auto read = read_frame(number, frame, joined); !read) return read;
      if (clear_unused_) clear_unused_bits(frame, format_);
      blank(frame, format_, blank_, blank_value_);
      if (!sink(frame)) return no_more_wanted();
    }
    constexpr std::array<std::uint8_t, 1> padding{};
    if (frame_bytes() * format_.frames % 2 != 0 && !sink(padding)) return no_more_wanted();
    return {};
  }

 private:
  static Failure bad_format(const Failure& failure) {
    return fail(static_cast<Errc>(failure.code.value()), "the pixels cannot be masked: " + failure.where +
                                                             " is missing, contradicts another attribute "
                                                             "or has a value that is not known");
  }

  Result<void> prepare_native() {
    const bool fits_422 = format_.columns % 2 == 0 && format_.bits_allocated == 8 && !format_.by_plane;
    const bool padded_swap = format_.swapped_bytes && format_.frame_bytes() % 2 != 0 && format_.frames > 1;
    if ((format_.is_422() && !fits_422) || padded_swap) {
      return fail(Errc::unsupported, "the pixels cannot be masked: their layout is not known");
    }
    if (std::max(format_.frame_bytes(), format_.bits_allocated == 1 ? total_bytes() : 0) > max_frame_bytes) {
      return fail(Errc::unsupported, "the pixels cannot be masked: a frame is too large");
    }
    if (value_.size() < std::max(total_bytes(), frame_bytes() * format_.frames)) {
      return fail(Errc::malformed_dataset, "the pixel data are shorter than the header says");
    }
    return {};
  }

  Result<void> prepare_coded(const TransferSyntax& syntax) {
    auto decoder = FrameDecoder::create(syntax, format_);
    if (!decoder) return decoder.error();
    auto frames = split_frames(value_, format_.frames, syntax.pixel_coding);
    if (!frames) return frames.error();
    format_ = (*decoder)->format();
    format_.big_endian = false;
    coded_ = {std::move(*frames), std::move(*decoder)};
    if (format_.frame_bytes() > max_frame_bytes) {
      return fail(Errc::unsupported, "the pixels cannot be masked: a frame is too large");
    }
    std::vector<std::uint8_t> frame(format_.frame_bytes());
    std::vector<std::uint8_t> joined;
    return read_frame(0, frame, joined);
  }

  Result<void> read_frame(std::uint64_t number, std::span<std::uint8_t> frame,
                          std::vector<std::uint8_t>& joined) const {
    if (coded_.decoder) return coded_.decoder->decode(in_one_piece(coded_.frames[number], joined), frame);
    std::ranges::copy(value_.subspan(number * frame.size(), frame.size()), frame.begin());
    return {};
  }

  Result<void> write_bits(const PixelSink& sink) const {
    std::vector<std::uint8_t> frames(value_.begin(),
                                     value_.begin() + static_cast<std::ptrdiff_t>(total_bytes()));
    blank_bits(frames, format_, blank_, (blank_value_[0] & 1U) != 0);
    if (frames.size() % 2 != 0) frames.push_back(0);
    return sink(frames) ? Result<void>() : no_more_wanted();
  }

  /// The last byte of an odd number is swapped with the padding.
  [[nodiscard]] std::uint64_t frame_bytes() const noexcept {
    return format_.frame_bytes() + (format_.swapped_bytes ? format_.frame_bytes() % 2 : 0);
  }
  [[nodiscard]] bool has_irreversible_frame() const {
    std::vector<std::uint8_t> joined;
    return std::ranges::any_of(coded_.frames, [&joined](const CodedFrame& frame) {
      return is_irreversible(in_one_piece(frame, joined));
    });
  }

  [[nodiscard]] std::uint64_t total_bytes() const noexcept {
    return (format_.frame_bits() * format_.frames + 7) / 8;
  }

  std::shared_ptr<const std::vector<std::uint8_t>> inflated_;
  Bytes value_;
  Tag tag_;
  Vr vr_ = Vr::ow;
  Encoding encoding_ = Encoding::explicit_little;
  PixelFormat format_;  // of what is written
  CodedFrames coded_;
  std::vector<PixelRectangle> blank_;
  BlankValue blank_value_{};
  bool masks_ = false;
  bool clear_unused_ = false;
  bool lossy_ = false;
  PixelCoding coding_ = PixelCoding::native;
  std::uint64_t compressed_bytes_ = 0;
  std::string_view transfer_syntax_uid_;
};

/// PS3.3 §C.7.6.1.1.5: once lossy, an image stays so, whatever it is coded in later.
void describe_lossy(ElementList& elements, PixelCoding coding, double ratio) {
  constexpr Tag lossy{0x0028, 0x2110};
  constexpr Tag lossy_ratio{0x0028, 0x2112};
  constexpr Tag lossy_method{0x0028, 0x2114};
  const auto has = [&elements](Tag tag) {
    const Element* element = elements.find(tag);
    return element != nullptr && !element->text().empty();
  };
  elements.put(Element(lossy, Vr::cs, "01"));
  if (has(lossy_ratio) || has(lossy_method)) return;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%.4g", ratio);
  elements.put(Element(lossy_ratio, Vr::ds, std::string_view(text.data())));
  elements.put(Element(lossy_method, Vr::cs,
                       coding == PixelCoding::jpeg      ? "ISO_10918_1"
                       : coding == PixelCoding::jpeg_ls ? "ISO_14495_1"
                                                        : "ISO_15444_1"));
}

/// Of a SOP class with functional groups: there ORIGINAL stands for how the frames were acquired, and
/// requires and forbids attributes of the acquisition in every frame (PS3.3 §C.8.13, §C.8.15).
bool is_enhanced(const ElementList& elements) {
  constexpr std::array<std::string_view, 12> arcs = {"2.1",    "2.2",    "4.1",    "4.3",   "4.4", "6.2",
                                                     "12.1.1", "12.2.1", "13.1.1", "128.1", "130", "13.1.3"};
  if (elements.find(tags::shared_functional_groups) != nullptr) return true;
  const Element* sop_class = elements.find(tags::sop_class_uid);
  constexpr std::string_view storage = "1.2.840.10008.5.1.4.1.1.";
  if (sop_class == nullptr || !sop_class->text().starts_with(storage)) return false;
  return std::ranges::find(arcs, sop_class->text().substr(storage.size())) != arcs.end();
}

/// That rectangles of the pixels were blanked.
void describe_masked(ElementList& elements) {
  constexpr Tag image_type{0x0008, 0x0008};
  constexpr Tag derivation_description{0x0008, 0x2111};
  // Of pixels that are gone; Smallest and Largest Image Pixel Value, in the image and in the series.
  for (const std::uint32_t number : {0x00280106U, 0x00280107U, 0x00280108U, 0x00280109U}) {
    elements.erase(Tag(number));
  }
  elements.put(Element(derivation_description, Vr::st, "Pixels of burned-in annotation were blanked"));
  Element* type = elements.find(image_type);
  if (!is_enhanced(elements) && type != nullptr && type->text().starts_with("ORIGINAL")) {
    type->replace("DERIVED" + std::string(type->text().substr(std::string_view("ORIGINAL").size())));
  }
}

void MaskedPixels::describe(DataSet& data_set) const {
  ElementList& elements = data_set.elements;
  if (masks_) describe_masked(elements);
  if (!coded_.decoder) return;
  // Extended Offset Table, its lengths, and the length of the coded value.
  for (const std::uint32_t number : {0x7FE00001U, 0x7FE00002U, 0x7FE00003U}) elements.erase(Tag(number));
  elements.put(Element(Tag(0x0028, 0x0004), Vr::cs, format_.photometric_interpretation));
  if (format_.samples > 1) {
    elements.put(Element(Tag(0x0028, 0x0006), Vr::us,
                         encode_integer(Vr::us, format_.by_plane ? 1 : 0, Encoding::explicit_little)));
  }
  if (lossy_ && compressed_bytes_ > 0) {
    describe_lossy(elements, coding_,
                   static_cast<double>(total_bytes()) / static_cast<double>(compressed_bytes_));
  }
}

/// Frames without what stood beside their pixels: one fragment each, and an empty offset table.
class StrippedPixels final : public NewPixels {
 public:
  StrippedPixels(std::vector<CodedFrame> frames, const DataSet& data_set)
      : frames_(std::move(frames)),
        tag_(data_set.pixel_data->tag),
        encoding_(data_set.elements.encoding()),
        syntax_(*data_set.transfer_syntax) {}

  std::vector<std::uint8_t> element_header() const override {
    return header_of(tag_, Vr::ob, undefined_length, encoding_);
  }
  std::string_view transfer_syntax_uid() const override { return syntax_.uid; }
  void describe(DataSet& data_set) const override {
    for (const std::uint32_t number : {0x7FE00001U, 0x7FE00002U, 0x7FE00003U}) {
      data_set.elements.erase(Tag(number));
    }
  }

  Result<void> write(const PixelSink& sink) const override {
    const auto item = [](Tag tag, std::size_t length) {
      return header_of(tag, Vr::ob, static_cast<std::uint32_t>(length), Encoding::implicit_little);
    };
    if (!sink(item(tags::item, 0))) return no_more_wanted();
    std::vector<std::uint8_t> joined;
    for (const CodedFrame& frame : frames_) {
      const CodedFrameParts parts = read_coded_frame(in_one_piece(frame, joined), syntax_.pixel_coding);
      std::size_t length = 0;
      for (const Bytes part : parts.kept) length += part.size();
      if (!sink(item(tags::item, length + length % 2))) return no_more_wanted();
      for (const Bytes part : parts.kept) {
        if (!sink(part)) return no_more_wanted();
      }
      constexpr std::array<std::uint8_t, 1> padding{};
      if (length % 2 != 0 && !sink(padding)) return no_more_wanted();
    }
    return sink(item(tags::sequence_delimitation, 0)) ? Result<void>() : no_more_wanted();
  }

 private:
  std::vector<CodedFrame> frames_;
  Tag tag_;
  Encoding encoding_;
  const TransferSyntax& syntax_;
};

bool blank_icons_in(ElementList& elements, bool top, const PixelMask& mask) {
  for (Element& element : elements) {
    for (Item& item : element.items()) {
      if (!blank_icons_in(item.elements, false, mask)) return false;
    }
  }
  Element* pixels = top ? nullptr : elements.find(tags::pixel_data);
  if (pixels == nullptr) return true;
  const bool big_endian = elements.encoding() == Encoding::explicit_big;
  const auto format = read_pixel_format(elements, tags::pixel_data, pixels->vr(), big_endian);
  if (!format || pixels->content() != Content::bytes || format->is_422() || format->frame_bytes() == 0 ||
      format->frames != 1 || format->frame_bytes() > pixels->value().size()) {
    return false;
  }
  std::vector<std::uint8_t> copy(pixels->value().begin(), pixels->value().end());
  const auto rectangles = scaled(mask.blank, mask.rows, mask.columns, *format);
  blank(copy, *format, rectangles, blank_value(elements, *format));
  pixels->replace(std::move(copy));
  return true;
}

}  // namespace

Result<std::shared_ptr<const NewPixels>> masked_pixels(const DataSet& data_set, Bytes bytes,
                                                       const PixelMask& mask) {
  auto pixels = std::make_shared<MaskedPixels>();
  if (auto prepared = pixels->prepare(data_set, bytes, &mask); !prepared) return prepared.error();
  return std::shared_ptr<const NewPixels>(std::move(pixels));
}

Result<std::shared_ptr<const NewPixels>> decoded_pixels(const DataSet& data_set, Bytes bytes) {
  auto pixels = std::make_shared<MaskedPixels>();
  if (auto prepared = pixels->prepare(data_set, bytes, nullptr); !prepared) return prepared.error();
  return std::shared_ptr<const NewPixels>(std::move(pixels));
}

Result<std::shared_ptr<const NewPixels>> stripped_pixels(const DataSet& data_set, Bytes bytes) {
  const PixelData& pixels = *data_set.pixel_data;
  const PixelCoding coding = data_set.transfer_syntax->pixel_coding;
  std::shared_ptr<const NewPixels> nothing;
  if (coding == PixelCoding::native || coding == PixelCoding::rle || coding == PixelCoding::video)
    return nothing;
  std::uint64_t count = 1;
  if (const Element* element = data_set.elements.find(Tag(0x0028, 0x0008))) {
    const auto number = parse_integer(element->text());
    if (number && *number > 1) count = static_cast<std::uint64_t>(*number);
  }
  auto frames = split_frames(bytes.subspan(pixels.offset, pixels.length), count, coding);
  if (!frames) return frames.error();
  bool has_metadata = false;
  std::vector<std::uint8_t> joined;
  for (const CodedFrame& frame : *frames) {
    const CodedFrameParts parts = read_coded_frame(in_one_piece(frame, joined), coding);
    if (parts.unreadable)
      return fail(Errc::malformed_dataset, "the markers of the frames cannot be followed");
    has_metadata = has_metadata || parts.has_metadata;
  }
  if (!has_metadata) return nothing;
  return std::shared_ptr<const NewPixels>(std::make_shared<StrippedPixels>(std::move(*frames), data_set));
}

bool blank_icons(DataSet& data_set, const PixelMask& mask) {
  return blank_icons_in(data_set.elements, true, mask);
}

}  // namespace trialgate::rules
