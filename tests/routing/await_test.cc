// What a coroutine ran in may be freed as soon as it has nothing left to do, whoever the coroutine
// has waited for.
#include "routing/await.h"

#include <functional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace kt::routing {
namespace {

namespace asio = boost::asio;

struct Observed {
  asio::io_context context;
  bool is_hasty = false;
  bool ended_within_post = false;
};

// What is posted runs before post() is over, as it may when another thread runs the context.
class HastyExecutor {
 public:
  HastyExecutor(asio::any_io_executor inner, Observed* observed)
      : inner_(std::move(inner)), observed_(observed) {}

  template <class F>
  void execute(F work) const {
    inner_.execute(std::move(work));
    if (!observed_->is_hasty) return;
    observed_->context.poll();
    observed_->ended_within_post = observed_->context.stopped();
  }

  template <class Property>
  requires asio::can_require_v<asio::any_io_executor, Property> HastyExecutor
  require(const Property& property)
  const { return {asio::require(inner_, property), observed_}; }
  template <class Property>
  requires asio::can_prefer_v<asio::any_io_executor, Property> HastyExecutor
  prefer(const Property& property)
  const { return {asio::prefer(inner_, property), observed_}; }
  template <class Property>
  requires asio::can_query_v<asio::any_io_executor, Property>
  decltype(auto) query(const Property& property) const { return asio::query(inner_, property); }
  friend bool operator==(const HastyExecutor& a, const HastyExecutor& b) noexcept {
    return a.inner_ == b.inner_;
  }

 private:
  asio::any_io_executor inner_;
  Observed* observed_;
};

asio::awaitable<void> receive(std::function<void(int)>* call, int* received) {
  auto start = [call](auto done) { *call = done; };
  *received = co_await await_callback<int>(std::move(start));
}

TEST(AwaitCallback, TheContextHasWorkUntilTheCallerHasLeftIt) {
  Observed observed;
  std::function<void(int)> call;
  int received = 0;
  asio::co_spawn(HastyExecutor(observed.context.get_executor(), &observed),
                 receive(&call, &received), asio::detached);
  observed.context.poll();
  ASSERT_TRUE(call);
  EXPECT_FALSE(observed.context.stopped());
  observed.is_hasty = true;
  call(7);
  EXPECT_EQ(received, 7);
  EXPECT_FALSE(observed.ended_within_post);
  EXPECT_TRUE(observed.context.stopped());
}

}  // namespace
}  // namespace kt::routing
