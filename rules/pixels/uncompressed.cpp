#include "rules/pixels/uncompressed.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcostrmb.h>

#include <string>
#include <utility>
#include <vector>

namespace trialgate::rules {
namespace {

constexpr std::uint64_t most_bytes = 1ULL << 30U;
constexpr std::size_t step_bytes = std::size_t{1} << 20U;

/// Bytes of a data set that is not compressed.
struct Plain {
  std::vector<std::uint8_t> bytes;
  std::string_view transfer_syntax_uid;
};

Failure too_long() {
  return fail(Errc::unsupported, "the data set is too long");
}

/// Puts the decoded pixels in the place of the coded ones.
Result<Plain> decode(DataSet& data_set, std::span<const std::uint8_t> bytes) {
  auto pixels = decoded_pixels(data_set, bytes);
  if (!pixels) return pixels.error();
  (*pixels)->describe(data_set);
  auto written = write(data_set);
  if (!written) return written.error();
  const Element* element = data_set.elements.find(data_set.pixel_data->tag);
  if (element == nullptr || written->pixel_length == 0)
    return fail(Errc::malformed_dataset, "the pixel data are not where they were");
  Plain plain{std::move(written->prefix), (*pixels)->transfer_syntax_uid()};
  plain.bytes.resize(plain.bytes.size() - (data_set.pixel_data->offset - element->offset()));
  const auto header = (*pixels)->element_header();
  plain.bytes.insert(plain.bytes.end(), header.begin(), header.end());
  const auto made = (*pixels)->write([&](std::span<const std::uint8_t> part) {
    if (plain.bytes.size() + part.size() > most_bytes) return false;
    plain.bytes.insert(plain.bytes.end(), part.begin(), part.end());
    return true;
  });
  if (!made) return plain.bytes.size() + step_bytes > most_bytes ? too_long() : made.error();
  plain.bytes.insert(plain.bytes.end(), written->suffix.begin(), written->suffix.end());
  return plain;
}

Result<Plain> join(const DataSet& data_set, std::span<const std::uint8_t> bytes) {
  auto written = write(data_set);
  if (!written) return written.error();
  const auto source = data_set.inflated ? std::span<const std::uint8_t>(*data_set.inflated) : bytes;
  const auto pixels = source.subspan(written->pixel_offset, written->pixel_length);
  Plain plain{std::move(written->prefix), data_set.transfer_syntax->deflated
                                              ? transfer_syntaxes::explicit_vr_little_endian
                                              : data_set.transfer_syntax->uid};
  plain.bytes.insert(plain.bytes.end(), pixels.begin(), pixels.end());
  plain.bytes.insert(plain.bytes.end(), written->suffix.begin(), written->suffix.end());
  return plain;
}

E_TransferSyntax dcmtk_syntax(std::string_view uid) {
  return DcmXfer(std::string(uid).c_str()).getXfer();
}

/// VRs and byte order by dcmdata; what it reads has passed parse().
Result<void> reencode(Plain plain, std::string_view target_uid, const PixelSink& sink) {
  const E_TransferSyntax target = dcmtk_syntax(target_uid);
  DcmDataset data_set;
  DcmInputBufferStream input;
  input.setBuffer(plain.bytes.data(), static_cast<offile_off_t>(plain.bytes.size()));
  input.setEos();
  data_set.transferInit();
  OFCondition read = data_set.read(input, dcmtk_syntax(plain.transfer_syntax_uid), EGL_withoutGL);
  data_set.transferEnd();
  if (read.bad()) return fail(Errc::malformed_dataset, "the data set cannot be encoded anew");
  input.releaseBuffer();
  plain.bytes = {};
  if (!data_set.canWriteXfer(target))
    return fail(Errc::unsupported, "the data set cannot be encoded in the transfer syntax");

  std::vector<std::uint8_t> buffer(step_bytes);
  DcmOutputBufferStream output(buffer.data(), static_cast<offile_off_t>(buffer.size()));
  data_set.transferInit();
  OFCondition written = EC_StreamNotifyClient;
  while (written == EC_StreamNotifyClient) {
    written = data_set.write(output, target, EET_ExplicitLength, nullptr, EGL_withoutGL, EPD_withoutPadding);
    void* part = nullptr;
    offile_off_t length = 0;
    output.flushBuffer(part, length);
    if (!sink({static_cast<const std::uint8_t*>(part), static_cast<std::size_t>(length)}))
      return fail(Errc::held, "the data set is not taken");
  }
  data_set.transferEnd();
  if (written.bad()) return fail(Errc::unsupported, "the data set cannot be encoded anew");
  return {};
}

}  // namespace

Result<void> write_uncompressed(std::span<const std::uint8_t> bytes, const TransferSyntax& transfer_syntax,
                                std::string_view target_uid, const Limits& limits, const PixelSink& sink) {
  if (bytes.size() > most_bytes) return too_long();
  auto data_set = parse(bytes, transfer_syntax, limits);
  if (!data_set) return data_set.error();
  if (data_set->fatal || !data_set->complete)
    return fail(Errc::malformed_dataset, "the data set cannot be read to its end");
  const bool coded = data_set->pixel_data && data_set->pixel_data->encapsulated;
  auto plain = coded ? decode(*data_set, bytes) : join(*data_set, bytes);
  if (!plain) return plain.error();
  if (plain->transfer_syntax_uid != target_uid) return reencode(std::move(*plain), target_uid, sink);
  if (!sink(plain->bytes)) return fail(Errc::held, "the data set is not taken");
  return {};
}

}  // namespace trialgate::rules
