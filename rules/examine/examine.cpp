#include "rules/dataset/attribute_path.h"
#include "rules/dataset/charset.h"
#include "rules/examine/frames.h"
#include "rules/examine/instance_record.h"
#include "rules/examine/values_of.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

constexpr std::size_t most_items = 16;
constexpr std::size_t most_anomalies = 200;

std::vector<AttributePath> compile_default_paths() {
  std::vector<AttributePath> paths;
  for (const std::string_view text : default_paths()) {
    // A path that the dictionary does not have would be a bug of this table; a test looks for it.
    if (auto path = AttributePath::parse(text)) paths.push_back(std::move(*path));
  }
  return paths;
}

const std::vector<AttributePath>& compiled_default_paths() {
  static const std::vector<AttributePath> paths = compile_default_paths();
  return paths;
}

/// Tags of the paths that are a single public attribute: those are looked for in functional groups too.
std::vector<Tag> plain_tags(std::span<const AttributePath> paths) {
  std::vector<Tag> tags;
  for (const AttributePath& path : paths) {
    const bool plain = path.steps().size() == 1 && path.steps().front().creator.empty();
    if (plain) tags.push_back(path.steps().front().tag);
  }
  std::sort(tags.begin(), tags.end());
  return tags;
}

class Examination {
 public:
  Examination(const FileView& file, const DataSet& data_set, std::span<const AttributePath> extra_paths)
      : file_(file), data_set_(data_set), extra_paths_(extra_paths), characters_(data_set.elements) {}

  InstanceRecord run() {
    record_.transfer_syntax_uid = file_.transfer_syntax_uid;
    record_.anomalies = data_set_.anomalies;
    record_.fatal_anomaly = data_set_.fatal;
    if (!characters_.root())
      note(AnomalyKind::unknown_character_set, Severity::fatal, "SpecificCharacterSet");
    read_identity();
    for (const AttributePath& path : compiled_default_paths()) read(path);
    for (const AttributePath& path : extra_paths_) read(path);
    if (data_set_.elements.find(tags::shared_functional_groups) != nullptr ||
        data_set_.elements.find(tags::per_frame_functional_groups) != nullptr) {
      read_groups();
    }
    sort_attributes();
    read_pixels();
    return std::move(record_);
  }

 private:
  void note(AnomalyKind kind, Severity severity, std::string path) {
    if (severity == Severity::fatal) record_.fatal_anomaly = true;
    if (record_.anomalies.size() < most_anomalies) {
      record_.anomalies.push_back({kind, severity, 0, std::move(path)});
    }
  }

  void read_identity() {
    record_.sop_class_uid = read_uid(tags::sop_class_uid, Severity::fatal);
    record_.sop_instance_uid = read_uid(tags::sop_instance_uid, Severity::fatal);
    record_.study_uid = read_uid(tags::study_instance_uid, Severity::tolerable);
    record_.series_uid = read_uid(tags::series_instance_uid, Severity::tolerable);
    const auto differs = [](std::string_view meta, const std::string& own) {
      return !meta.empty() && !own.empty() && meta != own;
    };
    // What an instance is decides what may happen to it; which one it is, de-identification replaces anyway.
    if (differs(file_.sop_class_uid, record_.sop_class_uid)) {
      note(AnomalyKind::meta_mismatch, Severity::fatal, "MediaStorageSOPClassUID");
    }
    if (differs(file_.sop_instance_uid, record_.sop_instance_uid)) {
      note(AnomalyKind::meta_mismatch, Severity::tolerable, "MediaStorageSOPInstanceUID");
    }
  }

  std::string read_uid(Tag tag, Severity when_missing) {
    const Element* element = data_set_.elements.find(tag);
    const std::string_view text = element == nullptr ? std::string_view{} : trim(element->text());
    if (text.empty()) {
      note(AnomalyKind::identity_missing, when_missing, keyword_or_tag(tag));
    } else if (!is_valid_uid(text)) {
      note(AnomalyKind::malformed_uid, Severity::tolerable, keyword_or_tag(tag));
      // It names things in the index and in audit records: nothing but a short ASCII text may do that.
      const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
      if (text.size() > 64 || !std::all_of(text.begin(), text.end(), is_plain)) return {};
    }
    return std::string(text);
  }

  void read(const AttributePath& path) {
    path.visit(
        data_set_.elements,
        [&](const std::string& text, const Element& element, const std::vector<const ElementList*>& lists) {
          keep(record_values(text, element, characters_.of(lists)));
        },
        most_items);
  }

  void keep(RecordedAttribute attribute) {
    if (attribute.undecodable) note(AnomalyKind::undecodable_text, Severity::tolerable, attribute.path);
    record_.attributes.push_back(std::move(attribute));
  }

  void read_groups() {
    record_.frames = read_frames(data_set_.elements);
    std::vector<Tag> wanted = plain_tags(compiled_default_paths());
    const std::vector<Tag> extra = plain_tags(extra_paths_);
    wanted.insert(wanted.end(), extra.begin(), extra.end());
    std::erase_if(wanted, [&](Tag tag) { return data_set_.elements.find(tag) != nullptr; });
    std::sort(wanted.begin(), wanted.end());
    for (RecordedAttribute& attribute : read_functional_groups(data_set_.elements, wanted, characters_)) {
      keep(std::move(attribute));
    }
  }

  void sort_attributes() {
    auto& attributes = record_.attributes;
    std::stable_sort(attributes.begin(), attributes.end(),
                     [](const auto& one, const auto& other) { return one.path < other.path; });
    const auto same = [](const auto& one, const auto& other) { return one.path == other.path; };
    attributes.erase(std::unique(attributes.begin(), attributes.end(), same), attributes.end());
  }

  [[nodiscard]] std::uint64_t unsigned_number(std::string_view path) const {
    const auto number = record_.number(path);
    constexpr double most = 1e9;
    return number && *number > 0 && *number < most ? static_cast<std::uint64_t>(*number) : 0;
  }

  void read_pixels() {
    const std::uint64_t frames = unsigned_number("NumberOfFrames");
    record_.number_of_frames = std::max<std::uint64_t>(frames, 1);
    PixelSummary& pixels = record_.pixel_data;
    const std::uint64_t rows = unsigned_number("Rows");
    const std::uint64_t columns = unsigned_number("Columns");
    if (!data_set_.pixel_data) {
      if (rows != 0 && columns != 0) note(AnomalyKind::pixel_data_missing, Severity::tolerable, "PixelData");
      return;
    }
    const PixelData& data = *data_set_.pixel_data;
    pixels.present = true;
    pixels.encapsulated = data.encapsulated;
    pixels.length = data.length;
    pixels.fragments = data.fragments;
    if (data.encapsulated) {
      const bool video = data_set_.transfer_syntax->pixel_coding == PixelCoding::video;
      if (!video && data.fragments < record_.number_of_frames) {
        note(AnomalyKind::pixel_data_length_mismatch, Severity::fatal, "PixelData");
      }
      return;
    }
    // Anything beyond these is no image, and the product below must not overflow.
    if (rows > 0xFFFF || columns > 0xFFFF || frames > 1U << 24U) return;
    pixels.expected_length = expected_bytes(rows, columns);
    if (pixels.expected_length == 0 || pixels.length == pixels.expected_length ||
        pixels.length == pixels.expected_length + pixels.expected_length % 2) {
      return;
    }
    const bool shorter = pixels.length < pixels.expected_length;
    note(AnomalyKind::pixel_data_length_mismatch, shorter ? Severity::fatal : Severity::tolerable,
         "PixelData");
  }

  /// PS3.5 §8.1.1, §8.2: native pixels are packed without gaps.
  [[nodiscard]] std::uint64_t expected_bytes(std::uint64_t rows, std::uint64_t columns) const {
    const std::uint64_t samples = std::max<std::uint64_t>(unsigned_number("SamplesPerPixel"), 1);
    const std::uint64_t bits = unsigned_number("BitsAllocated");
    if (samples > 4 || bits == 0 || bits > 64) return 0;
    const std::uint64_t pixels = rows * columns * record_.number_of_frames;
    const auto interpretation = record_.text("PhotometricInterpretation");
    const bool half_chroma = interpretation && samples == 3 &&
                             (*interpretation == "YBR_FULL_422" || *interpretation == "YBR_PARTIAL_422");
    return (pixels * (half_chroma ? 2 : samples) * bits + 7) / 8;
  }

  const FileView& file_;
  const DataSet& data_set_;
  std::span<const AttributePath> extra_paths_;
  CharacterSets characters_;
  InstanceRecord record_;
};

}  // namespace

Result<InstanceRecord> examine(const FileView& file, const DataSet& data_set,
                               std::span<const std::string> extra_paths) {
  std::vector<AttributePath> extra;
  for (const std::string& text : extra_paths) {
    auto path = AttributePath::parse(text);
    if (!path) return path.error();
    extra.push_back(std::move(*path));
  }
  return Examination(file, data_set, extra).run();
}

Result<InstanceRecord> examine(std::span<const std::uint8_t> file, std::span<const std::string> extra_paths,
                               const Limits& limits) {
  const auto view = parse_file(file);
  if (!view) return view.error();
  const auto data_set = parse(file.subspan(view->data_set_offset), *view->transfer_syntax, limits);
  if (!data_set) return data_set.error();
  return examine(*view, *data_set, extra_paths);
}

}  // namespace trialgate::rules
