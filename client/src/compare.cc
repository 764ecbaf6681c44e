#include "client/compare.h"

#include <algorithm>

#include "domains.h"
#include "keytrans/base64url.h"
#include "keytrans/codec.h"
#include "log_states.h"
#include "subject.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using federation::LogState;
using keytrans::ClientState;

constexpr std::string_view kPrefix = "kt1:";

Result<const DirectoryLog*> find_log(const federation::Directory& directory,
                                     const std::string& name) {
  if (!name.empty()) {
    KT_TRY(const LogId id, named_log(directory, name));
    return directory.find(id);
  }
  const auto is_active = [](const DirectoryLog& log) { return log.state == LogState::active; };
  if (std::count_if(directory.logs.begin(), directory.logs.end(), is_active) != 1)
    return fail(Errc::malformed, "the domain has several logs: --log says which one");
  return &*std::find_if(directory.logs.begin(), directory.logs.end(), is_active);
}

Result<MyHeads> heads_of(const ClientState& state, const std::string& alias) {
  if (state.distinguished().empty())
    return fail(Errc::not_found, "no distinguished entry of the log is known");
  return MyHeads{{state.configuration().id(), keytrans::distinguished_head(state.distinguished())},
                 tree_of(state, alias)};
}

}  // namespace

Result<std::string> ShownHeads::text() const {
  Bytes bytes(log.hash().begin(), log.hash().end());
  KT_TRY(const Bytes encoded, keytrans::encode(head));
  bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  return std::string(kPrefix) + to_base64url(bytes);
}

Result<ShownHeads> ShownHeads::parse(std::string_view text) {
  if (!text.starts_with(kPrefix))
    return fail(Errc::malformed, "what is shown begins with \"kt1:\"");
  const auto bytes = from_base64url(text.substr(kPrefix.size()));
  if (!bytes || bytes->size() < keytrans::kHashSize)
    return fail(Errc::malformed, "what is shown is incomplete");
  HashValue id{};
  std::copy_n(bytes->begin(), id.size(), id.begin());
  KT_TRY(auto head,
         keytrans::decode<keytrans::DistinguishedHead>(ByteView(*bytes).subspan(id.size())));
  return ShownHeads{LogId(id), std::move(head)};
}

Result<MyHeads> my_heads(Session& session, const CompareRequest& request) {
  if (request.is_offline) {
    KT_TRY(const auto stored, load_domain(session, request.domain));
    if (!stored) return fail(Errc::not_found, "the domain is not trusted");
    KT_TRY(const DirectoryLog* const log, find_log(stored->known.current(), request.log));
    KT_TRY(const LoadedState loaded,
           load_state(session, log->configuration, stored->known.contact_policy));
    return heads_of(loaded.state, log->alias);
  }
  KT_TRY(const KnownDomain known, domain_in_force(session, request.domain));
  KT_TRY(const DirectoryLog* const log, find_log(known.current(), request.log));
  const LogEndpoint endpoint = endpoint_of(known, *log);
  return change_state(
      session, log->configuration, known.contact_policy,
      [&](ClientState& state) -> Result<MyHeads> {
        KT_TRY(ask_log<keytrans::DistinguishedResponse>(session, endpoint, "distinguished",
                                                        state.distinguished_request(), state));
        return heads_of(state, log->alias);
      });
}

}  // namespace kt::client
