#include "dimse/ul/association_log.h"

#include <vector>

namespace trialgate::dimse {

void AssociationLog::event(Level level, std::string_view name, std::initializer_list<Field> fields) const {
  if (!log_->enabled(level)) return;
  std::vector<Field> all;
  all.reserve(fields.size() + 1);
  all.push_back({"id", static_cast<std::int64_t>(id_)});
  all.insert(all.end(), fields.begin(), fields.end());
  log_->event(level, name, all);
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return result;
}

}  // namespace trialgate::dimse
