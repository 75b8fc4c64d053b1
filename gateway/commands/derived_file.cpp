#include "gateway/commands/derived_file.h"

#include "storage/part10.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

constexpr std::size_t copy_step_bytes = 1U << 20U;

/// Writes the data set and computes its digest on the way.
storage::Result<storage::Digest> write_data_set(storage::FileSystem& files, storage::File& file,
                                                const rules::Deidentified& instance, int pixels) {
  storage::DigestBuilder digest;
  const auto put = [&](std::span<const std::uint8_t> bytes) {
    digest.update(bytes);
    return files.write(file, bytes);
  };
  if (auto written = put(instance.prefix); !written) return written.error();
  std::vector<std::uint8_t> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(instance.pixel_length, copy_step_bytes)));
  for (std::uint64_t done = 0; done < instance.pixel_length;) {
    const auto step =
        static_cast<std::size_t>(std::min<std::uint64_t>(instance.pixel_length - done, buffer.size()));
    const std::span<std::uint8_t> part(buffer.data(), step);
    const auto got = storage::read_fd_at(pixels, instance.pixel_offset + done, part, "pixel data");
    if (!got) return got.error();
    if (*got != step) return storage::fail(storage::Errc::corrupt, "the pixel data have become shorter");
    if (auto written = put(part); !written) return written.error();
    done += step;
  }
  if (auto written = put(instance.suffix); !written) return written.error();
  return digest.finish();
}

storage::Result<void> write_whole(storage::FileSystem& files, storage::File& file,
                                  const DeidentifiedInstance& derived, int source) {
  const rules::Deidentified& instance = derived.instance;
  const auto head = storage::file_preamble_and_meta(instance.sop_class_uid, instance.sop_instance_uid,
                                                    instance.transfer_syntax_uid);
  if (!head) return head.error();
  if (auto written = files.write(file, *head); !written) return written;
  const auto digest =
      write_data_set(files, file, instance, derived.new_pixels ? derived.new_pixels.get() : source);
  if (!digest) return digest.error();
  if (*digest != derived.data_set_digest) {
    return storage::fail(storage::Errc::corrupt, "the source file has changed while it was read");
  }
  return files.sync_file(file);
}

}  // namespace

storage::Result<std::string> write_derived_file(storage::FileSystem& files, const storage::Directory& folder,
                                                const DeidentifiedInstance& derived, int source) {
  const std::string name = derived.instance.sop_instance_uid + ".dcm";
  const std::string temporary = "." + name + ".part";
  auto file = files.create_file(folder, temporary);
  if (!file) return file.error();
  auto written = write_whole(files, *file, derived, source);
  if (written) {
    const auto renamed = files.rename_no_replace(folder, temporary, folder, name);
    if (renamed && *renamed == storage::RenameOutcome::renamed) return name;
    written = renamed
                  ? storage::fail(storage::Errc::invalid_argument, name + " is already in the output folder")
                  : renamed.error();
  }
  if (auto removed = files.unlink(folder, temporary); !removed) return removed.error();
  return written.error();
}

}  // namespace trialgate::gateway
