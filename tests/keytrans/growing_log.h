// What a world needs of a log: that it grows when it is told to, and can be asked.
//
// A ModelledLog has one, and so random worlds run over every kind of log there is. What one kind
// cannot do it says here, and a world does not ask it to. Whatever else goes wrong throws.
//
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "keytrans/log_source.h"

namespace kt::keytrans {

class GrowingLog {
 public:
  virtual ~GrowingLog() = default;

  [[nodiscard]] virtual const LogConfiguration& configuration() const = 0;
  [[nodiscard]] virtual TreeSize size() const = 0;

  // The log as it is now. Valid until something about it changes: see the functions below.
  [[nodiscard]] virtual const LogSource& source() = 0;

  // New versions of a label: so many skipped ones, then the values.
  struct Growth {
    Label label;
    std::uint32_t skipped = 0;
    std::vector<Bytes> values;
  };
  // Makes one log entry. Requires: no label is there twice; `timestamp` is not before the rightmost
  // entry's, nor after grows_until(); what is empty may be, and what is not, too.
  virtual void append(Timestamp timestamp, const std::vector<Growth>& growth) = 0;

  // Whether an entry at `timestamp` may have no new versions.
  [[nodiscard]] virtual bool may_be_empty(Timestamp timestamp) = 0;
  // Whether the next entry may have new versions. Not so while the auditor has to sign first.
  [[nodiscard]] virtual bool takes_versions() = 0;
  // The time after which nothing is appended until the auditor has signed more, if there is one.
  [[nodiscard]] virtual std::optional<Timestamp> grows_until() = 0;

  // Sequences `request`. What it makes has `timestamp`, to which the same applies as above. The
  // second is for third-party management mode, the first for the others.
  virtual Result<UpdateResponse> update(const UpdateRequest& request, Timestamp timestamp) = 0;
  virtual Result<UpdateResponse> update(const ManagerUpdateRequest& request,
                                        Timestamp timestamp) = 0;

  // Third-party auditing: what the auditor is sent, and what it signed.
  virtual Result<AuditorUpdate> auditor_update(EntryIndex entry) = 0;
  virtual void accept_auditor_head(const AuditorTreeHead& head) = 0;

  // Erases the values of `label` and has it removed from the log as soon as it can be.
  // Requires: is_stored(); the label is in the log.
  virtual void erase(const Label& label) = 0;

  // The key of the third party. Requires: there is one.
  [[nodiscard]] virtual const SigningKey& third_party_key() const = 0;

  // Whether it can be closed and opened again; and does that. Requires: it can.
  [[nodiscard]] virtual bool is_stored() const = 0;
  virtual void restart() = 0;
};

// A MemoryLog, whose VRF key follows from `seed`. The public keys of `configuration` are filled in.
[[nodiscard]] std::unique_ptr<GrowingLog> make_memory_log(const Configuration& configuration,
                                                          std::uint64_t seed);

}  // namespace kt::keytrans
