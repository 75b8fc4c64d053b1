#pragma once

#include "dimse/ul/state.h"

namespace trialgate::dimse {

enum class Role : std::uint8_t { requestor, acceptor };

/// What an action asks of its surroundings (PS3.8 tables 9-6 to 9-9), in the order of the members.
struct Effects {
  enum class Send : std::uint8_t {
    nothing,
    associate_rq,
    associate_ac,
    associate_rj,
    p_data,
    release_rq,
    release_rp,
    abort_by_user,
    abort_by_provider
  };
  enum class Artim : std::uint8_t { unchanged, start, stop };
  enum class Indicate : std::uint8_t {
    nothing,
    associate,
    associate_accepted,
    associate_rejected,
    p_data,
    release,
    release_confirmed,
    abort,
    provider_abort
  };

  Send send = Send::nothing;
  Artim artim = Artim::unchanged;
  Indicate indicate = Indicate::nothing;
  bool open_transport = false;
  bool close_transport = false;

  bool operator==(const Effects&) const = default;
};

/// What `action` does. AE-6 gives the case of an acceptable request; the other case is that of AE-8.
[[nodiscard]] Effects effects_of(Action action) noexcept;

/// The state machine of one association (PS3.8 §9.2). Pure: it knows neither socket nor clock.
class AssociationMachine {
 public:
  explicit AssociationMachine(Role role) noexcept : role_(role) {}

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] Role role() const noexcept { return role_; }

  /// The cell of the table is not empty.
  [[nodiscard]] bool allows(Event event) const noexcept { return step(state_, event).is_defined(); }

  /// Goes one step. `event` must be allowed. `acceptable` matters for Evt6 in Sta2 only: the request can be
  /// passed to the user (otherwise it is rejected at once, as for an unsupported protocol version).
  Effects process(Event event, bool acceptable = true) noexcept;

 private:
  Role role_;
  State state_ = State::sta1_idle;
};

}  // namespace trialgate::dimse
