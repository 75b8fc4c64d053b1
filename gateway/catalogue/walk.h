#pragma once

#include "gateway/catalogue/query.h"
#include "gateway/config/views_config.h"
#include "storage/store.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::gateway {

/// How much a view shows of one patient.
struct PatientCounts {
  std::uint64_t studies = 0;
  std::uint64_t series = 0;
  std::uint64_t instances = 0;
};

/// What was found; at the level of the query and above.
struct Match {
  std::string site;
  storage::CatalogueStudy study;  ///< at level PATIENT any of the patient's
  std::optional<storage::CatalogueSeries> series;
  std::optional<storage::CatalogueInstance> instance;
  std::optional<PatientCounts> patient;  ///< if the query asks for them
};

/// Goes through what a view shows and a query matches, in small steps: each on a snapshot of its own, so that
/// no reader of the index lives as long as the peer likes. What comes or goes between steps may be found or
/// not; what a view no longer shows is not. One thread at a time.
class Walk {
 public:
  /// Both must outlive it.
  Walk(const View& view, const Query& query);

  /// Finds at most `limit` more; fewer, and even none, say nothing: is_finished() does. Reads a bounded
  /// number of rows.
  [[nodiscard]] storage::Result<std::vector<Match>> step(const storage::ReadTransaction& transaction,
                                                         std::size_t limit);
  [[nodiscard]] bool is_finished() const noexcept { return finished_; }

 private:
  /// Studies by one key: those whose text begins with `from`, or lies between both.
  struct Range {
    storage::CatalogueKey key = storage::CatalogueKey::study_uid;
    std::string from;
    std::optional<std::string> last;  ///< not set: texts that begin with `from`
    [[nodiscard]] bool holds(std::string_view text) const noexcept;
  };
  /// A place in the study that a step ended in.
  struct Position {
    std::string series_uid;    ///< the last one that is done with, or under way
    bool series_open = false;  ///< its instances are under way
    std::string sop_instance_uid;
  };
  class Step;
  friend class Step;

  const View& view_;
  const Query& query_;
  storage::Shelf shelf_;

  std::optional<Range> range_;                                ///< studies are taken from it
  const std::set<std::string, std::less<>>* uids_ = nullptr;  ///< or are those that hold these
  storage::CatalogueKey uid_key_ = storage::CatalogueKey::study_uid;
  bool by_instance_ = false;  ///< the UIDs are of instances, for which the index has a key already
  std::set<std::string, std::less<>>::const_iterator next_uid_;
  bool resolved_ = false;                ///< all of uids_ were looked up
  std::set<std::uint64_t> submissions_;  ///< those found, not gone through yet

  std::vector<storage::CataloguePlace> places_;  ///< read ahead, to be gone through from next_place_ on
  std::size_t next_place_ = 0;
  bool ranged_out_ = false;
  std::optional<storage::CataloguePlace> after_;
  std::uint64_t after_submission_ = 0;

  std::optional<storage::CataloguePlace> study_;  ///< the one under way
  Position position_;

  std::string patient_text_;                                ///< the key text that patients_ are of
  std::set<std::pair<std::string, std::string>> patients_;  ///< (Patient ID, site) given already
  std::map<std::pair<std::string, std::string>, PatientCounts> counts_;
  bool finished_ = false;
};

}  // namespace trialgate::gateway
