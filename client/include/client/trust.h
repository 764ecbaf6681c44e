// The domains that a user trusts.
//
// Errors, and the thread rule: session.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/session.h"

namespace kt::client {

struct TrustRequest {
  federation::Domain domain;
  // Where the document is looked for, now and later; where it was before, or at kt.DOMAIN, when
  // nothing is given. With TLS, unless it leads to a loopback address.
  std::optional<federation::Url> url;
  // Whom to believe for the document, the gateway and the logs of the domain; as before, or the
  // system's authorities, when nothing is given.
  std::optional<std::filesystem::path> authorities;
  // Whether users monitor what they look up in third-party modes, too; as before when nothing is
  // given.
  std::optional<keytrans::ContactPolicy> contact_policy;
  // The document, from somebody who is trusted. Nobody is asked then.
  std::optional<std::string> document;
};

// Trusts a domain from now on; one that is trusted already follows its document by the rules of
// directory_succession.h alone, wherever it comes from.
//
// A document that is fetched has to be what each active log in it has under `kt:directory`, now or
// before a newer one that is about to be published. That is verified in all of them; none may be
// out of reach. Of a document that came from another machine no URL may lead to this one.
//
// Errors besides: rejected when the document is not in force or an old one; conflict when there are
// two of one epoch.
Result<DomainNews> trust(Session& session, const TrustRequest& request);

// Those that are trusted, by name.
Result<std::vector<KnownDomain>> trusted_domains(const Session& session);

}  // namespace kt::client
