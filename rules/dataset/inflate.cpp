#include "rules/dataset/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace trialgate::rules {
namespace {

// Small inputs may well shrink a lot: the ratio only counts above this size.
constexpr std::uint64_t ratio_free_bytes = 1ULL << 20U;
constexpr std::size_t step_bytes = 256UL << 10U;

struct Stream {
  z_stream zlib{};
  bool open = false;

  // Negative window bits: no zlib header.
  Stream() { open = inflateInit2(&zlib, -MAX_WBITS) == Z_OK; }
  ~Stream() {
    if (open) inflateEnd(&zlib);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};

}  // namespace

Result<std::vector<std::uint8_t>> inflate(std::span<const std::uint8_t> bytes, const Limits& limits) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) return fail(Errc::limit_exceeded, "deflated data set");
  const std::uint64_t by_ratio =
      std::max<std::uint64_t>(ratio_free_bytes, bytes.size() * std::uint64_t{limits.max_inflate_ratio});
  const std::uint64_t most = std::min(limits.max_inflated_bytes, by_ratio);
  Stream stream;
  if (!stream.open) return fail(Errc::malformed_dataset, "deflated data set");
  stream.zlib.next_in = const_cast<Bytef*>(bytes.data());
  stream.zlib.avail_in = static_cast<uInt>(bytes.size());
  std::vector<std::uint8_t> result;
  for (;;) {
    const std::size_t used = result.size();
    result.resize(used + step_bytes);
    stream.zlib.next_out = result.data() + used;
    stream.zlib.avail_out = static_cast<uInt>(step_bytes);
    const int status = ::inflate(&stream.zlib, Z_NO_FLUSH);
    result.resize(used + step_bytes - stream.zlib.avail_out);
    if (result.size() > most) return fail(Errc::limit_exceeded, "inflated data set");
    if (status == Z_STREAM_END) return result;
    if (status != Z_OK || (stream.zlib.avail_in == 0 && stream.zlib.avail_out != 0)) {
      return fail(Errc::malformed_dataset, "deflated data set");
    }
  }
}

}  // namespace trialgate::rules
