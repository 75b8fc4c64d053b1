#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace trialgate::dimse {

/// A coroutine of this room. It runs on the executor of the association, which must be served by one thread
/// only.
template <class T>
using Task = boost::asio::awaitable<T>;

/// Completion token of every asynchronous operation here: errors are values, `auto [ec, n] = co_await
/// f(use_task)`.
inline constexpr auto use_task = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace trialgate::dimse
