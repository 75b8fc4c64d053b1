#include "tests/dimse/support/client.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;

namespace {

// The scripted peers accept storage SOP classes; a requestor takes any as it is.
const Uid service = ct;
const Uid implicit_le("1.2.840.10008.1.2");

std::vector<ProposedContext> service_context() {
  return {{service, {implicit_le}}};
}

struct Message {
  int context = 0;
  CommandSet command;
  Bytes data_set;

  [[nodiscard]] std::uint16_t id() const { return command.us(CommandElement::message_id).value_or(0); }
};

Message receive_message(RawPeer& peer) {
  Message message;
  Bytes command;
  for (bool more = true; more;) {
    const auto pdu = peer.receive();
    REQUIRE(pdu);
    REQUIRE(pdu->type == 4);
    message.context = pdu->body[4];
    const bool is_command = (pdu->body[5] & 1) != 0;
    const bool last = (pdu->body[5] & 2) != 0;
    Bytes& part = is_command ? command : message.data_set;
    part.insert(part.end(), pdu->body.begin() + 6, pdu->body.end());
    more = !last;
    if (is_command && last) {
      auto parsed = CommandSet::parse(command);
      REQUIRE(parsed);
      message.command = std::move(*parsed);
      more = message.command.data_set_follows();
    }
  }
  return message;
}

void send_message(RawPeer& peer, int context, CommandSet command, const Bytes& data_set = {}) {
  command.set_us(CommandElement::command_data_set_type, data_set.empty() ? no_data_set : data_set_present);
  peer.send(p_data(context, true, true, command.encode()));
  if (!data_set.empty()) peer.send(p_data(context, false, true, data_set));
}

void answer(RawPeer& peer, const Message& request, std::uint16_t status, const Bytes& data_set = {}) {
  send_message(peer, request.context, response_to(request.command, status), data_set);
}

/// Tells whether anything of it was read.
class WatchedSource final : public InstanceSource {
 public:
  std::atomic<bool> touched = false;
  [[nodiscard]] std::uint64_t size_bytes() const override { return source_.size_bytes(); }
  Task<Result<std::span<const std::uint8_t>>> read(std::size_t at_most) override {
    touched = true;
    co_return co_await source_.read(at_most);
  }

 private:
  MemorySource source_{pattern(40000)};
};

/// C-STOREs that are begun all at once; instance i has the UID 1.2.i.
struct Stores {
  Stores(Client& client, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      sources.push_back(std::make_unique<WatchedSource>());
      StoreOperation operation = client.operation(*sources.back());
      operation.sop_instance = Uid("1.2." + std::to_string(i));
      responses.push_back(boost::asio::co_spawn(
          client.io.executor(), client.requestor().store(std::move(operation)), boost::asio::use_future));
    }
  }
  std::vector<std::unique_ptr<WatchedSource>> sources;
  std::vector<std::future<Result<StoreResponse>>> responses;
};

std::uint16_t number_of(const Message& store) {
  const auto uid = store.command.uid(CommandElement::affected_sop_instance_uid).value_or(Uid()).value();
  return static_cast<std::uint16_t>(std::stoi(uid.substr(4)));
}

RequestorConfig windowed(std::uint16_t port, std::uint16_t window) {
  RequestorConfig config = config_for(port);
  config.operations_window = window;
  return config;
}

void grant_window(RawPeer& peer, std::uint16_t window) {
  const AssociateRq rq = accept_as(peer, [window](AssociateAc& ac) {
    ac.user_information.async_operations_window = AsyncOperationsWindow{window, 1};
  });
  CHECK(rq.user_information.async_operations_window == AsyncOperationsWindow{4, 1});
}

/// Notes the requests and answers with what the test says.
class NotedService final : public NormalizedService {
 public:
  NormalizedResponse response;
  Task<NormalizedResponse> perform(NormalizedRequest request) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    co_return response;
  }
  std::vector<NormalizedRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::vector<NormalizedRequest> requests_;
};

}  // namespace

TEST_CASE("PS3.7 D.3.3.3: as many C-STOREs as the window has are under way, answered in any order") {
  RawListener listener;
  std::promise<void> window_full;
  std::promise<void> looked;
  auto script = play(listener, [&](RawPeer& peer) {
    grant_window(peer, 3);
    std::vector<Message> requests;
    for (int i = 0; i < 3; ++i) requests.push_back(receive_message(peer));
    window_full.set_value();
    looked.get_future().wait();
    for (const std::size_t i : {2UL, 0UL}) answer(peer, requests[i], 0xA700 + number_of(requests[i]));
    for (int i = 0; i < 2; ++i) requests.push_back(receive_message(peer));
    for (const std::size_t i : {4UL, 1UL, 3UL}) {
      CHECK(requests[i].data_set == pattern(40000));
      answer(peer, requests[i], 0xA700 + number_of(requests[i]));
    }
    CHECK(peer.receive()->type == 5);
    peer.send(encode_release_rp());
  });
  Client client(windowed(listener.port(), 4));
  REQUIRE(client.opened);
  CHECK(client.requestor().operations_window() == 3);
  Stores stores(client, 5);
  window_full.get_future().wait();
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(stores.sources[3]->touched);
  CHECK_FALSE(stores.sources[4]->touched);
  looked.set_value();
  for (std::size_t i = 0; i < 5; ++i) {
    const auto response = stores.responses[i].get();
    REQUIRE(response);
    CHECK(response->status == 0xA700 + i);
  }
  CHECK(client.io.run(client.requestor().release()));
  script.get();
}

TEST_CASE("An association that breaks with a window full: what was answered counts, the rest fails") {
  RawListener listener;
  auto script = play(listener, [&](RawPeer& peer) {
    grant_window(peer, 3);
    std::vector<Message> requests;
    for (int i = 0; i < 3; ++i) requests.push_back(receive_message(peer));
    answer(peer, requests[1], 0);
    peer.close();
  });
  Client client(windowed(listener.port(), 4));
  REQUIRE(client.opened);
  Stores stores(client, 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const auto response = stores.responses[i].get();
    if (i == 1) {
      REQUIRE(response);
      CHECK(response->status == 0);
    } else {
      REQUIRE_FALSE(response);
      const Errc why = code(response.error());
      CHECK((why == Errc::peer_closed || why == Errc::aborted));
    }
  }
  CHECK_FALSE(stores.sources[4]->touched);
  script.get();
}

TEST_CASE("Without a window in the answer operations wait for each other, also to our own acceptor") {
  {
    RawListener listener;
    auto script = play(listener, [](RawPeer& peer) {
      accept_as(peer, [](AssociateAc& ac) { ac.user_information.async_operations_window.reset(); });
      for (int i = 0; i < 3; ++i) answer(peer, receive_message(peer), 0);
      peer.receive();
    });
    Client client(windowed(listener.port(), 4));
    REQUIRE(client.opened);
    CHECK(client.requestor().operations_window() == 1);
    Stores stores(client, 3);
    for (auto& response : stores.responses) CHECK(response.get());
    client.io.run(client.abort_there());
    script.get();
  }
  Node node;
  Client client(windowed(node.port, 100));
  REQUIRE(client.opened);
  CHECK(client.requestor().operations_window() == test_config().max_operations_invoked);
  Stores stores(client, 40);
  for (auto& response : stores.responses) CHECK(response.get().value().status == 0);
  const auto stored = node.service.stored();
  REQUIRE(stored.size() == 40);
  for (const auto& one : stored) CHECK(one.data_set == pattern(40000));
}

TEST_CASE("PS3.7 10.3: normalized operations name what they are about as Affected or as Requested") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    const Message action = receive_message(peer);
    CHECK(action.command.command_field() == 0x0130);
    CHECK(action.command.uid(CommandElement::requested_sop_class_uid) == service);
    CHECK(action.command.uid(CommandElement::requested_sop_instance_uid) == Uid("1.2.3"));
    CHECK(action.command.us(CommandElement::action_type_id) == 7);
    CHECK(action.data_set == pattern(20));
    answer(peer, action, 0x0112);
    const Message create = receive_message(peer);
    CHECK(create.command.command_field() == 0x0140);
    CHECK(create.command.uid(CommandElement::affected_sop_class_uid) == service);
    CHECK_FALSE(create.command.uid(CommandElement::affected_sop_instance_uid));
    CommandSet created = response_to(create.command, 0);
    created.set_uid(CommandElement::affected_sop_instance_uid, Uid("1.2.9"));
    send_message(peer, create.context, created, pattern(30));
    const Message get = receive_message(peer);
    CHECK(get.command.text(CommandElement::attribute_identifier_list) ==
          std::string("\x08\0\x18\0\x10\0\x10", 7));
    CHECK_FALSE(get.command.data_set_follows());
    answer(peer, get, 0);
    peer.receive();
  });
  Client client(config_for(listener.port()), service_context());
  REQUIRE(client.opened);
  NormalizedOperation operation;
  operation.sop_class = service;
  operation.sop_instance = Uid("1.2.3");
  operation.type_id = 7;
  operation.transfer_syntax = implicit_le;
  operation.data_set = pattern(20);
  const auto acted = client.io.run(client.requestor().perform(operation));
  REQUIRE(acted);
  CHECK(acted->status == 0x0112);
  CHECK(acted->data_set.empty());
  operation.command = CommandField::n_create_rq;
  operation.sop_instance = Uid();
  const auto created = client.io.run(client.requestor().perform(operation));
  REQUIRE(created);
  CHECK(created->sop_instance == Uid("1.2.9"));
  CHECK(created->data_set == pattern(30));
  CHECK(created->transfer_syntax == implicit_le);
  NormalizedOperation get;
  get.command = CommandField::n_get_rq;
  get.sop_class = service;
  get.sop_instance = Uid("1.2.3");
  get.attributes = {0x00080018, 0x00100010};
  CHECK(client.io.run(client.requestor().perform(get)));
  client.io.run(client.abort_there());
  script.get();
}

TEST_CASE("N-EVENT-REPORT of the peer while our own request is under way is performed and answered") {
  RawListener listener;
  NotedService noted;
  noted.response.status = 0x0113;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    const Message echo = receive_message(peer);
    CommandSet event;
    event.set_us(CommandElement::command_field, 0x0100);
    event.set_us(CommandElement::message_id, 77);
    event.set_uid(CommandElement::affected_sop_class_uid, service);
    event.set_uid(CommandElement::affected_sop_instance_uid, Uid("1.2.3"));
    event.set_us(CommandElement::event_type_id, 2);
    send_message(peer, 3, event, pattern(50));
    const Message answered = receive_message(peer);
    CHECK(answered.context == 3);
    CHECK(answered.command.command_field() == 0x8100);
    CHECK(answered.command.us(CommandElement::message_id_being_responded_to) == 77);
    CHECK(answered.command.us(CommandElement::status) == 0x0113);
    CHECK(answered.command.us(CommandElement::event_type_id) == 2);
    CHECK(answered.command.uid(CommandElement::affected_sop_instance_uid) == Uid("1.2.3"));
    answer(peer, echo, 0);
    peer.receive();
  });
  Client client(config_for(listener.port()), usual_contexts(), {nullptr, &noted});
  REQUIRE(client.opened);
  CHECK(client.io.run(client.requestor().echo()));
  const auto requests = noted.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].command_field == 0x0100);
  CHECK(requests[0].type_id == 2);
  CHECK(requests[0].sop_instance == Uid("1.2.3"));
  CHECK(requests[0].transfer_syntax == explicit_le);
  CHECK(requests[0].data_set == pattern(50));
  client.io.run(client.abort_there());
  script.get();
}

TEST_CASE("C-GET: the peer's C-STOREs go to the service, roles are proposed, counters come back") {
  RawListener listener;
  MemoryService received;
  auto script = play(listener, [&received](RawPeer& peer) {
    const AssociateRq rq = accept_as(peer, [](AssociateAc& ac) {
      ac.user_information.roles = {{ct, false, true}};
    });
    CHECK(rq.user_information.roles == std::vector<RoleSelection>{{ct, false, true}});
    const Message get = receive_message(peer);
    CHECK(get.command.command_field() == 0x0010);
    CHECK(get.data_set == pattern(40));
    for (std::uint16_t i = 0; i < 2; ++i) {
      if (i == 1) received.behave({.refusal = StoreOutcome{0xA700, "no space"}});
      CStoreRq store;
      store.message_id = 100 + i;
      store.affected_sop_class = ct;
      store.affected_sop_instance = Uid("1.2.4");
      send_message(peer, 3, store.to_command_set(), pattern(10000));
      const Message stored = receive_message(peer);
      CHECK(stored.command.us(CommandElement::message_id_being_responded_to) == 100 + i);
      CHECK(stored.command.us(CommandElement::status) == (i == 0 ? 0 : 0xA700));
      CommandSet pending = response_to(get.command, 0xFF00);
      pending.set_us(CommandElement::number_of_remaining_sub_operations, 1 - i);
      pending.set_us(CommandElement::number_of_completed_sub_operations, 1);
      send_message(peer, get.context, pending);
    }
    CommandSet done = response_to(get.command, 0xB000);
    done.set_us(CommandElement::number_of_completed_sub_operations, 1);
    done.set_us(CommandElement::number_of_failed_sub_operations, 1);
    send_message(peer, get.context, done, pattern(8));
    peer.receive();
  });
  const Uid get_class{std::string(study_root_get)};
  Client client(
      config_for(listener.port()),
      {{get_class, {implicit_le}}, {ct, {explicit_le}, ProposedRole::scp}, {ct, {jpeg}, ProposedRole::scp}},
      {&received, nullptr});
  REQUIRE(client.opened);
  CHECK(client.requestor().is_scp_of(ct));
  CHECK_FALSE(client.requestor().is_scp_of(get_class));
  RetrieveOperation retrieve;
  retrieve.sop_class = get_class;
  retrieve.transfer_syntax = implicit_le;
  retrieve.identifier = pattern(40);
  std::vector<std::uint32_t> remaining;
  retrieve.progress = [&](const SubOperations& counts) {
    remaining.push_back(counts.remaining);
    return true;
  };
  const auto result = client.io.run(client.requestor().retrieve(retrieve));
  REQUIRE(result);
  CHECK(result->status == 0xB000);
  CHECK(result->sub_operations.completed == 1);
  CHECK(result->sub_operations.failed == 1);
  CHECK(result->identifier == pattern(8));
  CHECK(remaining == std::vector<std::uint32_t>{1, 0});
  const auto stored = received.stored();
  REQUIRE(stored.size() == 1);
  CHECK(stored[0].data_set == pattern(10000));
  CHECK(stored[0].request.transfer_syntax == explicit_le);
  client.io.run(client.abort_there());
  CHECK(eventually([&] { return received.ends().size() == 1; }));
  script.get();
}

TEST_CASE("C-MOVE names its destination; C-CANCEL goes out when a pending response is enough") {
  RawListener listener;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    const Message move = receive_message(peer);
    CHECK(move.command.command_field() == 0x0021);
    CHECK(move.command.text(CommandElement::move_destination) == "NODE");
    answer(peer, move, 0xFF00);
    const Message cancel = receive_message(peer);
    CHECK(cancel.command.command_field() == 0x0FFF);
    CHECK(cancel.command.us(CommandElement::message_id_being_responded_to) == move.id());
    answer(peer, move, 0xFF00);
    answer(peer, move, 0xFE00);
    peer.receive();
  });
  Client client(config_for(listener.port()), service_context());
  REQUIRE(client.opened);
  int pending = 0;
  RetrieveOperation retrieve;
  retrieve.sop_class = service;
  retrieve.transfer_syntax = implicit_le;
  retrieve.identifier = pattern(40);
  retrieve.destination = AeTitle("NODE");
  retrieve.progress = [&](const SubOperations&) { return ++pending < 1; };
  const auto result = client.io.run(client.requestor().retrieve(retrieve));
  REQUIRE(result);
  CHECK(result->status == 0xFE00);
  CHECK(pending == 1);
  client.io.run(client.abort_there());
  script.get();
}

TEST_CASE(
    "C-FIND hands matches on as they come; a peer that ignores C-CANCEL is given one response deadline") {
  RawListener listener;
  auto config = config_for(listener.port());
  config.response = 300ms;
  auto script = play(listener, [](RawPeer& peer) {
    accept_all(peer);
    const Message find = receive_message(peer);
    CommandSet pending = response_to(find.command, 0xFF00);
    pending.set_us(CommandElement::command_data_set_type, data_set_present);
    const Bytes bytes = join(p_data(find.context, true, true, pending.encode()),
                             p_data(find.context, false, true, pattern(10)));
    while (peer.try_send(bytes)) std::this_thread::sleep_for(10ms);
  });
  Client client(config, service_context());
  REQUIRE(client.opened);
  std::size_t matches = 0;
  FindOperation find;
  find.sop_class = service;
  find.transfer_syntax = implicit_le;
  find.identifier = pattern(40);
  find.on_match = [&](const Bytes& match) {
    CHECK(match == pattern(10));
    return ++matches < 3;
  };
  const auto found = client.io.run(client.requestor().find(std::move(find)));
  REQUIRE_FALSE(found);
  CHECK(code(found.error()) == Errc::deadline_expired);
  CHECK(matches == 3);
  script.get();
}
