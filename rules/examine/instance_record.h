#pragma once

#include "rules/dataset/anomaly.h"
#include "rules/dataset/data_set.h"
#include "rules/dataset/values.h"
#include "rules/result.h"

#include <boost/json/value.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// An attribute that a record keeps. Of a sequence the only value is the number of its items; of binary data
/// "<n> bytes".
struct RecordedAttribute {
  std::string path;                 ///< as AttributePath, indices written out: "Sequence[0].Keyword"
  std::vector<std::string> values;  ///< UTF-8, numbers as text; no values = present and empty
  bool varies = false;  ///< not the same in all frames: each different value once (backslash in it if VM > 1)
  bool undecodable = false;  ///< present, but its characters cannot be determined; no values

  bool truncated = false;  ///< had more or longer values than a record keeps

  friend bool operator==(const RecordedAttribute&, const RecordedAttribute&) = default;
};

/// One frame of a multi-frame instance: shared and per-frame functional groups merged (PS3.3 §C.7.6.16).
struct Frame {
  std::optional<std::array<double, 3>> position;       ///< ImagePositionPatient, mm
  std::optional<std::array<double, 6>> orientation;    ///< ImageOrientationPatient
  std::optional<std::array<double, 2>> pixel_spacing;  ///< mm, row spacing first
  std::optional<double> slice_thickness;               ///< mm
  std::optional<double> spacing_between_slices;        ///< mm
  std::optional<std::string> stack_id;
  std::optional<std::int64_t> in_stack_position;
  std::optional<std::int64_t> temporal_position;
  std::optional<double> echo_time;                   ///< EffectiveEchoTime, ms
  std::optional<double> b_value;                     ///< DiffusionBValue, s/mm2
  std::optional<std::string> frame_type;             ///< ImageType-like, backslash between values
  std::optional<std::string> acquisition_date_time;  ///< FrameAcquisitionDateTime
  std::vector<std::int64_t> dimension_index;         ///< DimensionIndexValues

  friend bool operator==(const Frame&, const Frame&) = default;
};

/// What is known about the pixel data without decoding them.
struct PixelSummary {
  bool present = false;
  bool encapsulated = false;
  std::uint64_t length = 0;           ///< bytes of the value
  std::uint64_t expected_length = 0;  ///< from Rows, Columns, ...; 0 when they do not say
  std::uint64_t fragments = 0;

  friend bool operator==(const PixelSummary&, const PixelSummary&) = default;
};

/// What evaluation, queries and notices need of one instance. Never the patient's name or birth date.
struct InstanceRecord {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string study_uid;
  std::string series_uid;
  std::string transfer_syntax_uid;
  std::vector<RecordedAttribute> attributes;  ///< sorted by path
  std::uint64_t number_of_frames = 1;         ///< NumberOfFrames, 1 when absent
  std::vector<Frame> frames;                  ///< of instances with functional groups, else empty
  PixelSummary pixel_data;
  std::vector<Anomaly> anomalies;
  bool fatal_anomaly = false;  ///< see Severity; also true when the anomaly was not kept

  /// By any way of writing the path (a tag, no index for [0]); the recorded one is fastest.
  [[nodiscard]] const RecordedAttribute* find(std::string_view path) const;
  /// The same for a path with [*]: one for every item that has the attribute, in order.
  [[nodiscard]] std::vector<const RecordedAttribute*> find_all(std::string_view path) const;
  /// All values of the attribute; Reading::malformed = undecodable.
  [[nodiscard]] Read<std::span<const std::string>> values(std::string_view path) const;
  /// Value `index`; absent when there are fewer values, empty when it has no characters.
  [[nodiscard]] Read<std::string_view> text(std::string_view path, std::size_t index = 0) const;
  /// Value `index` as a number (tolerant).
  [[nodiscard]] Read<double> number(std::string_view path, std::size_t index = 0) const;
  /// Position, orientation, spacings of a classic single-frame instance, as a frame; of a multi-frame one
  /// frames[0].
  [[nodiscard]] Frame geometry() const;

  friend bool operator==(const InstanceRecord&, const InstanceRecord&) = default;
};

[[nodiscard]] boost::json::value to_json(const InstanceRecord& record);
/// Errors: malformed_dataset, `where` names the member.
[[nodiscard]] Result<InstanceRecord> instance_record_from_json(const boost::json::value& json);

/// Paths that every record has, beside the five UIDs. Of sequences: each item, at most 16.
[[nodiscard]] std::span<const std::string_view> default_paths() noexcept;

/// Reads a Part 10 file (as the store keeps it) once. `extra_paths` are AttributePath texts that the trials'
/// rules name; an invalid one is a Failure. Paths to PatientName or PatientBirthDate are allowed there, never
/// by default. Pure; any thread. Errors: of parse_file() and parse(), invalid_configuration.
[[nodiscard]] Result<InstanceRecord> examine(std::span<const std::uint8_t> file,
                                             std::span<const std::string> extra_paths = {},
                                             const Limits& limits = {});
/// The same of a file that was parsed. Errors: invalid_configuration.
[[nodiscard]] Result<InstanceRecord> examine(const FileView& file, const DataSet& data_set,
                                             std::span<const std::string> extra_paths);

}  // namespace trialgate::rules
