#include "tests/dimse/support/memory_service.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace trialgate::test {

using namespace dimse;

class MemoryService::Sink final : public InstanceSink {
 public:
  Sink(MemoryService& service, StoreRequest request) : service_(service), stored_{std::move(request), {}} {}
  ~Sink() override {
    if (finished_) return;
    const std::lock_guard lock(service_.mutex_);
    ++service_.discarded_;
  }

  Task<Result<void>> write(std::span<const std::uint8_t> bytes) override {
    const Behaviour behaviour = service_.behaviour();
    if (stored_.data_set.size() + bytes.size() > behaviour.fail_write_beyond)
      co_return behaviour.write_failure;
    stored_.data_set.insert(stored_.data_set.end(), bytes.begin(), bytes.end());
    co_return Result<void>();
  }

  Task<StoreOutcome> finish() override {
    const Behaviour behaviour = service_.behaviour();
    if (behaviour.finish_takes.count() > 0) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, behaviour.finish_takes);
      [[maybe_unused]] const auto waited = co_await timer.async_wait(use_task);
    }
    finished_ = true;
    const std::lock_guard lock(service_.mutex_);
    service_.stored_.push_back(std::move(stored_));
    co_return behaviour.outcome;
  }

 private:
  MemoryService& service_;
  Stored stored_;
  bool finished_ = false;
};

void MemoryService::behave(Behaviour behaviour) {
  const std::lock_guard lock(mutex_);
  behaviour_ = std::move(behaviour);
}

MemoryService::Behaviour MemoryService::behaviour() const {
  const std::lock_guard lock(mutex_);
  return behaviour_;
}

Task<StoreBegin> MemoryService::begin(StoreRequest request) {
  {
    const std::lock_guard lock(mutex_);
    ++begun_;
  }
  if (auto refusal = behaviour().refusal) co_return StoreBegin(std::move(*refusal));
  std::unique_ptr<InstanceSink> sink = std::make_unique<Sink>(*this, std::move(request));
  co_return StoreBegin(std::move(sink));
}

void MemoryService::association_ended(const AssociationInfo&, AssociationEnd how) {
  const std::lock_guard lock(mutex_);
  ends_.push_back(how);
}

std::vector<MemoryService::Stored> MemoryService::stored() const {
  const std::lock_guard lock(mutex_);
  return stored_;
}

std::vector<AssociationEnd> MemoryService::ends() const {
  const std::lock_guard lock(mutex_);
  return ends_;
}

std::size_t MemoryService::discarded() const {
  const std::lock_guard lock(mutex_);
  return discarded_;
}

std::size_t MemoryService::begun() const {
  const std::lock_guard lock(mutex_);
  return begun_;
}

Decision TestPolicy::decide(const AssociationRequestView& request) {
  if (request.called != AeTitle("TRIALGATE")) return Reject::called_ae_not_recognized();
  if (request.calling == AeTitle("STRANGER")) return Reject::calling_ae_not_recognized();
  const std::lock_guard lock(mutex_);
  return grant_;
}

void TestPolicy::grant(Accept accept) {
  const std::lock_guard lock(mutex_);
  grant_ = std::move(accept);
}

}  // namespace trialgate::test
