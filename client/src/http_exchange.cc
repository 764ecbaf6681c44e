#include "http_exchange.h"

#include <algorithm>
#include <thread>

#include <nlohmann/json.hpp>

#include "peer.h"

namespace kt::client {
namespace {

using federation::HttpRequest;
using federation::HttpResponse;
using Json = nlohmann::json;

constexpr std::string_view kProblemTypes = "urn:ktgate:error:";
constexpr unsigned kTooManyRequests = 429;
constexpr std::chrono::seconds kLeastWait{1};
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

}  // namespace

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

Result<HttpResponse> HttpExchange::send(const Origin& origin, const HttpRequest& request) {
  KT_TRY(federation::HttpClient* const client, client_of(origin));
  const auto deadline = std::chrono::steady_clock::now() + timeout_;
  KT_TRY(HttpResponse response,
         of_peer(run<HttpResponse>(client->send(request)), origin.url.authority()));
  // It was not looked at, so even what changes something may come again; but not at once, whatever
  // the other side says.
  while (response.status == kTooManyRequests && response.retry_after) {
    const std::chrono::seconds wait = std::max(*response.retry_after, kLeastWait);
    if (std::chrono::steady_clock::now() + wait >= deadline) break;
    std::this_thread::sleep_for(wait);
    KT_TRY(response, of_peer(run<HttpResponse>(client->send(request)), origin.url.authority()));
  }
  return response;
}

federation::HttpClientOptions HttpExchange::options_of(const Origin& origin) const {
  federation::HttpClientOptions options;
  options.connect_timeout = std::min(options.connect_timeout, timeout_);
  options.total_timeout = timeout_;
  options.authorities = origin.authorities;
  return options;
}

Result<federation::HttpClient*> HttpExchange::client_of(const Origin& origin) {
  const auto key = std::pair(origin.url.text(), origin.authorities.string());
  auto found = clients_.find(key);
  if (found == clients_.end()) {
    auto made = federation::HttpClient::create(executor(), origin.url, options_of(origin));
    if (!made) return fail_in(origin.url.authority(), std::move(made).error());
    found = clients_.emplace(key, *std::move(made)).first;
  }
  return found->second.get();
}

}  // namespace kt::client
