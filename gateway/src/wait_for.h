// Waiting for a coroutine on a thread that may block. Internal.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace kt::gateway {

// `work` on this thread, to its end.
template <class T>
T wait_for(boost::asio::awaitable<T> work) {
  boost::asio::io_context context;
  auto done = boost::asio::co_spawn(context, std::move(work), boost::asio::use_future);
  context.run();
  return done.get();
}

}  // namespace kt::gateway
