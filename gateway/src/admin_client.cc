#include "admin_client.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "federation/http_client.h"
#include "labels_body.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;
using federation::HttpResponse;

constexpr std::chrono::minutes kPatience{10};
constexpr unsigned kOk = 200;
constexpr unsigned kAccepted = 202;
constexpr std::size_t kMaxDetailSize = 200;

// What may stand in a path as it is.
bool is_name(const std::string& log) {
  return !log.empty() && std::all_of(log.begin(), log.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// What the gateway says is wrong, if that can be shown.
std::string detail_of(const HttpResponse& response) {
  const Json json = Json::parse(response.body, nullptr, false);
  for (const char* const name : {"detail", "title"}) {
    if (!json.is_object() || !json.contains(name)) continue;
    const auto* const text = json[name].get_ptr<const std::string*>();
    if (text != nullptr && text->size() <= kMaxDetailSize &&
        std::all_of(text->begin(), text->end(), [](char c) { return c >= ' ' && c <= '~'; }))
      return ": " + *text;
  }
  return "";
}

Result<HttpResponse> send(const std::filesystem::path& socket, federation::HttpRequest request) {
  federation::HttpClientOptions options;
  options.socket = socket;
  options.total_timeout = kPatience;
  boost::asio::io_context context;
  const federation::Url url{false, "localhost", 80, ""};
  KT_TRY(const auto client,
         federation::HttpClient::create(context.get_executor(), url, std::move(options)));
  auto sent =
      boost::asio::co_spawn(context, client->send(std::move(request)), boost::asio::use_future);
  context.run();
  return sent.get();
}

// The answer, which has to have `status`.
Result<HttpResponse> ask(const std::filesystem::path& socket, federation::HttpRequest request,
                         unsigned status) {
  auto response = send(socket, std::move(request));
  if (!response) return fail_in(socket.string(), std::move(response).error());
  if (response->status != status)
    return fail(Errc::rejected, "the gateway answers with status " +
                                    std::to_string(response->status) + detail_of(*response));
  return response;
}

Result<Json> ask_for_json(const std::filesystem::path& socket, federation::HttpRequest request) {
  KT_TRY(const HttpResponse response, ask(socket, std::move(request), kOk));
  Json json = Json::parse(response.body, nullptr, false);
  if (json.is_discarded()) return fail(Errc::unavailable, "the gateway's answer is none");
  return json;
}

}  // namespace

Result<Json> get_from_admin(const std::filesystem::path& socket, const std::string& target) {
  federation::HttpRequest request;
  request.target = target;
  return ask_for_json(socket, std::move(request));
}

Result<Json> post_to_admin(const std::filesystem::path& socket, const std::string& target,
                           const Json& body) {
  federation::HttpRequest request;
  request.method = federation::HttpMethod::post;
  request.target = target;
  request.content_type = "application/json";
  request.body = to_bytes(body.dump());
  return ask_for_json(socket, std::move(request));
}

Result<Json> post_to_admin(const std::filesystem::path& socket, const std::string& target,
                           const std::vector<Label>& labels) {
  federation::HttpRequest request;
  request.method = federation::HttpMethod::post;
  request.target = target;
  request.content_type = kLabelsType;
  request.body = format_labels(labels);
  return ask_for_json(socket, std::move(request));
}

Result<std::uint64_t> erase_labels_at(const std::filesystem::path& socket, const std::string& log,
                                      const std::vector<Label>& labels) {
  if (!is_name(log)) return fail(Errc::malformed, "that is no alias of a log");
  federation::HttpRequest request;
  request.target = "/logs/" + log + "/erase";
  request.content_type = kLabelsType;
  request.body = format_labels(labels);
  if (request.body.size() > kMaxLabelsSize)
    return fail(Errc::malformed, "too many labels for one request, which has 1 MiB");
  request.method = federation::HttpMethod::post;
  KT_TRY(const Json json, ask_for_json(socket, std::move(request)));
  const auto* const values = json.is_object() && json.contains("values")
                                 ? json["values"].get_ptr<const Json::number_unsigned_t*>()
                                 : nullptr;
  if (values == nullptr) return fail(Errc::unavailable, "the gateway's answer is none");
  return *values;
}

Result<void> rotate_ohttp_key_at(const std::filesystem::path& socket) {
  federation::HttpRequest request;
  request.method = federation::HttpMethod::post;
  request.target = "/ohttp/rotate";
  KT_TRY(ask(socket, std::move(request), kAccepted));
  return {};
}

}  // namespace kt::gateway
