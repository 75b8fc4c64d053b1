#include "gateway/deliver/stow_body.h"

#include "storage/part10.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <utility>

namespace trialgate::gateway {
namespace {

/// Random, so that no stored byte can be taken for the end of a part.
std::string new_boundary() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> digit(0, digits.size() - 1);
  std::string boundary = "trialgate-";
  for (int i = 0; i < 40; ++i) boundary += digits[digit(random)];
  return boundary;
}

}  // namespace

StowBody::StowBody() : boundary_(new_boundary()) {}

std::string StowBody::content_type() const {
  return "multipart/related; type=\"application/dicom\"; boundary=" + boundary_;
}

void StowBody::append(std::string text) {
  size_bytes_ += text.size();
  pieces_.emplace_back(std::move(text));
}

storage::Result<void> StowBody::add(const storage::BlobStore& blobs, const storage::DerivedRow& row) {
  const auto head =
      storage::file_preamble_and_meta(row.sop_class_uid, row.sop_instance_uid, row.transfer_syntax_uid);
  if (!head) return head.error();
  std::vector<Stored> data_set;
  for (const storage::Extent& extent : row.data_set) {
    auto blob = blobs.open(extent.blob);
    if (!blob) return blob.error();
    data_set.push_back({std::move(*blob), extent.offset, extent.length});
  }
  append("--" + boundary_ + "\r\nContent-Type: application/dicom\r\n\r\n" +
         std::string(head->begin(), head->end()));
  for (Stored& stored : data_set) {
    size_bytes_ += stored.length;
    pieces_.emplace_back(std::move(stored));
  }
  append("\r\n");
  return {};
}

void StowBody::finish() {
  append("--" + boundary_ + "--\r\n");
}

bool StowBody::read(char* into, std::size_t at_most, std::size_t& count) {
  count = 0;
  while (count < at_most && piece_ < pieces_.size()) {
    std::uint64_t length = 0;
    if (const auto* text = std::get_if<std::string>(&pieces_[piece_])) {
      length = text->size();
      const auto step = std::min<std::size_t>(at_most - count, text->size() - position_);
      std::memcpy(into + count, text->data() + position_, step);
      count += step;
      position_ += step;
    } else {
      const Stored& stored = std::get<Stored>(pieces_[piece_]);
      length = stored.length;
      const auto step =
          static_cast<std::size_t>(std::min<std::uint64_t>(at_most - count, stored.length - position_));
      const std::span<std::uint8_t> part(reinterpret_cast<std::uint8_t*>(into + count), step);
      const auto got = stored.blob.read_at(stored.offset + position_, part);
      if (!got || *got != step) return false;
      count += step;
      position_ += step;
    }
    if (position_ < length) continue;
    ++piece_;
    position_ = 0;
  }
  return true;
}

void StowBody::rewind() noexcept {
  piece_ = 0;
  position_ = 0;
}

}  // namespace trialgate::gateway
