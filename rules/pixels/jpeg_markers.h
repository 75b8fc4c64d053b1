#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace trialgate::rules {

/// Walks the marker segments of a JPEG or JPEG-LS image (ISO/IEC 10918-1 Annex B, 14495-1 Annex C), also
/// those between scans; coded data are passed over.
class JpegMarkers {
 public:
  static constexpr std::uint16_t end_of_image = 0xFFD9;
  static constexpr std::uint16_t start_of_scan = 0xFFDA;
  static constexpr std::uint16_t comment = 0xFFFE;

  struct Segment {
    std::uint16_t marker = 0;
    std::size_t begin = 0;                  ///< of the marker
    std::size_t end = 0;                    ///< behind the content
    std::span<const std::uint8_t> content;  ///< behind the length; empty for a marker without one
  };

  /// `image` begins with SOI.
  JpegMarkers(std::span<const std::uint8_t> image, bool jpeg_ls) noexcept
      : image_(image), jpeg_ls_(jpeg_ls) {}

  /// Nothing where no marker follows, or its segment runs over the end.
  [[nodiscard]] std::optional<Segment> next() noexcept;
  /// The image ended within a scan, without EOI: some encoders leave it out.
  [[nodiscard]] bool ended_in_scan() const noexcept { return ended_in_scan_; }

 private:
  void pass_over_scan() noexcept;

  std::span<const std::uint8_t> image_;
  bool jpeg_ls_;
  std::size_t at_ = 2;
  bool in_scan_ = false;
  bool ended_in_scan_ = false;
};

/// What the frame header (SOF) says.
struct JpegFrameHeader {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t components = 0;
  std::uint32_t precision = 0;
};
/// Nothing when there is none that can be read.
[[nodiscard]] std::optional<JpegFrameHeader> read_jpeg_frame_header(std::span<const std::uint8_t> image,
                                                                    bool jpeg_ls) noexcept;

}  // namespace trialgate::rules
