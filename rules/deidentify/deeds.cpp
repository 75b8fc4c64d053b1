#include "rules/deidentify/deeds.h"

#include <algorithm>
#include <tuple>

namespace trialgate::rules {

void Deeds::enter(Tag sequence) {
  path_.push_back(sequence);
  path_text_ += keyword_or_tag(sequence);
  path_text_ += '.';
}

void Deeds::leave() {
  path_.pop_back();
  path_text_.pop_back();
  path_text_.resize(path_text_.rfind('.') + 1);
}

std::string Deeds::path_to(Tag tag) const {
  return path_text_ + keyword_or_tag(tag);
}

void Deeds::note(Tag tag, Deed deed, std::string_view rule) {
  std::string path = path_to(tag);
  std::string key = path;
  key += static_cast<char>('0' + static_cast<int>(deed));
  key += rule;
  ReportedAttribute& entry = reported_[std::move(key)];
  if (entry.count == 0) entry = {std::move(path), deed, std::string(rule), 0};
  ++entry.count;
}

DeidentificationReport Deeds::report() const {
  DeidentificationReport report;
  report.attributes.reserve(reported_.size());
  for (const auto& [key, entry] : reported_) {
    report.attributes.push_back(entry);
    report.counts[static_cast<std::size_t>(entry.deed)] += entry.count;
  }
  std::ranges::sort(report.attributes, [](const ReportedAttribute& a, const ReportedAttribute& b) {
    return std::tie(a.path, a.deed, a.rule) < std::tie(b.path, b.deed, b.rule);
  });
  return report;
}

}  // namespace trialgate::rules
