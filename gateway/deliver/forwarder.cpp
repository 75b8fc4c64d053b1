#include "gateway/deliver/forwarder.h"

namespace trialgate::gateway {

Forwarder::Forwarder(storage::Store& store, boost::asio::thread_pool& disk, const NodeConfig& config,
                     Logger& log, std::function<void()> progress)
    : store_(store), tasks_(log) {
  for (const Destination& destination : config.destinations) {
    lanes_.push_back(std::make_unique<Lane>(store, disk, context_.get_executor(), destination,
                                            config.ae_title, log, progress));
    for (std::uint32_t i = 0; i < destination.associations; ++i) {
      tasks_.spawn(context_.get_executor(), lanes_.back()->serve());
    }
  }
  thread_ = std::thread([this] { context_.run(); });
}

Forwarder::~Forwarder() {
  stop(std::chrono::milliseconds(0));
}

void Forwarder::wake() {
  for (const auto& lane : lanes_) lane->wake();
}

void Forwarder::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) return;
  for (const auto& lane : lanes_) lane->stop();
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (tasks_.running() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  guard_.reset();
  context_.stop();
  thread_.join();
  // Attempts that are being recorded still refer to their lane: commits are done in order, so these go
  // before.
  [[maybe_unused]] const auto barrier =
      store_.commit([](storage::Transaction&) { return storage::Result<void>{}; });
}

}  // namespace trialgate::gateway
