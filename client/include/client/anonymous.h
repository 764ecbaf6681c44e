// Asking a domain anonymously, with Oblivious HTTP: through a relay, which sees who asks and not
// what, at the domain's gateway, which sees what is asked and not who.
//
// The relay is at the gateway of the user's home domain, or of another one that knows them. The
// keys that requests are sealed to come through it, too, and are used for nothing but to look them
// up in a log of the domain until that has verified: keys that were made for one user to be told
// from others would be there for all to see.
//
// Errors, and the thread rule: session.h.
#pragma once

#include <chrono>
#include <memory>

#include "client/home.h"
#include "client/session.h"
#include "keytrans/secret.h"

namespace kt::client {

struct Relay {
  Origin gateway;
  keytrans::SecretBytes token;  // by which it knows its user; empty for none
};

// The relay of the domain that `access` names, which has to be trusted. `token` is what is in its
// token_file.
Result<Relay> relay_of(const Session& session, const RelayAccess& access,
                       keytrans::SecretBytes token);

// As whom the log is asked for the keys.
enum class KeysAskedAs : std::uint8_t {
  known,     // its answer has to continue what was verified before
  newcomer,  // nothing of what is known shows, and it is not compared with that
};

// What asks `domain`, and nobody else, through `relay`. From now on it is the transport of
// `session`, which has to end before what is returned. The domain has to be trusted.
// Errors besides: verification_failed also when the domain's log does not have the keys. `session`
// has the transport then that it had before.
Result<std::unique_ptr<Transport>> go_anonymous(
    Session& session, Relay relay, const federation::Domain& domain,
    std::chrono::milliseconds timeout = std::chrono::seconds(10),
    KeysAskedAs keys_asked_as = KeysAskedAs::known);

}  // namespace kt::client
