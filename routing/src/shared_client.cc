#include "routing/shared_client.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "routing/await.h"

namespace kt::routing {
namespace {

namespace asio = boost::asio;
using federation::HttpClient;
using federation::HttpRequest;
using federation::HttpResponse;

// Requests that are under way, each with who is to be called when it is over. Any thread.
class Exchanges {
 public:
  using Answered = Result<HttpResponse>;
  using Done = std::function<void(Answered)>;

  // Result: what to finish() it with. Nothing when this is closed, and then `done` was called.
  std::optional<std::uint64_t> begin(Done done) {
    {
      const std::lock_guard lock(mutex_);
      if (!is_closed_) {
        waiting_.emplace(++last_, std::move(done));
        return last_;
      }
    }
    done(closed());
    return std::nullopt;
  }
  void finish(std::uint64_t number, Answered answered) {
    Done done;
    {
      const std::lock_guard lock(mutex_);
      const auto found = waiting_.find(number);
      if (found == waiting_.end()) return;  // it was closed
      done = std::move(found->second);
      waiting_.erase(found);
    }
    done(std::move(answered));
  }
  void close() {
    std::map<std::uint64_t, Done> waiting;
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      waiting.swap(waiting_);
    }
    for (const auto& each : waiting) each.second(closed());
  }

 private:
  static Answered closed() { return fail(Errc::unavailable, "the client is closed"); }

  std::mutex mutex_;
  bool is_closed_ = false;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Done> waiting_;
};

// Runs on the client's executor, and keeps what it needs.
asio::awaitable<void> exchange(std::shared_ptr<HttpClient> client, HttpRequest request,
                               std::shared_ptr<Exchanges> exchanges, std::uint64_t number) {
  auto answered = co_await client->send(std::move(request));
  exchanges->finish(number, std::move(answered));
}

class Shared final : public SharedClient {
 public:
  Shared(asio::any_io_executor executor, std::shared_ptr<HttpClient> client)
      : executor_(std::move(executor)), client_(std::move(client)) {}

  asio::awaitable<Result<HttpResponse>> send(HttpRequest request) override {
    auto start = [executor = executor_, client = client_, exchanges = exchanges_,
                  request = std::move(request)](Exchanges::Done done) mutable {
      const auto number = exchanges->begin(std::move(done));
      if (!number) return;
      auto exchanged = exchange(client, std::move(request), exchanges, *number);
      asio::co_spawn(executor, std::move(exchanged),
                     [exchanges, number = *number](const std::exception_ptr& thrown) {
                       if (thrown) exchanges->finish(number, fail(Errc::unavailable, "no memory"));
                     });
    };
    return await_callback<Result<HttpResponse>>(std::move(start));
  }
  void close() override { exchanges_->close(); }

 private:
  const asio::any_io_executor executor_;
  const std::shared_ptr<HttpClient> client_;
  const std::shared_ptr<Exchanges> exchanges_ = std::make_shared<Exchanges>();
};

}  // namespace

Result<std::unique_ptr<SharedClient>> SharedClient::create(
    const asio::any_io_executor& executor, federation::Url url,
    const federation::HttpClientOptions& options) {
  KT_TRY(auto client, HttpClient::create(executor, std::move(url), options));
  return std::make_unique<Shared>(executor, std::move(client));
}

}  // namespace kt::routing
