// Labels of one's own: becoming the owner, and publishing values.
//
// Errors, and the thread rule: session.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/session.h"
#include "keytrans/secret.h"

namespace kt::client {

struct OwnRequest {
  std::string identity;  // in any form of federation/identity.h
  // Of an identity that names none.
  std::optional<federation::Domain> default_domain;
  // Begin anew with what the log has now, if the label is owned already: what was not published
  // from here is not asked about any more.
  bool again = false;
};

struct Owned {
  federation::Domain domain;
  Label label;
  // At the entry from which on the owner monitors; what is newer shows when something is published.
  std::optional<Version> greatest;
  VerifiedTree tree;
  std::optional<Timestamp> monitor_by;
  // The alias of the log that the label has moved from, when it was owned there and the first value
  // here is the last one that it had there.
  std::string moved_from = {};
};

// Becomes the owner of a label, in the log that has it: from the rightmost distinguished log entry
// on, every version of it is to be one that this user has published or has been told of.
// Nothing is changed at the log; who may publish there is for its operator to say.
//
// A label that is owned in the log that labels move from is compared: its first value here has to
// be the last one there. With `again` whatever is there is accepted.
//
// Errors besides: conflict when the label is owned already; unavailable when the log has no
// distinguished entry that is young enough; verification_failed when a copied value was changed.
Result<Owned> own(Session& session, const OwnRequest& request);

struct PublishRequest {
  std::string identity;
  std::optional<federation::Domain> default_domain;
  Bytes value;
};

struct PublishedVersion {
  Version version;
  Bytes value;
};

struct Published {
  enum class How : std::uint8_t {
    created,    // as a version of its own
    was_there,  // the greatest version had that value when it was sent
    overtaken,  // not at all: the log has versions that were not known here
  };
  How how;
  federation::Domain domain;
  Label label;
  std::optional<Version> version;  // of the value, unless it was overtaken
  // That were not known here, ascending. They are from now on.
  std::vector<PublishedVersion> unknown;
  VerifiedTree tree;
  std::optional<Timestamp> monitor_by;
  // The alias of the log that the label has moved from, when the first of `unknown` should be the
  // last value there and is not: it was changed when it was copied, or published from elsewhere.
  std::string differs_from = {};
};

// Publishes a value as the next version of a label that is owned. `token` is what the domain's
// gateway knows who may write by.
//
// Where the log has versions that were not published from here, they are learned and the value is
// not published: the owner has to say whether these are right, by publishing again. What a gateway
// has copied from the log that the label was owned in is no such version, if it is what was there.
//
// Errors besides: conflict when the label is not owned; unavailable when the gateway goes by a
// newer document in which another log has the label, and may have published there; malformed when
// the value is none that users may publish.
Result<Published> publish(Session& session, const PublishRequest& request,
                          const keytrans::SecretBytes& token);

}  // namespace kt::client
