#include "misbehaviour.h"

#include "client/evidence.h"
#include "federation/identity.h"

namespace kt::client {

std::string find_evidence(const Session& session, const federation::Domain& domain,
                          const Error& error) {
  if (error.code != Errc::verification_failed) return "";
  const auto saved = look_for_forks(session, domain);
  // What does not verify was said already.
  if (!saved || saved->empty()) return "";
  std::string text = "; this is proof that the log lies, kept in";
  for (const std::filesystem::path& path : *saved) text += " " + path.string();
  return text;
}

std::string find_evidence(const Session& session, const Asked& asked, const Error& error) {
  const auto identity = federation::Identity::parse(asked.identity, asked.default_domain);
  return identity ? find_evidence(session, identity->domain(), error) : "";
}

}  // namespace kt::client
