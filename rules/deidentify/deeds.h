#pragma once

#include "rules/dataset/dictionary.h"
#include "rules/deidentify/report.h"

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trialgate::rules {

/// Where a walk over a data set is, and what was done there and by which rule. One thread.
class Deeds {
 public:
  /// Into the items of a sequence, and out of them again.
  void enter(Tag sequence);
  void leave();

  /// Sequences down to the list in work.
  [[nodiscard]] std::span<const Tag> path() const noexcept { return path_; }
  /// "RequestAttributesSequence.RequestedProcedureID" for an attribute of the list in work.
  [[nodiscard]] std::string path_to(Tag tag) const;

  void note(Tag tag, Deed deed, std::string_view rule);
  /// Counts and attributes; everything else is the caller's.
  [[nodiscard]] DeidentificationReport report() const;

 private:
  std::vector<Tag> path_;
  std::string path_text_;
  std::unordered_map<std::string, ReportedAttribute> reported_;
};

/// Keeps Deeds inside of a sequence as long as it lives.
class InsideSequence {
 public:
  InsideSequence(Deeds& deeds, Tag sequence) : deeds_(deeds) { deeds_.enter(sequence); }
  InsideSequence(const InsideSequence&) = delete;
  InsideSequence& operator=(const InsideSequence&) = delete;
  ~InsideSequence() { deeds_.leave(); }

 private:
  Deeds& deeds_;
};

}  // namespace trialgate::rules
