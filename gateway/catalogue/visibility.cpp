#include "gateway/catalogue/visibility.h"

#include <algorithm>

namespace trialgate::gateway {

storage::Shelf shelf_of(const View& view) {
  switch (view.shows) {
    case ViewKind::released:
      return {storage::ShelfKind::derived, {}};
    case ViewKind::quarantine:
      return {storage::ShelfKind::received, {}};
    case ViewKind::delivered:
      return {storage::ShelfKind::delivered, view.destination};
  }
  return {};
}

bool shows(const View& view, const storage::SubmissionRow& submission) {
  using enum storage::SubmissionState;
  const bool of_its_sites =
      view.sites.empty() || std::ranges::find(view.sites, submission.site) != view.sites.end();
  if (!of_its_sites) return false;
  const storage::SubmissionState state = submission.state;
  switch (view.shows) {
    case ViewKind::released:
      return state == deidentified || state == delivering || state == delivered || state == confirmed;
    case ViewKind::quarantine:
      return state == receiving || state == examined || state == quarantined;
    case ViewKind::delivered:
      // What a reader has is his whatever happens to the next version.
      return state != withdrawn;
  }
  return false;
}

}  // namespace trialgate::gateway
