#include "rules/pixels/frame_decoder.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstring>

namespace trialgate::rules {
namespace {

/// A frame as OpenJPEG reads it.
struct Cursor {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T read_some(void* buffer, OPJ_SIZE_T wanted, void* user) {
  auto& cursor = *static_cast<Cursor*>(user);
  const std::size_t count = std::min(wanted, cursor.bytes.size() - cursor.at);
  if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(buffer, cursor.bytes.data() + cursor.at, count);
  cursor.at += count;
  return count;
}

OPJ_OFF_T skip_some(OPJ_OFF_T wanted, void* user) {
  auto& cursor = *static_cast<Cursor*>(user);
  if (wanted < 0) return -1;
  const std::size_t count = std::min(static_cast<std::size_t>(wanted), cursor.bytes.size() - cursor.at);
  cursor.at += count;
  return static_cast<OPJ_OFF_T>(count);
}

OPJ_BOOL seek_to(OPJ_OFF_T place, void* user) {
  auto& cursor = *static_cast<Cursor*>(user);
  if (place < 0 || static_cast<std::size_t>(place) > cursor.bytes.size()) return OPJ_FALSE;
  cursor.at = static_cast<std::size_t>(place);
  return OPJ_TRUE;
}

template <auto function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};
using Stream = std::unique_ptr<opj_stream_t, Release<opj_stream_destroy>>;
using Codec = std::unique_ptr<opj_codec_t, Release<opj_destroy_codec>>;
using Image = std::unique_ptr<opj_image_t, Release<opj_image_destroy>>;

Stream open_stream(Cursor& cursor) {
  Stream stream(opj_stream_default_create(OPJ_TRUE));
  if (!stream) return stream;
  opj_stream_set_user_data(stream.get(), &cursor, nullptr);
  opj_stream_set_user_data_length(stream.get(), cursor.bytes.size());
  opj_stream_set_read_function(stream.get(), read_some);
  opj_stream_set_skip_function(stream.get(), skip_some);
  opj_stream_set_seek_function(stream.get(), seek_to);
  return stream;
}

Failure not_decodable() {
  return fail(Errc::malformed_dataset, "a frame of the pixel data cannot be decoded");
}

class Jpeg2000Decoder final : public FrameDecoder {
 public:
  explicit Jpeg2000Decoder(const PixelFormat& coded) : FrameDecoder(coded) {
    // The decoder undoes the component transform.
    const std::string& interpretation = coded.photometric_interpretation;
    if (interpretation == "YBR_ICT" || interpretation == "YBR_RCT")
      format_.photometric_interpretation = "RGB";
    format_.by_plane = false;
  }

  Result<void> decode(std::span<const std::uint8_t> frame, std::span<std::uint8_t> decoded) override {
    Cursor cursor{frame};
    const Stream stream = open_stream(cursor);
    const Codec codec(opj_create_decompress(is_jp2(frame) ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
    if (!stream || !codec) return not_decodable();
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    if (opj_setup_decoder(codec.get(), &parameters) == OPJ_FALSE) return not_decodable();
    opj_image_t* header = nullptr;
    const bool read = opj_read_header(stream.get(), codec.get(), &header) != OPJ_FALSE;
    const Image image(header);
    if (!read || !image) return not_decodable();
    if (!matches_header(*image)) {
      return fail(Errc::malformed_dataset, "a frame of the pixel data is not what the header says");
    }
    if (opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE ||
        opj_end_decompress(codec.get(), stream.get()) == OPJ_FALSE) {
      return not_decodable();
    }
    return interleave(*image, decoded);
  }

 private:
  static bool is_jp2(std::span<const std::uint8_t> frame) noexcept {
    return frame.size() > 8 && std::memcmp(frame.data() + 4, "jP  ", 4) == 0;
  }

  [[nodiscard]] bool matches_header(const opj_image_t& image) const {
    if (image.numcomps != format_.samples) return false;
    return std::all_of(image.comps, image.comps + image.numcomps, [this](const opj_image_comp_t& component) {
      return component.w == format_.columns && component.h == format_.rows && component.dx == 1 &&
             component.dy == 1 && component.prec <= format_.bits_allocated &&
             (component.sgnd != 0) == format_.is_signed;
    });
  }

  Result<void> interleave(const opj_image_t& image, std::span<std::uint8_t> decoded) const {
    const std::size_t pixels = std::size_t{format_.rows} * format_.columns;
    const std::size_t bytes = format_.bits_allocated / 8;
    for (std::uint32_t sample = 0; sample < format_.samples; ++sample) {
      const opj_image_comp_t& component = image.comps[sample];
      const bool whole =
          component.data != nullptr && component.w == format_.columns && component.h == format_.rows;
      if (!whole) return not_decodable();
      for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
        const auto value = static_cast<std::uint32_t>(component.data[pixel]);
        std::uint8_t* place = &decoded[(pixel * format_.samples + sample) * bytes];
        place[0] = static_cast<std::uint8_t>(value);
        if (bytes == 2) place[1] = static_cast<std::uint8_t>(value >> 8U);
      }
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<FrameDecoder> make_jpeg_2000_decoder(const PixelFormat& coded) {
  return std::make_unique<Jpeg2000Decoder>(coded);
}

}  // namespace trialgate::rules
