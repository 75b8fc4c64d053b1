#include "rules/dataset/transfer_syntax.h"

#include <algorithm>
#include <array>

namespace trialgate::rules {
namespace {

constexpr TransferSyntax encapsulated(std::string_view uid, std::string_view name, PixelCoding coding,
                                      Lossiness lossiness) {
  return {uid, name, true, false, true, false, coding, lossiness};
}

using enum PixelCoding;
using enum Lossiness;

// PS3.6 Table A-1 and PS3.5 Annex A, retired JPEG processes included.
constexpr std::array table = {
    TransferSyntax{"1.2.840.10008.1.2", "Implicit VR Little Endian", false},
    TransferSyntax{"1.2.840.10008.1.2.1", "Explicit VR Little Endian"},
    TransferSyntax{"1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian", true,
                   false, true},
    TransferSyntax{"1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", true, false, false, true},
    TransferSyntax{"1.2.840.10008.1.2.2", "Explicit VR Big Endian", true, true},
    encapsulated("1.2.840.10008.1.2.4.50", "JPEG Baseline (Process 1)", jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4)", jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 and 5)", jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)",
                 jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)",
                 jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)",
                 jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)",
                 jpeg, lossy),
    encapsulated("1.2.840.10008.1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)", jpeg, lossless),
    encapsulated("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)", jpeg, lossless),
    encapsulated("1.2.840.10008.1.2.4.70", "JPEG Lossless, First-Order Prediction", jpeg, lossless),
    encapsulated("1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", jpeg_ls, lossless),
    encapsulated("1.2.840.10008.1.2.4.81", "JPEG-LS Lossy (Near-Lossless)", jpeg_ls, lossy),
    encapsulated("1.2.840.10008.1.2.4.90", "JPEG 2000 (Lossless Only)", jpeg_2000, lossless),
    encapsulated("1.2.840.10008.1.2.4.91", "JPEG 2000", jpeg_2000, possible),
    encapsulated("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component (Lossless Only)", jpeg_2000,
                 lossless),
    encapsulated("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component", jpeg_2000, possible),
    encapsulated("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 Level 4.2 For 2D Video", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 Level 4.2 For 3D Video", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile", video,
                 lossy),
    encapsulated("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", video, lossy),
    encapsulated("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", jpeg_xl, lossless),
    encapsulated("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", jpeg_xl, lossy),
    encapsulated("1.2.840.10008.1.2.4.112", "JPEG XL", jpeg_xl, possible),
    encapsulated("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 (Lossless Only)", jpeg_2000, lossless),
    encapsulated("1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL (Lossless Only)", jpeg_2000,
                 lossless),
    encapsulated("1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", jpeg_2000, possible),
    encapsulated("1.2.840.10008.1.2.5", "RLE Lossless", rle, lossless),
};

}  // namespace

const TransferSyntax* find_transfer_syntax(std::string_view uid) noexcept {
  while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.remove_suffix(1);
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.uid == uid; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace trialgate::rules
