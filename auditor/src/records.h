// What an auditor keeps, as keys and values of its tables: docs/formats.md, "An auditor". Internal.
//
// Decoding fails with `corrupt`: nobody but this program wrote what it reads.
#pragma once

#include <optional>

#include "keytrans/auditor.h"
#include "store/store.h"

namespace kt::auditor {

struct Tables {
  store::Table state;
  store::Table leaves;  // when each leaf that is there was added

  static Result<Tables> open(store::Store& store);
};

// A head that the auditor has signed, with what it has signed.
struct SignedHead {
  keytrans::AuditorTreeHead head;
  HashValue root{};
};

// Where the auditor stands: one record, replaced with every commit.
struct State {
  keytrans::LogConfiguration configuration;
  std::optional<keytrans::Auditor> auditor;  // nothing before start()
  std::optional<SignedHead> last_signed;
  TreeSize pushed;

  [[nodiscard]] TreeSize size() const { return auditor ? auditor->size() : TreeSize{}; }
  [[nodiscard]] TreeSize signed_size() const {
    return last_signed ? last_signed->head.tree_size : TreeSize{};
  }
};

[[nodiscard]] Bytes state_key();
[[nodiscard]] Bytes encode_record(const State& state);
// What was signed is verified, as far as the state knows of it.
Result<State> decode_state(ByteView bytes);

[[nodiscard]] Bytes leaf_key(const HashValue& vrf_output);
[[nodiscard]] Bytes encode_record(EntryIndex added_at);
Result<EntryIndex> decode_added_at(ByteView bytes);

}  // namespace kt::auditor
