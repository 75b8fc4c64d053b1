#include "gateway/catalogue/recorder.h"

#include "gateway/catalogue/keys.h"
#include "gateway/catalogue/text_match.h"
#include "rules/dataset/values.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

constexpr std::size_t most_sop_classes = 32;

std::string value_of(const Attributes& attributes, rules::Tag tag) {
  const Attribute* const attribute = find(attributes, tag);
  return attribute == nullptr ? std::string() : attribute->value;
}

/// Adds a value to those that are gathered.
void gather(Attributes& attributes, rules::Tag tag, const std::string& value) {
  if (value.empty()) return;
  const std::string known = value_of(attributes, tag);
  const auto values = rules::split_values(known);
  if (std::ranges::find(values, value) != values.end() || values.size() >= most_sop_classes) return;
  put(attributes, {tag, known.empty() ? value : known + '\\' + value, {}});
}

/// A study that gets instances, with its series as far as they do.
class StudyUpdate {
 public:
  StudyUpdate(storage::Catalogue& catalogue, const storage::Shelf& shelf, std::uint64_t submission)
      : catalogue_(catalogue), shelf_(shelf) {
    row_.submission = submission;
  }

  storage::Result<void> read() {
    auto known = catalogue_.study(shelf_, row_.submission);
    if (!known) return known.error();
    if (!*known) return {};
    row_ = std::move(**known);
    return decode(row_.attributes, attributes_);
  }

  storage::Result<void> add(const CataloguedInstance& instance) {
    auto read = decode_instance_attributes(instance.attributes);
    if (!read) return storage::fail(storage::Errc::corrupt, "attributes of " + instance.sop_instance_uid);
    auto series = series_named(instance.series_uid);
    if (!series) return series.error();
    Series& update = **series;
    auto known = catalogue_.instance(shelf_, row_.submission, update.row.number, instance.sop_instance_uid);
    if (!known) return known.error();
    if (*known) return {};
    row_.study_uid = instance.study_uid;
    ++row_.instance_count;
    ++update.row.instance_count;
    merge(attributes_, read->study);
    merge(update.attributes, read->series);
    gather(attributes_, query_tags::modalities_in_study, value_of(read->series, query_tags::modality));
    gather(attributes_, query_tags::sop_classes_in_study, value_of(read->image, rules::tags::sop_class_uid));
    changed_ = true;
    return catalogue_.put_instance(shelf_, row_.submission, update.row.number,
                                   {instance.sop_instance_uid, encode(read->image)});
  }

  storage::Result<void> write() {
    if (!changed_) return {};
    for (auto& [uid, series] : series_) {
      series.row.attributes = encode(series.attributes);
      if (auto put = catalogue_.put_series(shelf_, row_.submission, series.row); !put) return put;
    }
    row_.patient_id = value_of(attributes_, query_tags::patient_id);
    row_.accession_number = value_of(attributes_, query_tags::accession_number);
    row_.names = name_keys(value_of(attributes_, query_tags::patient_name));
    const auto date = rules::parse_date(value_of(attributes_, query_tags::study_date));
    row_.study_date = date ? rules::format_date(*date) : std::string();
    row_.attributes = encode(attributes_);
    return catalogue_.put_study(shelf_, row_);
  }

 private:
  struct Series {
    storage::CatalogueSeries row;
    Attributes attributes;
  };

  static storage::Result<void> decode(std::string_view bytes, Attributes& attributes) {
    auto decoded = decode_attributes(bytes);
    if (!decoded) return storage::fail(storage::Errc::corrupt, "attributes in the catalogue");
    attributes = std::move(*decoded);
    return {};
  }

  storage::Result<Series*> series_named(const std::string& uid) {
    const auto found = series_.find(uid);
    if (found != series_.end()) return &found->second;
    auto known = catalogue_.series(shelf_, row_.submission, uid);
    if (!known) return known.error();
    Series series;
    if (*known) {
      series.row = std::move(**known);
      if (auto decoded = decode(series.row.attributes, series.attributes); !decoded) return decoded.error();
    } else {
      series.row.series_uid = uid;
      series.row.number = ++row_.series_count;
    }
    return &series_.emplace(uid, std::move(series)).first->second;
  }

  storage::Catalogue& catalogue_;
  const storage::Shelf& shelf_;
  storage::CatalogueStudy row_;
  Attributes attributes_;
  std::map<std::string, Series> series_;
  bool changed_ = false;
};

const storage::Shelf derived{storage::ShelfKind::derived, {}};

/// The rows of a delivered instance on the derived shelf.
struct OnShelf {
  storage::CatalogueStudy study;
  storage::CatalogueSeries series;
  storage::CatalogueInstance instance;
};

storage::Result<std::optional<OnShelf>> find_delivered(const storage::ReadTransaction& transaction,
                                                       const storage::Shelf& shelf,
                                                       const storage::DeliveryRow& delivery) {
  auto rows = transaction.index().derived_by_uid(delivery.sop_instance_uid);
  if (!rows) return rows.error();
  const auto of_it = std::ranges::find(*rows, delivery.submission, &storage::DerivedRow::submission);
  if (of_it == rows->end()) return std::optional<OnShelf>();
  const storage::Catalogue& catalogue = transaction.catalogue();
  auto study = catalogue.study(shelf, delivery.submission);
  if (!study) return study.error();
  auto series = catalogue.series(shelf, delivery.submission, of_it->series_uid);
  if (!series) return series.error();
  if (!*study || !*series) return std::optional<OnShelf>();
  auto instance =
      catalogue.instance(shelf, delivery.submission, (*series)->number, delivery.sop_instance_uid);
  if (!instance) return instance.error();
  if (!*instance) return std::optional<OnShelf>();
  return std::optional(OnShelf{std::move(**study), std::move(**series), std::move(**instance)});
}

storage::Shelf shelf_of(const storage::DeliveryRow& delivery) {
  return {storage::ShelfKind::delivered, delivery.destination};
}

}  // namespace

storage::Result<void> catalogue_instances(storage::Catalogue& catalogue, const storage::Shelf& shelf,
                                          std::span<const CataloguedInstance> instances) {
  std::map<std::uint64_t, StudyUpdate> studies;
  for (const CataloguedInstance& instance : instances) {
    if (instance.series_uid.empty()) continue;
    auto found = studies.find(instance.submission);
    if (found == studies.end()) {
      found = studies.try_emplace(instance.submission, catalogue, shelf, instance.submission).first;
      if (auto read = found->second.read(); !read) return read;
    }
    if (auto added = found->second.add(instance); !added) return added;
  }
  for (auto& [submission, study] : studies) {
    if (auto written = study.write(); !written) return written;
  }
  return {};
}

storage::Result<void> catalogue_delivered(storage::Transaction& transaction,
                                          const storage::DeliveryRow& delivery) {
  auto found = find_delivered(transaction, derived, delivery);
  if (!found) return found.error();
  if (!*found) return {};
  InstanceAttributes attributes;
  attributes.study = decode_attributes((*found)->study.attributes).value_or(Attributes());
  attributes.series = decode_attributes((*found)->series.attributes).value_or(Attributes());
  attributes.image = decode_attributes((*found)->instance.attributes).value_or(Attributes());
  // These are gathered anew from what this destination has.
  std::erase_if(attributes.study, [](const Attribute& attribute) { return comes_from_rows(attribute.tag); });
  const CataloguedInstance instance{delivery.submission, (*found)->study.study_uid,
                                    (*found)->series.series_uid, delivery.sop_instance_uid,
                                    encode(attributes)};
  return catalogue_instances(transaction.catalogue(), shelf_of(delivery), {&instance, 1});
}

storage::Result<void> uncatalogue_delivered(storage::Transaction& transaction,
                                            const storage::DeliveryRow& delivery) {
  const storage::Shelf shelf = shelf_of(delivery);
  auto found = find_delivered(transaction, shelf, delivery);
  if (!found) return found.error();
  if (!*found) return {};
  storage::Catalogue& catalogue = transaction.catalogue();
  auto& [study, series, instance] = **found;
  if (study.instance_count <= 1) return catalogue.erase_study(shelf, delivery.submission);
  auto erased =
      catalogue.erase_instance(shelf, delivery.submission, series.number, instance.sop_instance_uid);
  if (!erased) return erased;
  --series.instance_count;
  --study.instance_count;
  if (auto put = catalogue.put_series(shelf, delivery.submission, series); !put) return put;
  return catalogue.put_study(shelf, study);
}

}  // namespace trialgate::gateway
