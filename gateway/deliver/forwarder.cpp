#include "gateway/deliver/forwarder.h"

namespace trialgate::gateway {
namespace {

constexpr std::size_t disk_threads = 2;

}  // namespace

Forwarder::Forwarder(storage::Store& store, const NodeConfig& config, Logger& log,
                     std::function<void()> progress)
    : store_(store), disk_(disk_threads), tasks_(log) {
  for (const Destination& destination : config.destinations) {
    lanes_.push_back(std::make_unique<Lane>(store, disk_, context_.get_executor(), destination,
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
  // Reads that are under way come back to the context: to nobody, but it must still be there.
  disk_.join();
  for (const auto& lane : lanes_) lane->end();
  // Attempts that are being recorded still refer to their lane: commits are done in order, so these go
  // before.
  [[maybe_unused]] const auto barrier =
      store_.commit([](storage::Transaction&) { return storage::Result<void>{}; });
}

}  // namespace trialgate::gateway
