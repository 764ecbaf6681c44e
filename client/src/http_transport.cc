#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "client/transport.h"
#include "federation/directory_client.h"
#include "federation/http_client.h"
#include "peer.h"

namespace kt::client {
namespace {

namespace asio = boost::asio;
using federation::HttpResponse;
using Json = nlohmann::json;

constexpr std::string_view kTypes = "application/vnd.ktgate.";
constexpr std::string_view kProblemTypes = "urn:ktgate:error:";
constexpr unsigned kTooManyRequests = 429;
constexpr std::size_t kMaxDetailSize = 200;
constexpr std::size_t kMaxProblemSize = 4096;

// The text of a member, when it can be shown on a terminal.
std::string shown(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name)) return "";
  const auto* const text = json[name].get_ptr<const std::string*>();
  if (text == nullptr || text->size() > kMaxDetailSize ||
      std::any_of(text->begin(), text->end(), [](char c) { return c < ' ' || c > '~'; }))
    return "";
  return *text;
}

// What an answer says that is none, as the other side's word.
Error problem_of(const HttpResponse& response) {
  Json json;
  if (response.content_type == "application/problem+json" &&
      response.body.size() <= kMaxProblemSize)
    json = Json::parse(response.body, nullptr, false);
  std::string code = shown(json, "type");
  code = code.starts_with(kProblemTypes) ? code.substr(kProblemTypes.size()) : "";
  std::string said = "the gateway answers with status " + std::to_string(response.status);
  if (!code.empty()) said += ", " + code;
  for (const char* const name : {"title", "detail"}) {
    const std::string text = shown(json, name);
    if (!text.empty()) said += ": " + text;
  }
  if (code == "stale-view")
    return {Errc::verification_failed, "the log says that it is smaller than it has shown before"};
  const unsigned status = response.status;
  if (status == 404) return {Errc::not_found, said};
  if (status == 409) return {Errc::conflict, said};
  if (status == kTooManyRequests || status >= 500) return {Errc::unavailable, said};
  if (status >= 400) return {Errc::rejected, said};
  return {Errc::verification_failed, said + ", which is no answer"};
}

// Where co_spawn() would want a T that can be made of nothing.
template <class T>
asio::awaitable<void> keep(asio::awaitable<Result<T>> awaited, std::optional<Result<T>>* kept) {
  auto result = co_await std::move(awaited);
  kept->emplace(std::move(result));
}

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  Result<Bytes> post(const Origin& origin, const Question& question) override {
    KT_TRY(federation::HttpClient* const client, client_of(origin));
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = question.target;
    request.content_type =
        std::string(kTypes) +
        (question.message.empty() ? question.operation + "-request" : question.message);
    request.accept = std::string(kTypes) + question.operation + "-response";
    request.bearer_token = question.token;
    request.body = question.body;
    request.changes_nothing = question.changes_nothing;
    const std::string expected = request.accept;
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    KT_TRY(HttpResponse response,
           of_peer(run<HttpResponse>(client->send(request)), origin.url.authority()));
    // It was not looked at, so even what changes something may come again.
    while (response.status == kTooManyRequests && response.retry_after &&
           std::chrono::steady_clock::now() + *response.retry_after < deadline) {
      std::this_thread::sleep_for(*response.retry_after);
      KT_TRY(response, of_peer(run<HttpResponse>(client->send(request)), origin.url.authority()));
    }
    if (response.status != 200) return tl::unexpected<Error>(problem_of(response));
    if (response.content_type != expected)
      return fail(Errc::verification_failed, "the answer is not of the type that was asked for");
    return std::move(response.body);
  }

  Result<federation::DirectoryDocument> fetch(const Origin& origin,
                                              const federation::Domain& domain) override {
    auto client = federation::DirectoryClient::create(context_.get_executor(), domain, origin.url,
                                                      options_of(origin));
    if (!client) return fail_in(origin.url.authority(), std::move(client).error());
    return of_peer(run<federation::DirectoryDocument>(client->fetch()), origin.url.authority());
  }

 private:
  [[nodiscard]] federation::HttpClientOptions options_of(const Origin& origin) const {
    federation::HttpClientOptions options;
    options.connect_timeout = std::min(options.connect_timeout, timeout_);
    options.total_timeout = timeout_;
    options.authorities = origin.authorities;
    return options;
  }

  Result<federation::HttpClient*> client_of(const Origin& origin) {
    const auto key = std::pair(origin.url.text(), origin.authorities.string());
    auto found = clients_.find(key);
    if (found == clients_.end()) {
      auto made =
          federation::HttpClient::create(context_.get_executor(), origin.url, options_of(origin));
      if (!made) return fail_in(origin.url.authority(), std::move(made).error());
      found = clients_.emplace(key, *std::move(made)).first;
    }
    return found->second.get();
  }

  template <class T>
  Result<T> run(asio::awaitable<Result<T>> awaited) {
    std::optional<Result<T>> result;
    auto done = asio::co_spawn(context_, keep(std::move(awaited), &result), asio::use_future);
    context_.restart();
    context_.run();
    done.get();
    return *std::move(result);
  }

  std::chrono::milliseconds timeout_;
  asio::io_context context_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<federation::HttpClient>> clients_;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(std::chrono::milliseconds timeout) {
  return std::make_unique<HttpTransport>(timeout);
}

}  // namespace kt::client
