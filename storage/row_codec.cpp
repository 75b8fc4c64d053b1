#include "storage/row_codec.h"

#include <utility>

namespace trialgate::storage {

void RowWriter::integer(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

void RowWriter::text(std::string_view value) {
  integer(value.size());
  bytes_.append(value);
}

void RowWriter::digest(const Digest& value) {
  for (const std::uint8_t byte : value.bytes()) bytes_.push_back(static_cast<char>(byte));
}

void RowWriter::time(UtcTime value) {
  // Zigzag, so that a time before 1970 does not take ten bytes.
  const std::int64_t count = value.time_since_epoch().count();
  integer((static_cast<std::uint64_t>(count) << 1) ^ (count < 0 ? ~std::uint64_t{0} : 0));
}

RowReader::RowReader(std::string_view bytes, std::uint8_t version) : rest_(bytes) {
  const std::string_view first = take(1);
  if (!ok()) return;
  const auto found = static_cast<std::uint8_t>(first[0]);
  if (found != version) {
    problem("version " + std::to_string(found) + ", this program knows version " + std::to_string(version) +
            " only");
  }
}

void RowReader::problem(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
  rest_ = {};
}

std::string_view RowReader::take(std::size_t size) {
  if (!ok()) return {};
  if (size > rest_.size()) {
    problem("truncated");
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t RowReader::integer() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::string_view next = take(1);
    if (next.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(next[0]);
    // One spelling for each value: no surplus zero groups, nothing above 64 bits.
    const bool overlong = (shift > 0 && byte == 0) || (shift == 63 && byte > 1);
    if (overlong) {
      problem("an integer is malformed");
      return 0;
    }
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  problem("an integer is malformed");
  return 0;
}

std::uint64_t RowReader::integer(std::uint64_t max) {
  const std::uint64_t value = integer();
  if (value <= max) return value;
  problem("a number is out of range");
  return 0;
}

std::string RowReader::text() {
  const std::uint64_t size = integer();
  if (size > rest_.size()) {
    problem("truncated");
    return {};
  }
  return std::string(take(static_cast<std::size_t>(size)));
}

Digest RowReader::digest() {
  const std::string_view bytes = take(Digest::size_bytes);
  if (bytes.empty()) return {};
  Digest::Bytes copy{};
  for (std::size_t i = 0; i < copy.size(); ++i) copy[i] = static_cast<std::uint8_t>(bytes[i]);
  return Digest(copy);
}

UtcTime RowReader::time() {
  const std::uint64_t zigzag = integer();
  const auto count = static_cast<std::int64_t>((zigzag >> 1) ^ ((zigzag & 1) != 0 ? ~std::uint64_t{0} : 0));
  return UtcTime(std::chrono::microseconds(count));
}

Result<void> RowReader::finish(std::string_view row) const {
  if (ok() && rest_.empty()) return {};
  std::string where(row);
  return fail(Errc::corrupt, where + " row: " + (ok() ? "surplus bytes" : problem_));
}

}  // namespace trialgate::storage
