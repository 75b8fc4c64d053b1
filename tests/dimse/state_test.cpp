#include "dimse/ul/state.h"

#include "dimse/ul/association_machine.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace trialgate::dimse;

namespace {

// PS3.8 table 9-10 read column by column: "event:action/next state", and after a bar the state of the other
// case.
const std::array<const char*, 13> columns = {
    "1:AE-1/4 5:AE-5/2",
    "3:AA-1/13 4:AA-1/13 6:AE-6/3|13 10:AA-1/13 12:AA-1/13 13:AA-1/13 16:AA-2/1 17:AA-5/1 18:AA-2/1 "
    "19:AA-1/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 7:AE-7/6 8:AE-8/13 10:AA-8/13 12:AA-8/13 13:AA-8/13 15:AA-1/13 16:AA-3/1 "
    "17:AA-4/1 19:AA-8/13",
    "2:AE-2/5 15:AA-2/1 17:AA-4/1",
    "3:AE-3/6 4:AE-4/1 6:AA-8/13 10:AA-8/13 12:AA-8/13 13:AA-8/13 15:AA-1/13 16:AA-3/1 17:AA-4/1 19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 9:DT-1/6 10:DT-2/6 11:AR-1/7 12:AR-2/8 13:AA-8/13 15:AA-1/13 16:AA-3/1 "
    "17:AA-4/1 19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 10:AR-6/7 12:AR-8/9|10 13:AR-3/1 15:AA-1/13 16:AA-3/1 17:AA-4/1 "
    "19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 9:AR-7/8 10:AA-8/13 12:AA-8/13 13:AA-8/13 14:AR-4/13 15:AA-1/13 16:AA-3/1 "
    "17:AA-4/1 19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 10:AA-8/13 12:AA-8/13 13:AA-8/13 14:AR-9/11 15:AA-1/13 16:AA-3/1 "
    "17:AA-4/1 "
    "19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 10:AA-8/13 12:AA-8/13 13:AR-10/12 15:AA-1/13 16:AA-3/1 17:AA-4/1 "
    "19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 10:AA-8/13 12:AA-8/13 13:AR-3/1 15:AA-1/13 16:AA-3/1 17:AA-4/1 19:AA-8/13",
    "3:AA-8/13 4:AA-8/13 6:AA-8/13 10:AA-8/13 12:AA-8/13 13:AA-8/13 14:AR-4/13 15:AA-1/13 16:AA-3/1 "
    "17:AA-4/1 "
    "19:AA-8/13",
    "3:AA-6/13 4:AA-6/13 6:AA-7/13 10:AA-6/13 12:AA-6/13 13:AA-6/13 16:AA-2/1 17:AR-5/1 18:AA-2/1 19:AA-7/13",
};

Action action_named(const std::string& name) {
  static const std::map<std::string, Action> actions = {
      {"AE-1", Action::ae1}, {"AE-2", Action::ae2}, {"AE-3", Action::ae3}, {"AE-4", Action::ae4},
      {"AE-5", Action::ae5}, {"AE-6", Action::ae6}, {"AE-7", Action::ae7}, {"AE-8", Action::ae8},
      {"DT-1", Action::dt1}, {"DT-2", Action::dt2}, {"AR-1", Action::ar1}, {"AR-2", Action::ar2},
      {"AR-3", Action::ar3}, {"AR-4", Action::ar4}, {"AR-5", Action::ar5}, {"AR-6", Action::ar6},
      {"AR-7", Action::ar7}, {"AR-8", Action::ar8}, {"AR-9", Action::ar9}, {"AR-10", Action::ar10},
      {"AA-1", Action::aa1}, {"AA-2", Action::aa2}, {"AA-3", Action::aa3}, {"AA-4", Action::aa4},
      {"AA-5", Action::aa5}, {"AA-6", Action::aa6}, {"AA-7", Action::aa7}, {"AA-8", Action::aa8}};
  return actions.at(name);
}

/// The cells of one column that are not empty.
std::map<int, Step> parse_column(const char* text) {
  std::map<int, Step> cells;
  std::istringstream in(text);
  for (std::string cell; in >> cell;) {
    const auto colon = cell.find(':');
    const auto slash = cell.find('/');
    const auto bar = cell.find('|');
    const int next = std::stoi(cell.substr(slash + 1));
    const int otherwise = bar == std::string::npos ? next : std::stoi(cell.substr(bar + 1));
    cells[std::stoi(cell)] = Step{action_named(cell.substr(colon + 1, slash - colon - 1)),
                                  static_cast<State>(next), static_cast<State>(otherwise)};
  }
  return cells;
}

/// Brings a machine into `state` by events that lead there.
AssociationMachine machine_in(State state) {
  using enum Event;
  static const std::map<State, std::pair<Role, std::vector<Event>>> ways = {
      {State::sta1_idle, {Role::acceptor, {}}},
      {State::sta2_awaiting_associate_rq, {Role::acceptor, {evt5_transport_indicated}}},
      {State::sta3_awaiting_local_associate_response,
       {Role::acceptor, {evt5_transport_indicated, evt6_associate_rq_pdu}}},
      {State::sta4_awaiting_transport_open, {Role::requestor, {evt1_associate_request}}},
      {State::sta5_awaiting_associate_ac_or_rj,
       {Role::requestor, {evt1_associate_request, evt2_transport_confirmed}}},
      {State::sta6_data,
       {Role::acceptor, {evt5_transport_indicated, evt6_associate_rq_pdu, evt7_associate_response_accept}}},
      {State::sta7_awaiting_release_rp,
       {Role::requestor,
        {evt1_associate_request, evt2_transport_confirmed, evt3_associate_ac_pdu, evt11_release_request}}},
      {State::sta8_awaiting_local_release_response,
       {Role::requestor,
        {evt1_associate_request, evt2_transport_confirmed, evt3_associate_ac_pdu, evt12_release_rq_pdu}}},
      {State::sta9_collision_requestor_awaiting_local_response,
       {Role::requestor,
        {evt1_associate_request, evt2_transport_confirmed, evt3_associate_ac_pdu, evt11_release_request,
         evt12_release_rq_pdu}}},
      {State::sta10_collision_acceptor_awaiting_release_rp,
       {Role::acceptor,
        {evt5_transport_indicated, evt6_associate_rq_pdu, evt7_associate_response_accept,
         evt11_release_request, evt12_release_rq_pdu}}},
      {State::sta11_collision_requestor_awaiting_release_rp,
       {Role::requestor,
        {evt1_associate_request, evt2_transport_confirmed, evt3_associate_ac_pdu, evt11_release_request,
         evt12_release_rq_pdu, evt14_release_response}}},
      {State::sta12_collision_acceptor_awaiting_local_response,
       {Role::acceptor,
        {evt5_transport_indicated, evt6_associate_rq_pdu, evt7_associate_response_accept,
         evt11_release_request, evt12_release_rq_pdu, evt13_release_rp_pdu}}},
      {State::sta13_awaiting_close, {Role::acceptor, {evt5_transport_indicated, evt19_invalid_pdu}}},
  };
  const auto& [role, events] = ways.at(state);
  AssociationMachine machine(role);
  for (const Event event : events) machine.process(event);
  return machine;
}

}  // namespace

TEST_CASE("PS3.8 table 9-10: all 13 x 19 cells are those of the standard") {
  for (int state = 1; state <= 13; ++state) {
    const auto cells = parse_column(columns[static_cast<std::size_t>(state - 1)]);
    for (int event = 1; event <= 19; ++event) {
      CAPTURE(state);
      CAPTURE(event);
      const Step actual = step(static_cast<State>(state), static_cast<Event>(event));
      const auto expected = cells.find(event);
      if (expected == cells.end()) {
        CHECK_FALSE(actual.is_defined());
      } else {
        CHECK(actual == expected->second);
      }
    }
  }
}

TEST_CASE("PS3.8 table 9-10: the machine goes where the table says, from every state") {
  for (int number = 1; number <= 13; ++number) {
    const auto state = static_cast<State>(number);
    for (const auto& [event, cell] : parse_column(columns[static_cast<std::size_t>(number - 1)])) {
      CAPTURE(number);
      CAPTURE(event);
      AssociationMachine machine = machine_in(state);
      REQUIRE(machine.state() == state);
      REQUIRE(machine.allows(static_cast<Event>(event)));
      const Effects effects = machine.process(static_cast<Event>(event));
      const bool other_case = cell.action == Action::ar8 && machine.role() == Role::acceptor;
      CHECK(machine.state() == (other_case ? cell.otherwise : cell.next));
      CHECK(effects == effects_of(cell.action));
    }
  }
}

TEST_CASE("PS3.8 AE-6: a request that cannot be passed on is rejected at once") {
  AssociationMachine machine = machine_in(State::sta2_awaiting_associate_rq);
  const Effects effects = machine.process(Event::evt6_associate_rq_pdu, false);
  CHECK(effects.send == Effects::Send::associate_rj);
  CHECK(effects.artim == Effects::Artim::start);
  CHECK(machine.state() == State::sta13_awaiting_close);
}

TEST_CASE("PS3.8 AR-8: a release collision parts by role") {
  AssociationMachine acceptor = machine_in(State::sta6_data);
  acceptor.process(Event::evt11_release_request);
  acceptor.process(Event::evt12_release_rq_pdu);
  CHECK(acceptor.state() == State::sta10_collision_acceptor_awaiting_release_rp);
  CHECK(machine_in(State::sta9_collision_requestor_awaiting_local_response).role() == Role::requestor);
}

TEST_CASE("PS3.8 9.1.4: ARTIM runs in Sta2 and Sta13 only") {
  CHECK(effects_of(Action::ae5).artim == Effects::Artim::start);
  CHECK(effects_of(Action::ae6).artim == Effects::Artim::stop);
  for (const Action action : {Action::ae8, Action::ar4, Action::aa1, Action::aa8})
    CHECK(effects_of(action).artim == Effects::Artim::start);
  for (const Action action : {Action::ae1, Action::ae2, Action::ae3, Action::ae7, Action::ar1, Action::ar9})
    CHECK(effects_of(action).artim == Effects::Artim::unchanged);
}
