#include "audited_log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "auditor_messages.h"
#include "media_type.h"

namespace kt::gateway {
namespace {

using federation::HttpMethod;
using federation::HttpRequest;
using federation::HttpResponse;

constexpr unsigned kOk = 200;
constexpr unsigned kNoContent = 204;
constexpr unsigned kFirstServerError = 500;

// What an answer that is none says, without what is in it: the log is not believed in this either.
tl::unexpected<Error> refused(const HttpResponse& response) {
  const std::string status = "the log answers with status " + std::to_string(response.status);
  if (response.status == 401 || response.status == 403)
    return fail(Errc::rejected, status + ": it does not know the token as its auditor's");
  if (response.status == 404)
    return fail(Errc::rejected, status + ": it is not there, or has no auditor");
  return fail(response.status >= kFirstServerError ? Errc::unavailable : Errc::rejected, status);
}

}  // namespace

AuditedLog::AuditedLog(const LogId& id, keytrans::SecretBytes token)
    : path_("/kt/v1/logs/" + id.hex() + "/"), token_(std::move(token)) {}

Result<std::unique_ptr<AuditedLog>> AuditedLog::at(const federation::Url& url,
                                                   const federation::HttpClientOptions& options,
                                                   const LogId& id, keytrans::SecretBytes token) {
  std::unique_ptr<AuditedLog> log(new AuditedLog(id, std::move(token)));
  KT_TRY(log->client_, federation::HttpClient::create(log->context_.get_executor(), url, options));
  return log;
}

Result<Bytes> AuditedLog::ask(HttpMethod method, const std::string& operation, Bytes body) {
  HttpRequest request;
  request.method = method;
  request.target = path_ + operation;
  request.bearer_token = token_.text();
  if (method == HttpMethod::post) request.content_type = media_type("auditor-tree-head");
  request.body = std::move(body);
  auto sent =
      boost::asio::co_spawn(context_, client_->send(std::move(request)), boost::asio::use_future);
  context_.restart();
  context_.run();
  KT_TRY(HttpResponse response, sent.get());
  const unsigned expected = method == HttpMethod::post ? kNoContent : kOk;
  if (response.status != expected) return refused(response);
  return std::move(response.body);
}

Result<keytrans::AuditorStart> AuditedLog::start() {
  KT_TRY(const Bytes body, ask(HttpMethod::get, "auditor-start"));
  return keytrans::decode<keytrans::AuditorStart>(body);
}

Result<std::vector<Bytes>> AuditedLog::updates(EntryIndex first) {
  KT_TRY(const Bytes body,
         ask(HttpMethod::get, "auditor-updates?start=" + std::to_string(first.value()) +
                                  "&limit=" + std::to_string(kUpdatesInAnswer)));
  return decode_updates(body);
}

Result<void> AuditedLog::push(const keytrans::AuditorTreeHead& head) {
  KT_TRY(Bytes body, keytrans::encode(head));
  KT_TRY(ask(HttpMethod::post, "auditor-head", std::move(body)));
  return {};
}

}  // namespace kt::gateway
