#include "gateway/retrieve/encodings.h"

#include "dimse/scp/storage_sop_classes.h"
#include "gateway/deliver/derived_source.h"
#include "gateway/receive/offload.h"
#include "gateway/worker/pixel_spool.h"

#include <algorithm>
#include <string>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20U;

/// A data set in a file without a name.
class SpooledSource final : public dimse::InstanceSource {
 public:
  SpooledSource(ReencodedDataSet data_set, boost::asio::thread_pool& disk)
      : data_set_(std::move(data_set)), disk_(disk) {}

  [[nodiscard]] std::uint64_t size_bytes() const override { return data_set_.size_bytes; }

  dimse::Task<dimse::Result<std::span<const std::uint8_t>>> read(std::size_t at_most) override {
    if (given_ == filled_) {
      auto fill = [this] { return refill(); };
      const bool read = co_await offload(disk_, fill);
      if (!read) co_return dimse::fail(dimse::Errc::io_error, "spooled bytes cannot be read");
    }
    const std::size_t count = std::min(at_most, filled_ - given_);
    const auto bytes = std::span<const std::uint8_t>(buffer_).subspan(given_, count);
    given_ += count;
    co_return bytes;
  }

 private:
  bool refill() {
    buffer_.resize(buffer_bytes);
    const auto got = storage::read_fd_at(data_set_.file.get(), position_, buffer_, "spool");
    if (!got) return false;
    position_ += *got;
    filled_ = *got;
    given_ = 0;
    return true;
  }

  ReencodedDataSet data_set_;
  boost::asio::thread_pool& disk_;
  std::vector<std::uint8_t> buffer_;
  std::size_t filled_ = 0;
  std::size_t given_ = 0;
  std::uint64_t position_ = 0;
};

/// One of the two that every receiver takes at least one of; the empty UID when it takes neither.
dimse::Uid uncompressed(const std::vector<dimse::Uid>& accepted) {
  for (const std::string_view uid : {dimse::explicit_vr_little_endian, dimse::implicit_vr_little_endian}) {
    dimse::Uid syntax{std::string(uid)};
    if (std::ranges::find(accepted, syntax) != accepted.end()) return syntax;
  }
  return {};
}

/// Copies extents into one file. No file when that fails.
storage::UniqueFd gather(const storage::BlobStore& blobs, const std::vector<storage::Extent>& extents,
                         PixelSpool& spool) {
  std::vector<std::uint8_t> buffer(buffer_bytes);
  for (const storage::Extent& extent : extents) {
    const auto blob = blobs.open(extent.blob);
    if (!blob) return {};
    for (std::uint64_t done = 0; done < extent.length;) {
      const auto part = std::span(buffer).first(
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), extent.length - done)));
      const auto got = blob->read_at(extent.offset + done, part);
      if (!got || *got != part.size() || spool.take(part) != PartSink::Taken::yes) return {};
      done += part.size();
    }
  }
  return spool.take_file();
}

}  // namespace

std::unique_ptr<dimse::InstanceSource> Encodings::open(const ShownInstance& instance) {
  auto source = DerivedSource::open(store_.blobs(), instance.data_set, disk_);
  if (source) return std::move(*source);
  log_.event(dimse::Level::error, "retrieve.unreadable",
             {{"sop_instance_uid", instance.sop_instance_uid}, {"why", source.error().message()}});
  return nullptr;
}

std::unique_ptr<dimse::InstanceSource> Encodings::reencode(const ShownInstance& instance,
                                                           const dimse::Uid& transfer_syntax) {
  PixelSpool spool(spool_, instance.data_set_bytes);
  const storage::UniqueFd file = gather(store_.blobs(), instance.data_set, spool);
  std::string why = "stored bytes cannot be read";
  if (file) {
    auto outcome = workers_.reencode(file.get(), 0, instance.transfer_syntax_uid, transfer_syntax.value());
    if (auto* data_set = std::get_if<ReencodedDataSet>(&outcome))
      return std::make_unique<SpooledSource>(std::move(*data_set), disk_);
    const auto& failure = std::get<WorkerFailure>(outcome);
    why = std::string(to_string(failure.kind)) + ": " + failure.reason;
  }
  log_.event(dimse::Level::warn, "retrieve.not_reencoded",
             {{"sop_instance_uid", instance.sop_instance_uid},
              {"from", instance.transfer_syntax_uid},
              {"to", transfer_syntax.value()},
              {"why", why}});
  return nullptr;
}

dimse::Task<dimse::SubOperation> Encodings::sub_operation(ShownInstance instance,
                                                          std::vector<dimse::Uid> accepted) {
  dimse::SubOperation sub;
  sub.sop_class = dimse::Uid(instance.sop_class_uid);
  sub.sop_instance = dimse::Uid(instance.sop_instance_uid);
  sub.transfer_syntax = dimse::Uid(instance.transfer_syntax_uid);
  // An odd data set came from a peer that does not pad; encoded anew it is even.
  const bool as_kept =
      std::ranges::find(accepted, sub.transfer_syntax) != accepted.end() && instance.data_set_bytes % 2 == 0;
  if (!as_kept) sub.transfer_syntax = uncompressed(accepted);
  if (sub.transfer_syntax.empty()) co_return std::move(sub);
  auto make = [&] { return as_kept ? open(instance) : reencode(instance, sub.transfer_syntax); };
  sub.source = co_await offload(disk_, make);
  co_return std::move(sub);
}

}  // namespace trialgate::gateway
