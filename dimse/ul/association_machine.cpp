#include "dimse/ul/association_machine.h"

#include <cassert>

namespace trialgate::dimse {

Effects effects_of(Action action) noexcept {
  using Send = Effects::Send;
  using Artim = Effects::Artim;
  using Indicate = Effects::Indicate;
  switch (action) {
    case Action::none:
    case Action::aa6:
      return {};
    case Action::ae1:
      return {.open_transport = true};
    case Action::ae2:
      return {.send = Send::associate_rq};
    case Action::ae3:
      return {.indicate = Indicate::associate_accepted};
    case Action::ae4:
      return {.indicate = Indicate::associate_rejected, .close_transport = true};
    case Action::ae5:
      return {.artim = Artim::start};
    case Action::ae6:
      return {.artim = Artim::stop, .indicate = Indicate::associate};
    case Action::ae7:
      return {.send = Send::associate_ac};
    case Action::ae8:
      return {.send = Send::associate_rj, .artim = Artim::start};
    case Action::dt1:
    case Action::ar7:
      return {.send = Send::p_data};
    case Action::dt2:
    case Action::ar6:
      return {.indicate = Indicate::p_data};
    case Action::ar1:
      return {.send = Send::release_rq};
    case Action::ar2:
    case Action::ar8:
      return {.indicate = Indicate::release};
    case Action::ar3:
      return {.indicate = Indicate::release_confirmed, .close_transport = true};
    case Action::ar4:
      return {.send = Send::release_rp, .artim = Artim::start};
    case Action::ar5:
    case Action::aa5:
      return {.artim = Artim::stop};
    case Action::ar9:
      return {.send = Send::release_rp};
    case Action::ar10:
      return {.indicate = Indicate::release_confirmed};
    case Action::aa1:
      return {.send = Send::abort_by_user, .artim = Artim::start};
    case Action::aa2:
      return {.artim = Artim::stop, .close_transport = true};
    case Action::aa3:
      return {.indicate = Indicate::abort, .close_transport = true};
    case Action::aa4:
      return {.indicate = Indicate::provider_abort};
    case Action::aa7:
      return {.send = Send::abort_by_provider};
    case Action::aa8:
      return {.send = Send::abort_by_provider, .artim = Artim::start, .indicate = Indicate::provider_abort};
  }
  return {};
}

Effects AssociationMachine::process(Event event, bool acceptable) noexcept {
  const Step cell = step(state_, event);
  assert(cell.is_defined());
  switch (cell.action) {
    case Action::ae6:
      state_ = acceptable ? cell.next : cell.otherwise;
      return effects_of(acceptable ? Action::ae6 : Action::ae8);
    case Action::ar8:
      state_ = role_ == Role::requestor ? cell.next : cell.otherwise;
      return effects_of(cell.action);
    default:
      state_ = cell.next;
      return effects_of(cell.action);
  }
}

}  // namespace trialgate::dimse
