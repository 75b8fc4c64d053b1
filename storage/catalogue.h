#pragma once

#include "storage/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// What the studies of a shelf are. The values are on disk and never change.
enum class ShelfKind : std::uint8_t {
  received = 1,   ///< as the sites sent them
  derived = 2,    ///< de-identified, of the newest version that was
  delivered = 3,  ///< de-identified, what one destination has taken
};

/// A part of the catalogue that is queried by itself.
struct Shelf {
  ShelfKind kind = ShelfKind::received;
  std::string destination;  ///< of delivered; empty otherwise

  friend bool operator==(const Shelf&, const Shelf&) = default;
};

/// One study on a shelf. Its key is (shelf, submission). The texts are what it is found by; everything else
/// that a query may ask for is in `attributes`, whose form storage does not know.
struct CatalogueStudy {
  std::uint64_t submission = 0;
  std::string study_uid;
  std::string patient_id;
  std::string accession_number;
  std::string study_date;          ///< YYYYMMDD, or empty
  std::vector<std::string> names;  ///< the patient's, as they are compared; one for each component group
  std::uint32_t series_count = 0;
  std::uint32_t instance_count = 0;
  std::string attributes;

  friend bool operator==(const CatalogueStudy&, const CatalogueStudy&) = default;
};

/// One series of a study. Its key is (shelf, submission, series_uid).
struct CatalogueSeries {
  std::string series_uid;
  std::uint32_t number = 0;  ///< within its study, from 1, in the order of arrival; instances name it
  std::uint32_t instance_count = 0;
  std::string attributes;

  friend bool operator==(const CatalogueSeries&, const CatalogueSeries&) = default;
};

/// One instance of a series. Its key is (shelf, submission, number of the series, sop_instance_uid).
struct CatalogueInstance {
  std::string sop_instance_uid;
  std::string attributes;

  friend bool operator==(const CatalogueInstance&, const CatalogueInstance&) = default;
};

/// By what studies are found. The values are on disk and never change.
enum class CatalogueKey : std::uint8_t {
  study_uid = 1,
  series_uid = 2,
  patient_id = 3,
  accession_number = 4,
  study_date = 5,
  patient_name = 6,
};

/// Where a walk over studies by a key stands: after this text and submission.
struct CataloguePlace {
  std::string text;
  std::uint64_t submission = 0;

  friend bool operator==(const CataloguePlace&, const CataloguePlace&) = default;
};

/// What can be queried, as seen inside one transaction; rules and errors as for Index. Texts that studies are
/// found by are cut to their first 64 bytes in the key: whoever walks by a key compares with the row.
class Catalogue {
 public:
  static constexpr std::size_t longest_key_text = 64;

  virtual ~Catalogue() = default;

  [[nodiscard]] virtual Result<std::optional<CatalogueStudy>> study(const Shelf& shelf,
                                                                    std::uint64_t submission) const = 0;
  [[nodiscard]] virtual Result<std::optional<CatalogueSeries>> series(const Shelf& shelf,
                                                                      std::uint64_t submission,
                                                                      std::string_view series_uid) const = 0;
  [[nodiscard]] virtual Result<std::optional<CatalogueInstance>> instance(
      const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
      std::string_view sop_instance_uid) const = 0;

  /// Studies with a submission greater than `after`, ascending, until `visit` returns false.
  [[nodiscard]] virtual Result<void> studies(
      const Shelf& shelf, std::uint64_t after,
      const std::function<bool(const CatalogueStudy&)>& visit) const = 0;
  /// Keys of one kind from text `from` (of which `after` may be the place to go on from), ascending by text
  /// and submission, until `visit` returns false. A study has one for each different text it is found by.
  [[nodiscard]] virtual Result<void> keys(const Shelf& shelf, CatalogueKey key, std::string_view from,
                                          const std::optional<CataloguePlace>& after,
                                          const std::function<bool(const CataloguePlace&)>& visit) const = 0;
  /// Series with a UID greater than `after`, ascending.
  [[nodiscard]] virtual Result<void> series_of(
      const Shelf& shelf, std::uint64_t submission, std::string_view after,
      const std::function<bool(const CatalogueSeries&)>& visit) const = 0;
  /// Instances with a UID greater than `after`, ascending.
  [[nodiscard]] virtual Result<void> instances_of(
      const Shelf& shelf, std::uint64_t submission, std::uint32_t series, std::string_view after,
      const std::function<bool(const CatalogueInstance&)>& visit) const = 0;

  /// Inserts or replaces by key. The secondary keys are kept in step.
  [[nodiscard]] virtual Result<void> put_study(const Shelf& shelf, const CatalogueStudy& row) = 0;
  [[nodiscard]] virtual Result<void> put_series(const Shelf& shelf, std::uint64_t submission,
                                                const CatalogueSeries& row) = 0;
  [[nodiscard]] virtual Result<void> put_instance(const Shelf& shelf, std::uint64_t submission,
                                                  std::uint32_t series, const CatalogueInstance& row) = 0;
  /// Takes one instance off; its series and study keep their rows. A missing one is no error.
  [[nodiscard]] virtual Result<void> erase_instance(const Shelf& shelf, std::uint64_t submission,
                                                    std::uint32_t series,
                                                    std::string_view sop_instance_uid) = 0;
  /// Takes a study with all its series and instances off the shelf. A missing one is no error.
  [[nodiscard]] virtual Result<void> erase_study(const Shelf& shelf, std::uint64_t submission) = 0;
};

/// The text as it stands in a key.
[[nodiscard]] inline std::string_view catalogue_key_text(std::string_view text) {
  return text.substr(0, Catalogue::longest_key_text);
}

}  // namespace trialgate::storage
