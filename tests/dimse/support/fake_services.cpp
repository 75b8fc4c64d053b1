#include "tests/dimse/support/fake_services.h"

#include "tests/dimse/support/memory_source.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace trialgate::test {

using namespace dimse;

namespace {

Task<void> pause(std::chrono::milliseconds time) {
  if (time.count() == 0) co_return;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  [[maybe_unused]] const auto waited = co_await timer.async_wait(use_task);
}

}  // namespace

class FakeFind::Matches final : public FindMatches {
 public:
  explicit Matches(FakeFind& service) : service_(service) { ++service_.alive; }
  ~Matches() override { --service_.alive; }

  Task<std::variant<FindMatch, FindEnd>> next() override {
    co_await pause(service_.each_takes);
    if (given_++ >= service_.matches) co_return service_.end;
    ++service_.given;
    co_return FindMatch{service_.identifier, service_.all_keys_supported};
  }

 private:
  FakeFind& service_;
  std::size_t given_ = 0;
};

Task<std::unique_ptr<FindMatches>> FakeFind::find(FindRequest request) {
  {
    const std::lock_guard lock(mutex_);
    last_ = std::move(request);
  }
  co_return std::make_unique<Matches>(*this);
}

std::optional<FindRequest> FakeFind::last_request() {
  const std::lock_guard lock(mutex_);
  return last_;
}

class FakeRetrieve::Get final : public GetOperation {
 public:
  explicit Get(FakeRetrieve& service) : service_(service) { ++service_.alive; }
  ~Get() override { --service_.alive; }

  [[nodiscard]] std::size_t total() const override { return service_.instances; }
  Task<std::optional<SubOperation>> next(const AcceptedSyntaxes& accepted) override {
    SubOperation sub;
    sub.sop_class = Uid(ct_image_storage);
    sub.sop_instance = Uid("1.2." + std::to_string(given_));
    const auto syntaxes = accepted.of(sub.sop_class);
    if (!syntaxes.empty()) {
      sub.transfer_syntax = syntaxes.front();
      auto source = std::make_unique<MemorySource>(Bytes(service_.instance_bytes, 7));
      if (service_.breaks_at == given_) source->fail_at = service_.instance_bytes / 2;
      sub.source = std::move(source);
    }
    ++given_;
    co_return std::move(sub);
  }
  void answered(std::uint16_t) override { ++service_.answered; }

 private:
  FakeRetrieve& service_;
  std::size_t given_ = 0;
};

class FakeRetrieve::Move final : public MoveOperation {
 public:
  explicit Move(FakeRetrieve& service) : service_(service) {
    ++service_.alive;
    counts_.remaining = static_cast<std::uint32_t>(service_.instances);
  }
  ~Move() override { --service_.alive; }

  Task<std::variant<SubOperations, MoveEnd>> next() override {
    co_await pause(service_.each_takes);
    if (counts_.remaining > 0 && !cancelled_) {
      --counts_.remaining;
      const bool fails = counts_.remaining < service_.move_failures.size();
      ++(fails ? counts_.failed : counts_.completed);
    }
    if (counts_.remaining > 0 && !cancelled_) co_return counts_;
    MoveEnd end;
    end.counts = counts_;
    end.failed = service_.move_failures;
    co_return std::move(end);
  }
  void cancel() override { cancelled_ = true; }

 private:
  FakeRetrieve& service_;
  SubOperations counts_;
  bool cancelled_ = false;
};

Task<std::variant<std::unique_ptr<GetOperation>, RetrieveRefusal>> FakeRetrieve::get(
    RetrieveRequest request) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(request);
  if (refusal) co_return *refusal;
  std::unique_ptr<GetOperation> operation = std::make_unique<Get>(*this);
  co_return std::move(operation);
}

Task<std::variant<std::unique_ptr<MoveOperation>, RetrieveRefusal>> FakeRetrieve::move(
    RetrieveRequest request) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(request);
  if (refusal) co_return *refusal;
  std::unique_ptr<MoveOperation> operation = std::make_unique<Move>(*this);
  co_return std::move(operation);
}

std::optional<RetrieveRequest> FakeRetrieve::last_request() {
  const std::lock_guard lock(mutex_);
  return last_;
}

Task<NormalizedResponse> FakeNormalized::perform(NormalizedRequest request) {
  const std::lock_guard lock(mutex_);
  last_ = std::move(request);
  co_return response;
}

std::optional<NormalizedRequest> FakeNormalized::last_request() {
  const std::lock_guard lock(mutex_);
  return last_;
}

ServiceNode::ServiceNode(AcceptorConfig config)
    : node(config, 1, [this](Services& services) {
        services.find = &find;
        services.retrieve = &retrieve;
        services.normalized = &normalized;
      }) {
  Accept accept;
  for (const std::string_view uid : {patient_root_find, patient_root_move, patient_root_get, study_root_find,
                                     study_root_move, study_root_get, modality_worklist_find,
                                     storage_commitment_push_model, modality_performed_procedure_step}) {
    accept.contexts.services.emplace(std::string(uid));
  }
  accept.contexts.query_options.relational = true;
  node.policy.grant(accept);
}

std::optional<RawMessage> receive_message(RawPeer& peer) {
  auto pdu = peer.receive();
  if (!pdu || pdu->type != 4) return std::nullopt;
  Bytes command(pdu->body.begin() + 6, pdu->body.end());
  auto parsed = CommandSet::parse(command);
  if (!parsed) return std::nullopt;
  RawMessage message{pdu->body[4], std::move(*parsed), {}};
  bool last = !message.command.data_set_follows();
  while (!last) {
    pdu = peer.receive();
    if (!pdu || pdu->type != 4) return std::nullopt;
    message.data_set.insert(message.data_set.end(), pdu->body.begin() + 6, pdu->body.end());
    last = (pdu->body[5] & 2) != 0;
  }
  return message;
}

void send_message(RawPeer& peer, int context, const CommandSet& command, const Bytes& data_set) {
  peer.send(p_data(context, true, true, command.encode()));
  if (!command.data_set_follows()) return;
  constexpr std::size_t fragment = 16384;
  for (std::size_t at = 0; at < data_set.size() || at == 0; at += fragment) {
    const std::size_t count = std::min(fragment, data_set.size() - at);
    const auto piece = std::span(data_set).subspan(at, count);
    peer.send(p_data(context, false, at + count == data_set.size(), piece));
  }
}

void send_cancel(RawPeer& peer, int context, std::uint16_t message_id) {
  send_message(peer, context, CCancelRq{message_id}.to_command_set());
}

}  // namespace trialgate::test
