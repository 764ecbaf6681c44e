// A log that a third party manages for us: the service operator's side of Third-Party Management.
//
// Requests of users go to the manager as they are. The values of an update are signed on the way,
// each for its version, and what is to be signed is recorded durably before it is, so that no two
// values are ever signed for one version, whenever the process dies and whatever becomes of the
// request. Who may update is for the caller to know.
//
// The heads that the manager shows are followed, verified as a user would. Nothing is signed before
// they were, as long as the last ones did not verify, or when they were not shown for max_behind;
// and never again once they prove that the log has forked.
//
// Source: draft, "Management". Thread rule: that of LogService.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "keytrans/log_configuration.h"
#include "log/clock.h"
#include "routing/log_service.h"
#include "store/store.h"

namespace kt::routing {

struct ManagedLogOptions {
  keytrans::LogConfiguration configuration;  // with the mode thirdPartyManagement
  keytrans::SigningKey leaf_key;             // the configuration's
  // A directory for what the manager showed and should not have: docs/formats.md.
  std::filesystem::path evidence;
  // Called on a thread of this object's with each step of an update that was taken: "recorded",
  // "signed". For tests that end the process there.
  std::function<void(std::string_view)> at_step{};
};

enum class ManagerTrouble : std::uint8_t {
  none,
  unseen,      // its heads were not looked at yet
  unverified,  // what it showed last does not follow from what it showed before, or is too old
  forked,      // it signed two heads that cannot both be true
};
[[nodiscard]] std::string_view to_string(ManagerTrouble trouble);

struct ManagedLogState {
  ManagerTrouble trouble = ManagerTrouble::none;
  std::string reason;                    // of the trouble, for the operator
  std::optional<TreeSize> size;          // of the last tree that was verified
  std::optional<Timestamp> followed_at;  // when that was asked for last, and verified
};

class ManagedLog : public LogService {
 public:
  // `manager` is the log, where it is. Borrows `store`, `manager` and `clock`. Blocking.
  // Errors: rejected when the log is not deployed so, or the key is not the configuration's; those
  // of the store; corrupt when what is stored is none of ours.
  static Result<std::unique_ptr<ManagedLog>> open(store::Store& store, LogService& manager,
                                                  ManagedLogOptions options,
                                                  const log::Clock& clock = log::system_clock());

  // Of an ask() with an UpdateRequest: unavailable also when nothing is signed; and rejected when
  // the label has no versions left. A ManagerUpdateRequest is rejected: nobody else signs.

  // Asks the manager what is new, and verifies it. One at a time.
  // Errors: those of ask(); verification_failed when state() says so now.
  virtual boost::asio::awaitable<Result<void>> follow() = 0;

  [[nodiscard]] virtual ManagedLogState state() const = 0;

  // Finishes what is being signed and verified. Nothing is asked any more.
  virtual void close() = 0;
};

}  // namespace kt::routing
