// Whether the heads of a third-party manager form one line: what the service operator follows,
// verified as a user would. Internal.
//
// The state of a user is in the store, and goes on from tree to tree by proof alone. Beside it is
// the last response that a new user would have got, so that two such responses can prove a fork to
// anybody (keytrans/fork_evidence.h).
//
// Blocking. Thread rule: one thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "keytrans/client_state.h"
#include "keytrans/fork_evidence.h"
#include "log/clock.h"
#include "store/store.h"

namespace kt::routing {

class ManagerFollower {
 public:
  // Evidence is kept in the directory `evidence`. Borrows `store` and `clock`.
  // Errors: those of the store; corrupt when what it has is none of ours.
  static Result<ManagerFollower> open(store::Store& store,
                                      const keytrans::LogConfiguration& configuration,
                                      std::filesystem::path evidence, const log::Clock& clock);

  [[nodiscard]] const keytrans::ClientState& state() const { return state_; }
  // What proved that the log forked, for the operator. Nothing else is believed of the log then.
  [[nodiscard]] const std::optional<std::string>& fork() const { return fork_; }

  // What the log is asked: on from the last head, and as a new user.
  [[nodiscard]] keytrans::DistinguishedRequest next_request() const {
    return state_.distinguished_request();
  }
  [[nodiscard]] static keytrans::DistinguishedRequest witness_request() { return {}; }

  // Takes the response to `request`, which was next_request().
  // Errors: verification_failed when it does not verify, and then it is kept as a file, together
  // with the state; malformed when it is no response; unavailable when the store cannot be written.
  Result<void> take_next(const keytrans::DistinguishedRequest& request, ByteView response);

  // Takes the response to witness_request(); it is the witness from now on if the head before it
  // was in line. Errors: as above; verification_failed also when it proves a fork, which is kept as
  // evidence and from now on in fork().
  Result<void> take_witness(ByteView response, bool is_in_line);

 private:
  ManagerFollower(store::Store& store, store::Table table, keytrans::ClientState state,
                  std::filesystem::path evidence, const log::Clock& clock);

  Result<void> put(const char* key, Bytes value);
  Result<void> keep_suspicion(const std::string& reason, ByteView response);
  [[nodiscard]] std::filesystem::path file(const char* what) const;

  store::Store* store_;
  store::Table table_;
  keytrans::ClientState state_;
  std::filesystem::path evidence_;
  const log::Clock* clock_;
  std::optional<Bytes> witness_;
  std::optional<std::string> fork_;
};

}  // namespace kt::routing
