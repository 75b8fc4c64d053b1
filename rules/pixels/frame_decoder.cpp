#include "rules/pixels/frame_decoder.h"

#include "rules/pixels/jpeg_markers.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmjpeg/djcparam.h>
#include <dcmtk/dcmjpeg/djdecbas.h>
#include <dcmtk/dcmjpeg/djdecext.h>
#include <dcmtk/dcmjpeg/djdeclol.h>
#include <dcmtk/dcmjpeg/djdecpro.h>
#include <dcmtk/dcmjpeg/djdecsps.h>
#include <dcmtk/dcmjpeg/djdecsv1.h>
#include <dcmtk/dcmjpls/djcodecd.h>
#include <dcmtk/dcmjpls/djcparam.h>
#include <dcmtk/oflog/oflog.h>

#include <string>
#include <utility>
#include <vector>

namespace trialgate::rules {
namespace {

/// A codec of DCMTK and how it is to be used.
struct Codec {
  std::unique_ptr<DcmCodec> decoder;
  std::unique_ptr<DcmCodecParameter> parameter;
};

std::unique_ptr<DcmCodecParameter> jpeg_parameter(Lossiness lossiness) {
  const auto conversion = lossiness == Lossiness::lossless ? EDC_never : EDC_photometricInterpretation;
  return std::make_unique<DJCodecParameter>(ECC_lossyYCbCr, conversion, EUC_never, EPC_colorByPixel);
}

std::unique_ptr<DcmCodec> jpeg_decoder(std::string_view number) {
  if (number == "50") return std::make_unique<DJDecoderBaseline>();
  if (number == "51" || number == "52") return std::make_unique<DJDecoderExtended>();
  if (number == "53" || number == "54") return std::make_unique<DJDecoderSpectralSelection>();
  if (number == "55" || number == "56") return std::make_unique<DJDecoderProgressive>();
  if (number == "57" || number == "58") return std::make_unique<DJDecoderLossless>();
  if (number == "70") return std::make_unique<DJDecoderP14SV1>();
  return nullptr;
}

/// Without a decoder when there is none.
Codec codec_for(const TransferSyntax& syntax) {
  Codec codec;
  switch (syntax.pixel_coding) {
    case PixelCoding::jpeg:
      codec.decoder = jpeg_decoder(syntax.uid.substr(syntax.uid.rfind('.') + 1));
      codec.parameter = jpeg_parameter(syntax.lossiness);
      break;
    case PixelCoding::jpeg_ls:
      if (syntax.lossiness == Lossiness::lossless) {
        codec.decoder = std::make_unique<DJLSLosslessDecoder>();
      } else {
        codec.decoder = std::make_unique<DJLSNearLosslessDecoder>();
      }
      codec.parameter = std::make_unique<DJLSCodecParameter>(EJLSUC_never, EJLSPC_colorByPixel);
      break;
    default:
      break;
  }
  return codec;
}

Failure not_decodable() {
  return fail(Errc::malformed_dataset, "a frame of the pixel data cannot be decoded");
}

/// Hands DCMTK a data set made here, of checked numbers and one frame: no parser of its own sees the peer's.
class DcmtkDecoder final : public FrameDecoder {
 public:
  DcmtkDecoder(Codec codec, const TransferSyntax& syntax, const PixelFormat& coded)
      : FrameDecoder(coded), codec_(std::move(codec)), coded_(coded), coding_(syntax.pixel_coding) {
    const bool lossy_colour = coding_ == PixelCoding::jpeg && syntax.lossiness != Lossiness::lossless &&
                              coded.photometric_interpretation.starts_with("YBR_");
    if (lossy_colour) {
      format_.photometric_interpretation = "RGB";
    }
    format_.by_plane = false;
    describe();
  }

  Result<void> decode(std::span<const std::uint8_t> frame, std::span<std::uint8_t> decoded) override {
    if (!matches_header(frame)) {
      return fail(Errc::malformed_dataset, "a frame of the pixel data is not what the header says");
    }
    std::vector<std::uint8_t> padded(frame.begin(), frame.end());
    if (padded.size() % 2 != 0) padded.push_back(0);
    DcmPixelSequence sequence(DcmTag(DCM_PixelData, EVR_OB));
    for (const std::span<std::uint8_t> bytes : {std::span<std::uint8_t>(), std::span(padded)}) {
      auto item = std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, EVR_OB));
      if (item->putUint8Array(bytes.data(), static_cast<unsigned long>(bytes.size())).bad()) {
        return not_decodable();
      }
      if (sequence.insert(item.get()).bad()) return not_decodable();
      static_cast<void>(item.release());
    }
    Uint32 first_fragment = 1;
    OFString colour_model;
    const OFCondition done =
        codec_.decoder->decodeFrame(nullptr, &sequence, codec_.parameter.get(), &data_set_, 0, first_fragment,
                                    decoded.data(), static_cast<Uint32>(decoded.size()), colour_model);
    if (done.bad()) return not_decodable();
    return {};
  }

 private:
  void describe() {
    const auto put = [this](const DcmTagKey& tag, std::uint32_t value) {
      data_set_.putAndInsertUint16(tag, static_cast<Uint16>(value));
    };
    put(DCM_SamplesPerPixel, coded_.samples);
    data_set_.putAndInsertString(DCM_PhotometricInterpretation, coded_.photometric_interpretation.c_str());
    if (coded_.samples > 1) put(DCM_PlanarConfiguration, coded_.by_plane ? 1 : 0);
    data_set_.putAndInsertString(DCM_NumberOfFrames, "1");
    put(DCM_Rows, coded_.rows);
    put(DCM_Columns, coded_.columns);
    put(DCM_BitsAllocated, coded_.bits_allocated);
    put(DCM_BitsStored, coded_.bits_stored);
    put(DCM_HighBit, coded_.high_bit);
    put(DCM_PixelRepresentation, coded_.is_signed ? 1 : 0);
  }

  /// The codecs believe the frame's own size, or the header's: they have to be the same.
  [[nodiscard]] bool matches_header(std::span<const std::uint8_t> frame) const {
    const auto header = read_jpeg_frame_header(frame, coding_ == PixelCoding::jpeg_ls);
    if (!header) return false;
    return header->rows == coded_.rows && header->columns == coded_.columns &&
           header->components == coded_.samples && header->precision <= coded_.bits_allocated &&
           (header->precision > 8) == (coded_.bits_allocated > 8);
  }

  Codec codec_;
  PixelFormat coded_;
  PixelCoding coding_;
  DcmDataset data_set_;
};

}  // namespace

void prepare_codecs() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
}

Result<std::unique_ptr<FrameDecoder>> FrameDecoder::create(const TransferSyntax& transfer_syntax,
                                                           const PixelFormat& coded) {
  const auto unsupported = [&transfer_syntax] {
    return fail(Errc::unsupported, "a mask cannot be carried out on pixels of transfer syntax " +
                                       std::string(transfer_syntax.name));
  };
  if (coded.bits_allocated != 8 && coded.bits_allocated != 16) return unsupported();
  if (transfer_syntax.pixel_coding == PixelCoding::rle && !coded.is_422()) return make_rle_decoder(coded);
  if (transfer_syntax.pixel_coding == PixelCoding::jpeg_2000) {
    // Part 2 and High-Throughput need other decoders.
    const bool part_1 = transfer_syntax.uid.ends_with(".4.90") || transfer_syntax.uid.ends_with(".4.91");
    if (!part_1) return unsupported();
    return make_jpeg_2000_decoder(coded);
  }
  Codec codec = codec_for(transfer_syntax);
  // Subsampled colour is known in lossy JPEG only, where decoding ends it.
  const bool lossy_jpeg =
      transfer_syntax.pixel_coding == PixelCoding::jpeg && transfer_syntax.lossiness != Lossiness::lossless;
  if (!codec.decoder || (coded.is_422() && !lossy_jpeg)) return unsupported();
  return std::unique_ptr<FrameDecoder>(
      std::make_unique<DcmtkDecoder>(std::move(codec), transfer_syntax, coded));
}

}  // namespace trialgate::rules
