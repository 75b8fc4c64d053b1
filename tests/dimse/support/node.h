#pragma once

#include "dimse/scp/acceptor.h"
#include "tests/dimse/support/memory_log.h"
#include "tests/dimse/support/memory_service.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace trialgate::test {

/// An io_context with its one thread.
class IoThread {
 public:
  IoThread() : work_(io_.get_executor()), thread_([this] { io_.run(); }) {}
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  ~IoThread() {
    work_.reset();
    io_.stop();
    thread_.join();
  }
  boost::asio::any_io_executor executor() { return io_.get_executor(); }

  /// Runs a coroutine on the thread and waits for its value.
  template <class T>
  T run(dimse::Task<T> task) {
    return boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future).get();
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

/// Short deadlines, so that tests of them are short.
inline dimse::AcceptorConfig test_config() {
  dimse::AcceptorConfig config;
  config.port = 0;
  config.artim = std::chrono::milliseconds(400);
  return config;
}

/// An acceptor with its threads; drained at the end.
class Node {
 public:
  /// `add` adds services beside storage.
  explicit Node(dimse::AcceptorConfig config = test_config(), std::size_t threads = 1,
                const std::function<void(dimse::Services&)>& add = {}) {
    std::vector<boost::asio::any_io_executor> executors;
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.push_back(std::make_unique<IoThread>());
      executors.push_back(threads_.back()->executor());
    }
    dimse::Services services(service);
    if (add) add(services);
    acceptor = std::make_unique<dimse::Acceptor>(executors, config, policy, services, log);
    port = acceptor->listen().value();
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() {
    drain(std::chrono::milliseconds(0));
    acceptor.reset();
  }
  void drain(std::chrono::milliseconds grace) { threads_.front()->run(acceptor->drain(grace)); }

  MemoryLog log;
  TestPolicy policy;
  MemoryService service;
  std::uint16_t port = 0;

 private:
  std::vector<std::unique_ptr<IoThread>> threads_;

 public:
  std::unique_ptr<dimse::Acceptor> acceptor;
};

/// Waits up to five seconds for what another thread brings about.
inline bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

}  // namespace trialgate::test
