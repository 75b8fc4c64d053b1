#include "rules/evaluate/stacks.h"

#include "rules/evaluate/equivalents.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace trialgate::rules {
namespace {

/// A slice with everything that may separate it from others of its series.
struct Candidate {
  Slice slice;
  StackKind kind = StackKind::image;
  std::string key;                 // image type, echo, b-value, kernel, temporal position
  std::string acquisition_number;  // empty when not there
  std::int64_t instance_number = 0;
  std::size_t orientation = 0;  // number of the orientation within the series, from 1; 0: none
};

constexpr std::size_t no_orientation = 0;

std::string joined(const InstanceRecord& record, std::string_view path) {
  std::string text;
  if (const auto values = record.values(path)) {
    for (const std::string& value : *values) text += value + '\\';
  }
  return text;
}

std::string number_text(const std::optional<double>& number) {
  constexpr double largest = 1e12;
  if (!number) return {};
  // A thousandth is finer than any echo time or b-value that a protocol tells apart.
  return std::to_string(std::llround(std::clamp(*number, -largest, largest) * 1000.0));
}

std::optional<double> optional_number(const InstanceRecord& record, std::string_view path) {
  const auto read = record.number(path);
  return read ? std::optional(*read) : std::nullopt;
}

/// More than two written digits can be wrong by.
constexpr double largest_orientation_error = 0.05;

/// Unit vectors, or nothing when the six numbers are no orientation at all.
std::optional<std::array<double, 6>> normalised(std::array<double, 6> o) {
  for (std::size_t i = 0; i < 6; i += 3) {
    const double length = std::hypot(o[i], o[i + 1], o[i + 2]);
    if (!(std::abs(length - 1) <= largest_orientation_error)) return std::nullopt;
    for (std::size_t k = i; k < i + 3; ++k) o[k] /= length;
  }
  const double dot = o[0] * o[3] + o[1] * o[4] + o[2] * o[5];
  // Rows and columns that are not at a right angle give no normal to measure along.
  if (std::abs(dot) > largest_orientation_error) return std::nullopt;
  return o;
}

/// A position that can be of this world; a header may hold anything.
std::optional<Vector3> plausible(const std::optional<Vector3>& position) {
  constexpr double largest_mm = 1e6;
  const auto fits = [](double x) { return std::abs(x) < largest_mm; };
  if (!position || !std::ranges::all_of(*position, fits)) return std::nullopt;
  return position;
}

Vector3 normal_of(const std::array<double, 6>& o) {
  return {o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]};
}

double dot(const Vector3& a, const Vector3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/// What all slices of an instance share, read once: an instance may have ten thousand frames.
struct Shared {
  StackKind kind = StackKind::image;
  bool is_ct = false;
  std::string acquisition_number;
  std::int64_t instance_number = 0;
  std::string image_type;
  std::string kernel;
  std::string temporal;
  std::string acquisition_time;
  std::optional<double> echo;
  std::optional<double> b_value;
};

Shared shared_by_slices(const InstanceRecord& record) {
  constexpr double largest_is = 2'147'483'647;
  Shared shared;
  shared.kind = kind_of(record);
  const auto modality = record.text("Modality");
  shared.is_ct = modality && trim(*modality) == "CT";
  shared.acquisition_number = joined(record, "AcquisitionNumber");
  shared.instance_number = static_cast<std::int64_t>(
      std::clamp(optional_number(record, "InstanceNumber").value_or(0), -largest_is, largest_is));
  shared.image_type = joined(record, "ImageType");
  shared.kernel = joined(record, "ConvolutionKernel");
  shared.temporal = joined(record, "TemporalPositionIdentifier");
  shared.acquisition_time = joined(record, "AcquisitionTime");
  shared.echo = optional_number(record, "EchoTime");
  shared.b_value = b_value_of(record);
  return shared;
}

/// No gantry tilts so far that its slices are not across the body: such CT images are reformats, whatever
/// Image Type says.
bool is_reformat(const Shared& shared, const std::optional<std::array<double, 6>>& orientation) {
  constexpr double least_axial_cosine = 0.8;
  return shared.kind == StackKind::image && shared.is_ct && orientation &&
         std::abs(normal_of(*orientation)[2]) < least_axial_cosine;
}

Candidate candidate_of(const InstanceRecord& record, const Shared& shared, const Frame& frame,
                       std::size_t index, bool is_frame) {
  Candidate candidate;
  Slice& slice = candidate.slice;
  slice.record = &record;
  slice.frame = index;
  slice.position = plausible(frame.position);
  slice.orientation = frame.orientation ? normalised(*frame.orientation) : std::nullopt;
  slice.thickness_mm = frame.slice_thickness;
  slice.pixel_spacing_mm = frame.pixel_spacing;
  candidate.acquisition_number = shared.acquisition_number;
  candidate.instance_number = shared.instance_number;
  candidate.kind = is_reformat(shared, slice.orientation) ? StackKind::derived : shared.kind;
  const bool has_type = is_frame && frame.frame_type;
  const bool has_temporal = is_frame && frame.temporal_position;
  candidate.key = (has_type ? *frame.frame_type : shared.image_type) + '|' +
                  number_text(is_frame ? frame.echo_time : shared.echo) + '|' +
                  number_text(is_frame ? frame.b_value : shared.b_value) + '|' + shared.kernel + '|' +
                  (has_temporal ? std::to_string(*frame.temporal_position) : shared.temporal);
  const bool has_time = is_frame && frame.acquisition_date_time;
  slice.acquisition =
      shared.acquisition_number + '|' + (has_time ? *frame.acquisition_date_time : shared.acquisition_time);
  return candidate;
}

void add_candidates(const InstanceRecord& record, std::vector<Candidate>& candidates) {
  const Shared shared = shared_by_slices(record);
  if (record.frames.empty()) {
    candidates.push_back(candidate_of(record, shared, record.geometry(), 0, false));
    return;
  }
  for (std::size_t i = 0; i < record.frames.size(); ++i) {
    candidates.push_back(candidate_of(record, shared, record.frames[i], i, true));
  }
}

bool same_orientation(const std::array<double, 6>& a, const std::array<double, 6>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::abs(a[i] - b[i]) > orientation_tolerance) return false;
  }
  return true;
}

/// Numbers the orientations of one series; how many there are among images that are no localizers.
std::size_t number_orientations(std::vector<Candidate>& series) {
  std::vector<std::array<double, 6>> seen;
  std::set<std::size_t> counted;
  for (Candidate& candidate : series) {
    if (!candidate.slice.orientation || !candidate.slice.position) continue;
    const auto same = std::ranges::find_if(
        seen, [&](const auto& other) { return same_orientation(other, *candidate.slice.orientation); });
    candidate.orientation = static_cast<std::size_t>(same - seen.begin()) + 1;
    if (same == seen.end()) seen.push_back(*candidate.slice.orientation);
    if (candidate.kind == StackKind::image || candidate.kind == StackKind::derived) {
      counted.insert(candidate.orientation);
    }
  }
  return counted.size();
}

/// Groups with a position overlap of acquisitions are told apart by acquisition.
class AcquisitionSplit {
 public:
  explicit AcquisitionSplit(std::vector<Candidate> group) : group_(std::move(group)) {}

  std::vector<std::vector<Candidate>> parts() && {
    std::map<std::string, std::vector<Candidate>> by_acquisition;
    for (const Candidate& candidate : group_)
      by_acquisition[candidate.acquisition_number].push_back(candidate);
    if (by_acquisition.size() > 1 && is_split_useful(by_acquisition)) {
      std::vector<std::vector<Candidate>> result;
      for (auto& [number, part] : by_acquisition) result.push_back(std::move(part));
      return result;
    }
    return by_rank();
  }

 private:
  /// True when two acquisitions overlap and they are more than single slices each (step-and-shoot numbers
  /// every slice).
  static bool is_split_useful(const std::map<std::string, std::vector<Candidate>>& by_acquisition) {
    std::vector<std::pair<double, double>> extents;
    std::size_t slices = 0;
    for (const auto& [number, part] : by_acquisition) {
      const auto [low, high] =
          std::ranges::minmax_element(part, {}, [](const Candidate& c) { return c.slice.distance_mm; });
      extents.emplace_back(low->slice.distance_mm, high->slice.distance_mm);
      slices += part.size();
    }
    if (slices < 2 * by_acquisition.size()) return false;
    std::ranges::sort(extents);
    double highest = extents.front().second;
    for (auto extent = extents.begin() + 1; extent != extents.end(); ++extent) {
      if (extent->first < highest + position_tolerance_mm) return true;
      highest = std::max(highest, extent->second);
    }
    return false;
  }

  /// Splits slices at one position by their acquisition, when at least half of the positions are taken
  /// several times: a dynamic series whose phases only the time tells apart. Fewer repeats stay together,
  /// they are duplicates.
  std::vector<std::vector<Candidate>> by_rank() {
    std::ranges::sort(group_, {}, [](const Candidate& c) {
      return std::tuple(c.slice.distance_mm, c.slice.acquisition, c.instance_number, c.slice.frame);
    });
    std::vector<std::vector<Candidate>> ranks;
    std::size_t positions = 0;
    std::size_t repeated = 0;
    for (std::size_t first = 0; first < group_.size();) {
      std::size_t last = first + 1;
      while (last < group_.size() &&
             group_[last].slice.distance_mm - group_[first].slice.distance_mm < position_tolerance_mm) {
        ++last;
      }
      std::ranges::sort(group_.begin() + static_cast<std::ptrdiff_t>(first),
                        group_.begin() + static_cast<std::ptrdiff_t>(last), {}, [](const Candidate& c) {
                          return std::tuple(c.slice.acquisition, c.instance_number);
                        });
      ++positions;
      std::size_t rank = 0;
      for (std::size_t i = first; i < last; ++i) {
        if (i != first && group_[i].slice.acquisition != group_[i - 1].slice.acquisition) ++rank;
        if (ranks.size() <= rank) ranks.emplace_back();
        ranks[rank].push_back(group_[i]);
      }
      if (rank > 0) ++repeated;
      first = last;
    }
    if (ranks.size() > 1 && 2 * repeated >= positions) return ranks;
    return {std::move(group_)};
  }

  std::vector<Candidate> group_;
};

Stack stack_of(std::vector<Candidate> group, const std::optional<Vector3>& normal, std::size_t unplaced,
               std::size_t series_orientations) {
  Stack stack;
  std::ranges::sort(group, {}, [](const Candidate& c) {
    return std::tuple(c.slice.distance_mm, c.instance_number,
                      std::string_view(c.slice.record->sop_instance_uid), c.slice.frame);
  });
  const InstanceRecord& first = *group.front().slice.record;
  stack.series_uid = first.series_uid;
  stack.kind = group.front().kind;
  stack.normal = normal;
  stack.unplaced = unplaced;
  stack.series_orientations = series_orientations;
  if (const auto modality = first.text("Modality")) stack.modality = *modality;
  if (const auto uid = first.text("FrameOfReferenceUID")) stack.frame_of_reference_uid = *uid;
  for (Candidate& candidate : group) {
    stack.records.push_back(candidate.slice.record);
    stack.slices.push_back(std::move(candidate.slice));
  }
  std::ranges::sort(stack.records, {}, &InstanceRecord::sop_instance_uid);
  const auto repeated = std::ranges::unique(stack.records);
  stack.records.erase(repeated.begin(), repeated.end());
  return stack;
}

void add_stacks_of_group(std::vector<Candidate> group, std::size_t series_orientations,
                         std::vector<Stack>& stacks) {
  const auto placed =
      std::ranges::find_if(group, [](const Candidate& c) { return c.orientation != no_orientation; });
  if (placed == group.end()) {
    const std::size_t unplaced = group.size();
    stacks.push_back(stack_of(std::move(group), std::nullopt, unplaced, series_orientations));
    return;
  }
  const Vector3 normal = normal_of(*placed->slice.orientation);
  std::size_t unplaced = 0;
  for (Candidate& candidate : group) {
    if (candidate.orientation == no_orientation) {
      ++unplaced;
    } else {
      candidate.slice.distance_mm = dot(normal, *candidate.slice.position);
    }
  }
  if (unplaced != 0) {
    stacks.push_back(stack_of(std::move(group), normal, unplaced, series_orientations));
    return;
  }
  for (auto& part : AcquisitionSplit(std::move(group)).parts()) {
    stacks.push_back(stack_of(std::move(part), normal, 0, series_orientations));
  }
}

/// A scout of a few slices in each of three perpendicular planes, as MR scanners send it; many do not say
/// LOCALIZER.
bool is_three_plane_scout(const std::vector<Candidate>& series) {
  constexpr std::size_t most_slices_of_plane = 15;
  constexpr double perpendicular_cosine = 0.2;
  std::vector<Vector3> normals;
  std::vector<std::size_t> counts;
  for (const Candidate& candidate : series) {
    if (candidate.kind != StackKind::image || !candidate.slice.orientation) return false;
    const std::size_t plane = candidate.orientation;
    if (plane == no_orientation || plane > 3) return false;
    if (normals.size() < plane) {
      normals.resize(plane);
      counts.resize(plane);
    }
    normals[plane - 1] = normal_of(*candidate.slice.orientation);
    if (++counts[plane - 1] > most_slices_of_plane) return false;
  }
  return normals.size() == 3 && std::abs(dot(normals[0], normals[1])) < perpendicular_cosine &&
         std::abs(dot(normals[0], normals[2])) < perpendicular_cosine &&
         std::abs(dot(normals[1], normals[2])) < perpendicular_cosine;
}

void add_stacks_of_series(std::vector<Candidate> series, std::vector<Stack>& stacks) {
  const std::size_t orientations = number_orientations(series);
  if (orientations == 3 && is_three_plane_scout(series)) {
    for (Candidate& candidate : series) candidate.kind = StackKind::localizer;
  }
  using GroupKey = std::tuple<StackKind, std::string, std::size_t>;
  std::map<GroupKey, std::vector<Candidate>> groups;
  for (Candidate& candidate : series) {
    GroupKey key(candidate.kind, candidate.key, candidate.orientation);
    groups[std::move(key)].push_back(std::move(candidate));
  }
  // A slice without position belongs to the slices it shares everything else with: the stack is then one
  // whose geometry cannot be told, not a complete stack beside a stray slice.
  for (auto it = groups.begin(); it != groups.end();) {
    const auto& [kind, key, orientation] = it->first;
    const auto next = std::next(it);
    const bool has_sibling = orientation == no_orientation && next != groups.end() &&
                             std::get<0>(next->first) == kind && std::get<1>(next->first) == key;
    if (has_sibling) {
      std::ranges::move(it->second, std::back_inserter(next->second));
      it = groups.erase(it);
    } else {
      ++it;
    }
  }
  for (auto& [key, group] : groups) add_stacks_of_group(std::move(group), orientations, stacks);
}

}  // namespace

std::vector<Stack> build_stacks(std::vector<const InstanceRecord*> records) {
  std::ranges::sort(records, {}, [](const InstanceRecord* r) {
    return std::pair(std::string_view(r->series_uid), std::string_view(r->sop_instance_uid));
  });
  std::vector<Stack> stacks;
  std::vector<Candidate> series;
  const InstanceRecord* previous = nullptr;
  for (const InstanceRecord* const record : records) {
    if (previous != nullptr && record->series_uid != previous->series_uid) {
      add_stacks_of_series(std::exchange(series, {}), stacks);
    }
    const bool is_repeated = previous != nullptr && record->sop_instance_uid == previous->sop_instance_uid &&
                             record->series_uid == previous->series_uid;
    if (!is_repeated) add_candidates(*record, series);
    previous = record;
  }
  if (!series.empty()) add_stacks_of_series(std::move(series), stacks);
  return stacks;
}

}  // namespace trialgate::rules
