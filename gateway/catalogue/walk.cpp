#include "gateway/catalogue/walk.h"

#include "gateway/catalogue/visibility.h"
#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::gateway {
namespace {

using storage::CatalogueKey;
using storage::CataloguePlace;
using storage::CatalogueStudy;
namespace tags = rules::tags;

/// Rows of one step: a few milliseconds.
constexpr std::size_t rows_a_step = 2'000;
constexpr std::size_t places_ahead = 128;
/// Patients whose counts are remembered.
constexpr std::size_t most_counts = 1'000;

std::string day_text(std::chrono::microseconds since_1970) {
  return rules::format_date(std::chrono::floor<std::chrono::days>(std::chrono::sys_time(since_1970)));
}

bool returns(const Query& query, rules::Tag tag) {
  return std::ranges::any_of(query.returns, [&](const ReturnKey& key) { return key.tag == tag; });
}

bool wants_patient_counts(const Query& query) {
  return returns(query, query_tags::number_of_patient_related_studies) ||
         returns(query, query_tags::number_of_patient_related_series) ||
         returns(query, query_tags::number_of_patient_related_instances);
}

/// The value of a key attribute that stands in a row itself.
bool matches_uid(const Query& query, rules::Tag tag, std::string_view uid) {
  const MatchingKey* const key = query.key(tag);
  return key == nullptr || key->matches(uid);
}

bool matches_row(const Query& query, QueryLevel first, QueryLevel last, std::string_view attributes) {
  std::optional<Attributes> decoded;  // for sequences
  return std::ranges::all_of(query.keys, [&](const MatchingKey& key) {
    const QueryLevel level = key.attribute().level;
    const rules::Tag tag = key.tag();
    const bool is_uid =
        tag == tags::study_instance_uid || tag == tags::series_instance_uid || tag == tags::sop_instance_uid;
    if (level < first || level > last || is_uid) return true;
    if (key.kind() != MatchingKey::Kind::sequence) return key.matches(find_value(attributes, tag));
    if (!decoded) decoded = decode_attributes(attributes).value_or(Attributes());
    return key.matches(find(*decoded, tag));
  });
}

bool matches_combined(const Query& query, QueryLevel first, QueryLevel last, std::string_view attributes) {
  return std::ranges::all_of(query.combined, [&](const CombinedRange& range) {
    const QueryLevel level = catalogue_attribute(range.date)->level;
    if (level < first || level > last) return true;
    const auto day = span_of(find_value(attributes, range.date), rules::Vr::da);
    if (!day) return false;
    TimeSpan moment = *day;
    if (const auto time = span_of(find_value(attributes, range.time), rules::Vr::tm)) {
      moment = {day->from + time->from, day->from + time->to};
    }
    return range.span.holds(moment);
  });
}

bool has_keys_at(const Query& query, QueryLevel level) {
  const auto is_there = [&](rules::Tag tag) { return catalogue_attribute(tag)->level == level; };
  return std::ranges::any_of(query.keys, [&](const MatchingKey& key) { return is_there(key.tag()); }) ||
         std::ranges::any_of(query.combined,
                             [&](const CombinedRange& range) { return is_there(range.date); });
}

}  // namespace

bool Walk::Range::holds(std::string_view text) const noexcept {
  return last ? text <= *last : text.starts_with(from);
}

Walk::Walk(const View& view, const Query& query) : view_(view), query_(query), shelf_(shelf_of(view)) {
  // The UIDs that leave the fewest studies; a query by patients goes through all texts of the patient's key.
  static constexpr std::array<std::pair<rules::Tag, CatalogueKey>, 3> by_uid{
      {{tags::study_instance_uid, CatalogueKey::study_uid},
       {tags::series_instance_uid, CatalogueKey::series_uid},
       {tags::sop_instance_uid, CatalogueKey::series_uid}}};
  for (const auto& [tag, uid_key] : by_uid) {
    const MatchingKey* const key = query.key(tag);
    if (key == nullptr) continue;
    uids_ = &key->uids();
    next_uid_ = uids_->begin();
    uid_key_ = uid_key;
    by_instance_ = tag == tags::sop_instance_uid;
    return;
  }
  const auto by_text = [&](rules::Tag tag, CatalogueKey key) {
    const MatchingKey* const found = query.key(tag);
    if (range_ || found == nullptr || found->texts().size() != 1) return;
    const std::string& text = found->texts().front();
    const bool whole = found->kind() == MatchingKey::Kind::single;
    const std::string from(
        storage::catalogue_key_text(whole ? std::string_view(text) : literal_prefix(text)));
    if (!from.empty()) range_ = Range{key, from, whole ? std::optional(from) : std::nullopt};
  };
  by_text(query_tags::patient_id, CatalogueKey::patient_id);
  if (query.level == QueryLevel::patient) {
    // All studies of a patient one after the other, so that each patient is given once.
    if (!range_) range_ = Range{CatalogueKey::patient_id, {}, std::nullopt};
    return;
  }
  by_text(query_tags::accession_number, CatalogueKey::accession_number);
  const MatchingKey* const name = query.key(query_tags::patient_name);
  if (!range_ && name != nullptr && name->names().size() == 1) {
    const NameGroups& groups = name->names().front();
    const auto group = std::ranges::find_if(groups, [](const std::string& one) { return !one.empty(); });
    std::string_view text = group == groups.end() ? std::string_view() : literal_prefix(*group);
    // "li^*" is also met by "li".
    text = text.substr(0, text.find_last_not_of('^') + 1);
    const std::string from(storage::catalogue_key_text(text));
    if (!from.empty()) range_ = Range{CatalogueKey::patient_name, from, std::nullopt};
  }
  if (range_) return;
  TimeSpan days;
  if (const MatchingKey* const date = query.key(query_tags::study_date)) days = date->span();
  if (days == TimeSpan{}) return;
  const bool open_start = days.from == std::chrono::microseconds::min();
  const bool open_end = days.to == std::chrono::microseconds::max();
  range_ = Range{CatalogueKey::study_date, open_start ? "0" : day_text(days.from),
                 open_end ? "99999999" : day_text(days.to)};
}

/// One step of a Walk: the snapshot, and what it may still read and give.
class Walk::Step {
 public:
  Step(Walk& walk, const storage::ReadTransaction& transaction, std::size_t limit)
      : walk_(walk), transaction_(transaction), catalogue_(transaction.catalogue()), limit_(limit) {}

  storage::Result<std::vector<Match>> run() {
    while (!walk_.finished_ && may_go_on()) {
      if (!walk_.study_) {
        if (auto taken = take_study(); !taken) return taken.error();
        continue;
      }
      if (auto done = go_through(); !done) return done.error();
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool may_go_on() const noexcept { return rows_ < rows_a_step && found_.size() < limit_; }

  // Which study comes next

  storage::Result<void> take_study() {
    if (walk_.uids_ != nullptr) return walk_.resolved_ ? take_resolved() : resolve();
    if (walk_.next_place_ == walk_.places_.size()) {
      if (walk_.ranged_out_) {
        walk_.finished_ = true;
        return {};
      }
      return read_ahead();
    }
    begin_study(walk_.places_[walk_.next_place_++]);
    return {};
  }

  void begin_study(CataloguePlace place) {
    walk_.study_ = std::move(place);
    walk_.position_ = {};
  }

  storage::Result<void> take_resolved() {
    if (walk_.submissions_.empty()) {
      walk_.finished_ = true;
      return {};
    }
    begin_study({{}, walk_.submissions_.extract(walk_.submissions_.begin()).value()});
    return {};
  }

  storage::Result<void> resolve() {
    for (; walk_.next_uid_ != walk_.uids_->end(); ++walk_.next_uid_) {
      if (rows_ >= rows_a_step) return {};
      ++rows_;
      const std::string& uid = *walk_.next_uid_;
      // What is no UID is the UID of nothing.
      if (uid.size() > 64) continue;
      auto looked_up = walk_.by_instance_ ? resolve_instance(uid) : resolve_key(uid);
      if (!looked_up) return looked_up;
    }
    walk_.resolved_ = true;
    return {};
  }

  storage::Result<void> resolve_key(const std::string& uid) {
    return catalogue_.keys(walk_.shelf_, walk_.uid_key_, uid, {}, [&](const CataloguePlace& place) {
      if (place.text != uid) return false;
      ++rows_;
      walk_.submissions_.insert(place.submission);
      return true;
    });
  }

  storage::Result<void> resolve_instance(const std::string& uid) {
    if (walk_.shelf_.kind == storage::ShelfKind::received) {
      auto rows = transaction_.index().instances(uid);
      if (!rows) return rows.error();
      for (const storage::InstanceRow& row : *rows) walk_.submissions_.insert(row.submission);
      return {};
    }
    auto rows = transaction_.index().derived_by_uid(uid);
    if (!rows) return rows.error();
    for (const storage::DerivedRow& row : *rows) walk_.submissions_.insert(row.submission);
    return {};
  }

  storage::Result<void> read_ahead() {
    walk_.places_.clear();
    walk_.next_place_ = 0;
    ++rows_;
    if (walk_.range_) {
      const Range& range = *walk_.range_;
      walk_.ranged_out_ = true;
      auto walked = catalogue_.keys(walk_.shelf_, range.key, range.from, walk_.after_,
                                    [&](const CataloguePlace& place) {
                                      if (!range.holds(place.text)) return false;
                                      walk_.places_.push_back(place);
                                      walk_.ranged_out_ = walk_.places_.size() < places_ahead;
                                      return walk_.ranged_out_;
                                    });
      if (!walk_.places_.empty()) walk_.after_ = walk_.places_.back();
      return walked;
    }
    walk_.ranged_out_ = true;
    return catalogue_.studies(walk_.shelf_, walk_.after_submission_, [&](const CatalogueStudy& row) {
      walk_.places_.push_back({{}, row.submission});
      walk_.after_submission_ = row.submission;
      walk_.ranged_out_ = walk_.places_.size() < places_ahead;
      return walk_.ranged_out_;
    });
  }

  // The study under way

  storage::Result<void> go_through() {
    ++rows_;
    const CataloguePlace place = *walk_.study_;
    auto row = catalogue_.study(walk_.shelf_, place.submission);
    if (!row) return row.error();
    auto submission = transaction_.index().submission(place.submission);
    if (!submission) return submission.error();
    const Query& query = walk_.query_;
    const bool wanted = *row && *submission && shows(walk_.view_, **submission) &&
                        is_least_of_its_names(place, **row) &&
                        matches_uid(query, tags::study_instance_uid, (*row)->study_uid) &&
                        matches_row(query, QueryLevel::patient, QueryLevel::study, (*row)->attributes) &&
                        matches_combined(query, QueryLevel::patient, QueryLevel::study, (*row)->attributes);
    if (!wanted) {
      walk_.study_.reset();
      return {};
    }
    base_.site = (*submission)->site;
    base_.study = std::move(**row);
    base_.patient.reset();
    if (wants_patient_counts(query)) {
      auto counts = counts_of_patient();
      if (!counts) return counts.error();
      base_.patient = *counts;
    }
    if (query.level >= QueryLevel::series) return go_through_series();
    if (auto found = find_whole_study(place); !found) return found;
    walk_.study_.reset();
    return {};
  }

  /// A study whose names lie together is met once for each of them.
  [[nodiscard]] bool is_least_of_its_names(const CataloguePlace& place, const CatalogueStudy& row) const {
    if (!walk_.range_ || walk_.range_->key != CatalogueKey::patient_name) return true;
    return std::ranges::none_of(row.names, [&](const std::string& name) {
      const std::string_view text = storage::catalogue_key_text(name);
      return text < place.text && text >= walk_.range_->from && walk_.range_->holds(text);
    });
  }

  /// Two sites may use one Patient ID for two people; once de-identified, one ID is one subject.
  [[nodiscard]] std::pair<std::string, std::string> patient() const {
    const bool received = walk_.shelf_.kind == storage::ShelfKind::received;
    return {base_.study.patient_id, received ? base_.site : std::string()};
  }

  storage::Result<void> find_whole_study(const CataloguePlace& place) {
    if (has_keys_at(walk_.query_, QueryLevel::series) || has_keys_at(walk_.query_, QueryLevel::image)) {
      auto holds = holds_matching_series();
      if (!holds) return holds.error();
      if (!*holds) return {};
    }
    if (walk_.query_.level == QueryLevel::patient) {
      if (walk_.uids_ == nullptr && walk_.patient_text_ != place.text) {
        walk_.patients_.clear();
        walk_.patient_text_ = place.text;
      }
      if (!walk_.patients_.insert(patient()).second) return {};
    }
    found_.push_back(base_);
    return {};
  }

  [[nodiscard]] bool matches_series(const storage::CatalogueSeries& row) const {
    const Query& query = walk_.query_;
    return matches_uid(query, tags::series_instance_uid, row.series_uid) &&
           matches_row(query, QueryLevel::series, QueryLevel::series, row.attributes) &&
           matches_combined(query, QueryLevel::series, QueryLevel::series, row.attributes);
  }

  [[nodiscard]] bool matches_instance(const storage::CatalogueInstance& row) const {
    const Query& query = walk_.query_;
    return matches_uid(query, tags::sop_instance_uid, row.sop_instance_uid) &&
           matches_row(query, QueryLevel::image, QueryLevel::image, row.attributes) &&
           matches_combined(query, QueryLevel::image, QueryLevel::image, row.attributes);
  }

  /// Keys below the level of a relational query: some series, and some instance of it, must match them.
  storage::Result<bool> holds_matching_series() {
    std::vector<storage::CatalogueSeries> matching;
    auto walked = catalogue_.series_of(walk_.shelf_, base_.study.submission, {}, [&](const auto& row) {
      ++rows_;
      if (matches_series(row)) matching.push_back(row);
      return true;
    });
    if (!walked) return walked.error();
    if (!has_keys_at(walk_.query_, QueryLevel::image)) return !matching.empty();
    for (const storage::CatalogueSeries& row : matching) {
      auto holds = holds_matching_instance(row);
      if (!holds || *holds) return holds;
    }
    return false;
  }

  storage::Result<bool> holds_matching_instance(const storage::CatalogueSeries& series) {
    bool holds = false;
    auto walked = catalogue_.instances_of(walk_.shelf_, base_.study.submission, series.number, {},
                                          [&](const storage::CatalogueInstance& row) {
                                            ++rows_;
                                            holds = matches_instance(row);
                                            return !holds;
                                          });
    if (!walked) return walked.error();
    return holds;
  }

  storage::Result<void> go_through_series() {
    if (walk_.position_.series_open) return go_through_instances();
    std::optional<storage::CatalogueSeries> next;
    auto walked = catalogue_.series_of(walk_.shelf_, base_.study.submission, walk_.position_.series_uid,
                                       [&](const storage::CatalogueSeries& row) {
                                         ++rows_;
                                         walk_.position_.series_uid = row.series_uid;
                                         if (matches_series(row)) next = row;
                                         return !next && rows_ < rows_a_step;
                                       });
    if (!walked) return walked;
    if (!next) {
      if (rows_ < rows_a_step) walk_.study_.reset();
      return {};
    }
    if (walk_.query_.level == QueryLevel::image) {
      walk_.position_.series_open = true;
      walk_.position_.sop_instance_uid.clear();
      return {};
    }
    if (has_keys_at(walk_.query_, QueryLevel::image)) {
      auto holds = holds_matching_instance(*next);
      if (!holds) return holds.error();
      if (!*holds) return {};
    }
    found_.push_back(base_);
    found_.back().series = std::move(next);
    return {};
  }

  storage::Result<void> go_through_instances() {
    auto series = catalogue_.series(walk_.shelf_, base_.study.submission, walk_.position_.series_uid);
    if (!series) return series.error();
    bool more = false;
    if (*series) {
      auto walked = catalogue_.instances_of(walk_.shelf_, base_.study.submission, (*series)->number,
                                            walk_.position_.sop_instance_uid,
                                            [&](const storage::CatalogueInstance& row) {
                                              more = !may_go_on();
                                              if (more) return false;
                                              ++rows_;
                                              walk_.position_.sop_instance_uid = row.sop_instance_uid;
                                              if (!matches_instance(row)) return true;
                                              found_.push_back(base_);
                                              found_.back().series = *series;
                                              found_.back().instance = row;
                                              return true;
                                            });
      if (!walked) return walked;
    }
    walk_.position_.series_open = more;
    return {};
  }

  storage::Result<PatientCounts> counts_of_patient() {
    const auto known = walk_.counts_.find(patient());
    if (known != walk_.counts_.end()) return known->second;
    PatientCounts counts;
    std::optional<storage::Failure> failure;
    const std::string_view text = storage::catalogue_key_text(base_.study.patient_id);
    auto walked =
        catalogue_.keys(walk_.shelf_, CatalogueKey::patient_id, text, {}, [&](const CataloguePlace& place) {
          if (place.text != text) return false;
          ++rows_;
          auto row = catalogue_.study(walk_.shelf_, place.submission);
          auto submission = transaction_.index().submission(place.submission);
          if (!row || !submission) {
            failure = row ? submission.error() : row.error();
            return false;
          }
          const bool same = *row && *submission && shows(walk_.view_, **submission) &&
                            (*row)->patient_id == base_.study.patient_id &&
                            (patient().second.empty() || (*submission)->site == base_.site);
          if (!same) return true;
          ++counts.studies;
          counts.series += (*row)->series_count;
          counts.instances += (*row)->instance_count;
          return true;
        });
    if (failure) return *failure;
    if (!walked) return walked.error();
    if (walk_.counts_.size() >= most_counts) walk_.counts_.clear();
    walk_.counts_.emplace(patient(), counts);
    return counts;
  }

  Walk& walk_;
  const storage::ReadTransaction& transaction_;
  const storage::Catalogue& catalogue_;
  const std::size_t limit_;
  std::size_t rows_ = 0;
  std::vector<Match> found_;
  Match base_;
};

storage::Result<std::vector<Match>> Walk::step(const storage::ReadTransaction& transaction,
                                               std::size_t limit) {
  return Step(*this, transaction, limit).run();
}

}  // namespace trialgate::gateway
