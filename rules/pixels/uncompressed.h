#pragma once

#include "rules/dataset/parser.h"
#include "rules/pixels/new_pixels.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace trialgate::rules {

/// Writes a data set in implicit or explicit VR little endian, for a receiver that takes it in no other way:
/// coded pixels are decoded frame by frame, and the header says so; everything else keeps its value. The
/// whole result is in memory. Only for worker processes, after load_dictionary() and prepare_codecs().
/// Errors: malformed_dataset, unsupported (an encoding or pixel coding that is not known, more than 1 GiB),
/// held (the sink wants no more).
[[nodiscard]] Result<void> write_uncompressed(std::span<const std::uint8_t> data_set,
                                              const TransferSyntax& transfer_syntax,
                                              std::string_view target_uid, const Limits& limits,
                                              const PixelSink& sink);

}  // namespace trialgate::rules
