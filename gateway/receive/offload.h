#pragma once

#include "dimse/types.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace trialgate::gateway {

/// Runs the blocking `work` on `pool` and resumes the awaiting coroutine, on its own executor, with what it
/// returned. For everything that may wait for a disk: no I/O thread ever does.
template <class Work, class R = std::invoke_result_t<Work&>>
dimse::Task<R> offload(boost::asio::thread_pool& pool, Work work) {
  auto initiate = [&pool](auto handler, Work job) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto run = [guard = boost::asio::make_work_guard(executor), handler = std::move(handler),
                job = std::move(job)]() mutable {
      auto resume = [handler = std::move(handler), result = job()]() mutable { handler(std::move(result)); };
      boost::asio::post(guard.get_executor(), std::move(resume));
    };
    boost::asio::post(pool, std::move(run));
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(R)>(
      initiate, boost::asio::use_awaitable, std::move(work));
}

}  // namespace trialgate::gateway
