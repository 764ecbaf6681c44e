// Waiting in a coroutine for what happens on other threads.
//
// Thread rule: pure functions.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kt::routing {

// Calls `start` with a function that any thread may call once, and waits until it was; the result
// is what it was called with. The coroutine goes on on its own executor.
template <class T, class Start>
boost::asio::awaitable<T> await_callback(Start start) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      [](auto handler, Start begin) {
        // A function that is handed out is copied, a handler is not.
        const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        begin([shared](T value) {
          const auto executor = boost::asio::get_associated_executor(*shared);
          // The coroutine may be over before post() is, and what it ran in is freed when there is
          // no work left there: wait_for() of the gateway does so.
          const auto work = boost::asio::make_work_guard(executor);
          boost::asio::post(executor, [shared, result = std::move(value)]() mutable {
            (*shared)(std::move(result));
          });
        });
      },
      boost::asio::use_awaitable, std::move(start));
}

// What `work` gives, which may block, on a thread of `pool`.
template <class T>
boost::asio::awaitable<T> await_on(boost::asio::thread_pool& pool, std::function<T()> work) {
  auto start = [&pool, work = std::move(work)](auto done) {
    boost::asio::post(pool, [work, done = std::move(done)] { done(work()); });
  };
  return await_callback<T>(std::move(start));
}

}  // namespace kt::routing
