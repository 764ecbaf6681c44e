// The gateway's configuration file: what is accepted can be served as far as the file says, and
// what is refused is refused in one line that begins with the place.

#include <algorithm>
#include <set>

#include "configuration.h"
#include "federation/shard.h"
#include "federation/url.h"

namespace {

using namespace kt::gateway;

void require_consistency(const GatewayConfiguration& all) {
  const ListenConfiguration& listen = all.listen;
  KT_ASSERT(listen.certificate.empty() == listen.private_key.empty());
  KT_ASSERT(!listen.certificate.empty() || kt::federation::is_loopback(listen.host));
  std::set<std::string> names;
  for (const PrincipalConfiguration& principal : all.principals)
    KT_ASSERT(!principal.name.empty() && names.insert(principal.name).second);
  KT_ASSERT(!all.logs.empty());
  std::set<std::string> aliases;
  for (const ServedLogConfiguration& log : all.logs) {
    KT_ASSERT(log.directory.is_absolute());
    KT_ASSERT(!log.alias.empty() && log.alias.size() <= 64 && aliases.insert(log.alias).second);
    KT_ASSERT(!log.auditor || names.contains(*log.auditor));
    KT_ASSERT(log.options.commit_limit > 0 && log.options.prune_interval.count() > 0);
    KT_ASSERT((log.options.padding.interval.count() == 0) == (log.options.padding.pairs == 0));
  }
  std::set<kt::federation::Domain> domains;
  for (const DomainConfiguration& domain : all.domains) {
    KT_ASSERT(domain.name && domains.insert(*domain.name).second);
    const std::set<std::string> logs(domain.logs.begin(), domain.logs.end());
    KT_ASSERT(logs.size() == domain.logs.size());
    KT_ASSERT(std::includes(aliases.begin(), aliases.end(), logs.begin(), logs.end()));
    if (domain.policy == DomainPolicy::single) {
      KT_ASSERT(logs.size() == 1);
    } else {
      KT_ASSERT(logs.size() >= 2 && logs.size() <= kt::federation::kMaxShards);
    }
  }
  KT_ASSERT(!all.default_domain || domains.contains(*all.default_domain));
  for (const DomainConfiguration& domain : all.domains) {
    KT_ASSERT(!domain.url ||
              (!all.state.empty() &&
               (domain.url->has_tls || kt::federation::is_loopback(domain.url->host))));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed =
      parse_configuration({reinterpret_cast<const char*>(data), size}, "/etc/gateway.toml");
  if (parsed) {
    require_consistency(*parsed);
    return 0;
  }
  const std::string& detail = parsed.error().detail;
  KT_ASSERT(parsed.error().code == kt::Errc::malformed);
  KT_ASSERT(detail.starts_with("/etc/gateway.toml:") && detail.size() < 1000);
  KT_ASSERT(std::none_of(detail.begin(), detail.end(), [](char c) { return c == '\n'; }));
  return 0;
}
