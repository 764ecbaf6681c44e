#include "migration_page.h"

#include <algorithm>

#include "federation/reserved.h"
#include "federation/strict_json.h"
#include "keytrans/base64url.h"
#include "keytrans/consistency.h"
#include "keytrans/prover.h"
#include "wait_for.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::ordered_json;

// The response to a search, if there is one; and the version that was found.
struct Searched {
  Bytes response;
  Version version;
  bool is_tombstone = false;
};

Result<Bytes> ask(const HostedLog& log, const keytrans::SearchRequest& request) {
  if (log.is_remote()) return wait_for(log.service->ask(routing::LogRequest(request)));
  KT_TRY(const auto view, log.log->view());
  KT_TRY(const auto response, keytrans::prove_search(*view, request));
  return keytrans::encode(response, log.configuration().context(request.version.has_value()));
}

Result<std::optional<Searched>> search(const HostedLog& log, const Label& label,
                                       std::optional<TreeSize> last,
                                       std::optional<Version> version) {
  auto bytes = ask(log, {last, label, version});
  if (!bytes && bytes.error().code == Errc::not_found) return std::nullopt;
  if (!bytes) return tl::unexpected<Error>(std::move(bytes).error());
  KT_TRY(const auto response, keytrans::decode<keytrans::SearchResponse>(
                                  *bytes, log.configuration().context(version.has_value())));
  return Searched{*std::move(bytes), version ? *version : *response.version,
                  federation::is_like_a_tombstone(response.value.value)};
}

Result<Json> describe(const HostedMigration& migration, const PageRequest& request,
                      const Label& label) {
  const HostedLog& from = *migration.from;
  const HostedLog& to = *migration.to;
  Json json{{kPageLabel, to_base64url(label.bytes())}};
  KT_TRY(const auto greatest, search(from, label, request.from_last, std::nullopt));
  if (greatest) json[kPageFrom] = to_base64url(greatest->response);
  KT_TRY(const auto moved, search(to, label, request.to_last, std::nullopt));
  if (greatest && (greatest->is_tombstone || moved) && greatest->version > Version{0}) {
    const Version before{greatest->version.value() - 1};
    KT_TRY(const auto found, search(from, label, request.from_last, before));
    if (found) json[kPageFromBefore] = to_base64url(found->response);
  }
  if (moved) json[kPageTo] = to_base64url(moved->response);
  if (moved && moved->version > Version{0}) {
    KT_TRY(const auto first, search(to, label, request.to_last, Version{0}));
    if (first) json[kPageToFirst] = to_base64url(first->response);
  }
  return json;
}

// That the log's tree begins with it.
Result<std::string> prove_final_head(const HostedLog& log, std::optional<TreeSize> last,
                                     const migration::FinalHead& head) {
  const keytrans::ConsistencyRequest request{last, head.tree_size};
  if (log.is_remote()) {
    KT_TRY(const Bytes bytes, wait_for(log.service->ask(routing::LogRequest(request))));
    return to_base64url(bytes);
  }
  KT_TRY(const auto view, log.log->view());
  KT_TRY(const auto response, keytrans::prove_consistency(*view, request));
  KT_TRY(const Bytes bytes, keytrans::encode(response));
  return to_base64url(bytes);
}

Result<std::string> configuration_of(const HostedLog& hosted) {
  KT_TRY(const Bytes bytes, keytrans::encode(hosted.configuration().wire()));
  return to_base64url(bytes);
}

}  // namespace

Result<PageRequest> parse_page_request(ByteView body) {
  KT_TRY(const auto json,
         federation::parse_json({reinterpret_cast<const char*>(body.data()), body.size()}));
  if (!json.is_object()) return fail(Errc::malformed, "the request is not an object");
  PageRequest request;
  if (json.contains("after")) {
    if (!json["after"].is_string()) return fail(Errc::malformed, "after is no label");
    const auto bytes = from_base64url(json["after"].get<std::string>());
    if (!bytes) return fail(Errc::malformed, "after is not base64url");
    KT_TRY(request.after, Label::create(*bytes));
  }
  for (const auto& [name, last] :
       {std::pair{"from_last", &request.from_last}, std::pair{"to_last", &request.to_last}}) {
    if (!json.contains(name)) continue;
    const auto* const number = json[name].get_ptr<const nlohmann::json::number_unsigned_t*>();
    if (number == nullptr) return fail(Errc::malformed, std::string(name) + " is no number");
    *last = TreeSize{*number};
  }
  return request;
}

nlohmann::json format_page_request(const PageRequest& request) {
  nlohmann::json json = nlohmann::json::object();
  if (request.after) json["after"] = to_base64url(request.after->bytes());
  if (request.from_last) json["from_last"] = request.from_last->value();
  if (request.to_last) json["to_last"] = request.to_last->value();
  return json;
}

Result<Json> make_page(const HostedMigration& migration, const PageRequest& request) {
  KT_TRY(const std::string from, configuration_of(*migration.from));
  KT_TRY(const std::string to, configuration_of(*migration.to));
  Json page{{"from", from}, {"to", to}, {"labels", Json::array()}};
  KT_TRY(const auto labels, migration.labels(request.after, kPageLabels));
  for (const Label& label : labels) {
    page["after"] = to_base64url(label.bytes());
    if (federation::is_reserved(label)) continue;
    KT_TRY(Json json, describe(migration, request, label));
    page["labels"].push_back(std::move(json));
  }
  if (labels.empty() && migration.record.final_head) {
    KT_TRY(const Bytes recorded, migration.record.final_head->encode());
    page["final_head"] = to_base64url(recorded);
    KT_TRY(const auto logged,
           search(*migration.to, federation::final_head_label(migration.record.from),
                  request.to_last, std::nullopt));
    if (logged) page["logged_final_head"] = to_base64url(logged->response);
    KT_TRY(const std::string proof,
           prove_final_head(*migration.from, request.from_last, *migration.record.final_head));
    page[kPageFinalHeadProof] = proof;
  }
  return page;
}

}  // namespace kt::gateway
