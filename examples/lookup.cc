// Looks somebody up with libktclient, and verifies all of it: docs/developing-clients.md.
//
//   lookup STATE DOMAIN URL IDENTITY
#include "client/lookup.h"

#include <cstdio>

#include "client/trust.h"

namespace {

using namespace kt;

Result<client::Found> look_up(const char* directory, const char* domain, const char* url,
                              const char* identity) {
  // What was verified before is in a directory, which all programs of a user share.
  KT_TRY(auto state, client::StateDirectory::open(directory));
  const auto transport = client::make_http_transport();
  client::Session session{std::move(state), transport.get()};

  // Which logs the domain has is in its directory document. A user decides once to trust a domain;
  // from then on a document is believed only if it follows the one before.
  KT_TRY(auto name, federation::Domain::parse(domain));
  KT_TRY(auto place, federation::parse_url(url));
  client::TrustRequest request{std::move(name), std::move(place), {}, {}, {}};
  KT_TRY(client::trust(session, request));

  // One request; the result is verified, and what it proves is remembered.
  client::LookupQuery query;
  query.identity = identity;
  return client::lookup(session, query);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: lookup STATE DOMAIN URL IDENTITY\n");
    return 2;
  }
  const auto found = look_up(arguments[1], arguments[2], arguments[3], arguments[4]);
  if (!found) {
    std::fprintf(stderr, "lookup: %s\n", found.error().detail.c_str());
    return 1;
  }
  std::printf("%zu bytes, version %u, in a log of %llu entries\n", found->value.size(),
              found->version.value(), static_cast<unsigned long long>(found->tree.size.value()));
  if (found->monitor_by)
    std::printf("It is new: to be monitored at %llu ms since 1970.\n",
                static_cast<unsigned long long>(found->monitor_by->value()));
  return 0;
}
