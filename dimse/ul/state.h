#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace trialgate::dimse {

/// States of an association (PS3.8 tables 9-1 to 9-5).
enum class State : std::uint8_t {
  sta1_idle = 1,
  sta2_awaiting_associate_rq,
  sta3_awaiting_local_associate_response,
  sta4_awaiting_transport_open,
  sta5_awaiting_associate_ac_or_rj,
  sta6_data,
  sta7_awaiting_release_rp,
  sta8_awaiting_local_release_response,
  sta9_collision_requestor_awaiting_local_response,
  sta10_collision_acceptor_awaiting_release_rp,
  sta11_collision_requestor_awaiting_release_rp,
  sta12_collision_acceptor_awaiting_local_response,
  sta13_awaiting_close,
};
inline constexpr std::size_t state_count = 13;

/// Events (PS3.8 table 9-10, rows). `request` and `response` come from the local user, `pdu` from the peer.
enum class Event : std::uint8_t {
  evt1_associate_request = 1,
  evt2_transport_confirmed,
  evt3_associate_ac_pdu,
  evt4_associate_rj_pdu,
  evt5_transport_indicated,
  evt6_associate_rq_pdu,
  evt7_associate_response_accept,
  evt8_associate_response_reject,
  evt9_p_data_request,
  evt10_p_data_pdu,
  evt11_release_request,
  evt12_release_rq_pdu,
  evt13_release_rp_pdu,
  evt14_release_response,
  evt15_abort_request,
  evt16_abort_pdu,
  evt17_transport_closed,
  evt18_artim_expired,
  evt19_invalid_pdu,
};
inline constexpr std::size_t event_count = 19;

/// Actions (PS3.8 tables 9-6 to 9-9). `none` marks the cells that the standard leaves empty.
enum class Action : std::uint8_t {
  none,
  ae1,
  ae2,
  ae3,
  ae4,
  ae5,
  ae6,
  ae7,
  ae8,
  dt1,
  dt2,
  ar1,
  ar2,
  ar3,
  ar4,
  ar5,
  ar6,
  ar7,
  ar8,
  ar9,
  ar10,
  aa1,
  aa2,
  aa3,
  aa4,
  aa5,
  aa6,
  aa7,
  aa8,
};

/// One cell: what to do and where it leads. AE-6 and AR-8 have two ways: `next` for a request that is
/// acceptable and for the association-requestor, `otherwise` for the other case; all else has `otherwise`
/// equal to `next`.
struct Step {
  Action action = Action::none;
  State next = State::sta1_idle;
  State otherwise = State::sta1_idle;

  [[nodiscard]] constexpr bool is_defined() const noexcept { return action != Action::none; }
  bool operator==(const Step&) const = default;
};

/// PS3.8 table 9-10 with all 13 x 19 cells. An undefined cell of a local event is a bug of the caller;
/// undefined cells of the peer's events do not exist once a transport connection is open.
[[nodiscard]] constexpr Step step(State state, Event event) noexcept;

namespace table_9_10 {

using Row = std::array<Action, state_count>;
using enum Action;

// clang-format off
inline constexpr std::array<Row, event_count> actions = {{
    //  1     2     3     4     5     6     7     8     9     10    11    12    13
    {{ae1,  none, none, none, none, none, none, none, none, none, none, none, none}},  // Evt1
    {{none, none, none, ae2,  none, none, none, none, none, none, none, none, none}},  // Evt2
    {{none, aa1,  aa8,  none, ae3,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa6}},   // Evt3
    {{none, aa1,  aa8,  none, ae4,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa6}},   // Evt4
    {{ae5,  none, none, none, none, none, none, none, none, none, none, none, none}},  // Evt5
    {{none, ae6,  aa8,  none, aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa7}},   // Evt6
    {{none, none, ae7,  none, none, none, none, none, none, none, none, none, none}},  // Evt7
    {{none, none, ae8,  none, none, none, none, none, none, none, none, none, none}},  // Evt8
    {{none, none, none, none, none, dt1,  none, ar7,  none, none, none, none, none}},  // Evt9
    {{none, aa1,  aa8,  none, aa8,  dt2,  ar6,  aa8,  aa8,  aa8,  aa8,  aa8,  aa6}},   // Evt10
    {{none, none, none, none, none, ar1,  none, none, none, none, none, none, none}},  // Evt11
    {{none, aa1,  aa8,  none, aa8,  ar2,  ar8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa6}},   // Evt12
    {{none, aa1,  aa8,  none, aa8,  aa8,  ar3,  aa8,  aa8,  ar10, ar3,  aa8,  aa6}},   // Evt13
    {{none, none, none, none, none, none, none, ar4,  ar9,  none, none, ar4,  none}},  // Evt14
    {{none, none, aa1,  aa2,  aa1,  aa1,  aa1,  aa1,  aa1,  aa1,  aa1,  aa1,  none}},  // Evt15
    {{none, aa2,  aa3,  none, aa3,  aa3,  aa3,  aa3,  aa3,  aa3,  aa3,  aa3,  aa2}},   // Evt16
    {{none, aa5,  aa4,  aa4,  aa4,  aa4,  aa4,  aa4,  aa4,  aa4,  aa4,  aa4,  ar5}},   // Evt17
    {{none, aa2,  none, none, none, none, none, none, none, none, none, none, aa2}},   // Evt18
    {{none, aa1,  aa8,  none, aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa8,  aa7}},   // Evt19
}};
// clang-format on

/// Where an action leads. Every action leads to the same state wherever it stands, but for AR-7 and AR-6,
/// which stay.
constexpr Step lead(Action action, State from) noexcept {
  using enum State;
  const auto to = [action](State next) { return Step{action, next, next}; };
  switch (action) {
    case ae1:
      return to(sta4_awaiting_transport_open);
    case ae2:
      return to(sta5_awaiting_associate_ac_or_rj);
    case ae3:
    case ae7:
      return to(sta6_data);
    case ae5:
      return to(sta2_awaiting_associate_rq);
    case ae6:
      return {action, sta3_awaiting_local_associate_response, sta13_awaiting_close};
    case dt1:
    case dt2:
    case ar6:
    case ar7:
    case aa6:
      return to(from);
    case ar1:
      return to(sta7_awaiting_release_rp);
    case ar2:
      return to(sta8_awaiting_local_release_response);
    case ar8:
      return {action, sta9_collision_requestor_awaiting_local_response,
              sta10_collision_acceptor_awaiting_release_rp};
    case ar9:
      return to(sta11_collision_requestor_awaiting_release_rp);
    case ar10:
      return to(sta12_collision_acceptor_awaiting_local_response);
    case ae8:
    case ar4:
    case aa1:
    case aa7:
    case aa8:
      return to(sta13_awaiting_close);
    case none:
    case ae4:
    case ar3:
    case ar5:
    case aa2:
    case aa3:
    case aa4:
    case aa5:
      return to(sta1_idle);
  }
  return {};
}

}  // namespace table_9_10

constexpr Step step(State state, Event event) noexcept {
  const auto row = static_cast<std::size_t>(event) - 1;
  const auto column = static_cast<std::size_t>(state) - 1;
  return table_9_10::lead(table_9_10::actions[row][column], state);
}

static_assert(step(State::sta6_data, Event::evt10_p_data_pdu).action == Action::dt2);
static_assert(step(State::sta2_awaiting_associate_rq, Event::evt6_associate_rq_pdu).otherwise ==
              State::sta13_awaiting_close);
static_assert(step(State::sta8_awaiting_local_release_response, Event::evt9_p_data_request).next ==
              State::sta8_awaiting_local_release_response);
static_assert(!step(State::sta13_awaiting_close, Event::evt15_abort_request).is_defined());

}  // namespace trialgate::dimse
