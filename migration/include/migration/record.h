// A domain's move from one log to another, as far as it has come: what a gateway keeps of it, and
// which steps there are.
//
// Every step is one commit of the record (journal.h). What a phase promises holds from then on, so
// whoever starts again after a crash goes on from what is written; the table says what has to be
// true before each step.
//
// docs/migration.md tells the story. Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "federation/domain.h"
#include "federation/final_head.h"
#include "keytrans/types.h"

namespace kt::migration {

enum class Mode : std::uint8_t {
  gradual = 1,    // each label when it is updated or swept, while both logs serve
  immediate = 2,  // all labels while updates wait, for a log whose keys are not to be trusted
};

enum class Phase : std::uint8_t {
  prepared = 1,  // the directory document is to name both logs; labels are in `from`
  // Gradual: a label is where its tombstone says.
  dual = 2,      // labels move when they are updated
  sweeping = 3,  // and the others are moved
  // Immediate: labels are in `from`, which takes no updates.
  frozen = 4,      // until the last update is done
  populating = 5,  // values are copied
  verifying = 6,   // and compared
  // Both: labels are in `to`.
  draining = 7,  // `from` is there for who monitors
  finished = 8,  // `from` has retired
};

enum class Actor : std::uint8_t { person, gateway };

// What has to be true before a step is for whoever makes it to find out.
struct Transition {
  Mode mode;
  Phase from;
  Phase to;
  Actor actor;
  std::string_view condition;
};
[[nodiscard]] std::span<const Transition> transitions();

// The step that `actor` may make from `phase`; null when there is none.
[[nodiscard]] const Transition* find_transition(Mode mode, Phase phase, Actor actor);

// Whether everything can be as it was: users have seen nothing of `to` that they rely on.
[[nodiscard]] bool may_abort(Phase phase);

// "prepared" and so on.
[[nodiscard]] std::string_view to_string(Mode mode);
[[nodiscard]] std::string_view to_string(Phase phase);
Result<Mode> parse_mode(std::string_view text);

// Labels of users, as they were counted while the gateway went through those of `from`.
struct Progress {
  std::uint64_t moved = 0;    // by the gateway: swept, or copied
  std::uint64_t updated = 0;  // found moved: by their users' updates, or before a crash
  std::uint64_t verified = 0;

  friend bool operator==(const Progress&, const Progress&) = default;
};

using federation::FinalHead;

struct Record {
  federation::Domain domain;
  Mode mode;
  LogId from;
  LogId to;
  Phase phase = Phase::prepared;
  Timestamp started{};
  Timestamp phase_since{};
  std::uint32_t rate = 0;         // labels a second that the gateway moves at most; 0 for no limit
  std::uint64_t grace_ms = 0;     // that `from` drains at least
  bool is_paused = false;         // nothing is moved that is not updated
  std::string fault{};            // why the gateway has paused it; empty when a person has
  std::optional<Label> cursor{};  // the last label of `from` that the phase is done with
  Progress progress{};
  std::optional<FinalHead> final_head{};
  // Others may have the keys of `from`: once labels have moved, it says nothing more.
  bool is_compromised = false;
  std::uint64_t quiet_ms = 0;  // for which nobody has to have monitored `from` before it retires
  std::uint64_t labels = 0;    // of users, in `from` when it began; 0 when they were not counted
  bool is_listed = false;      // which labels `from` has was told by a list: journal.h
  bool is_checked = false;     // they are in `from`, and not in `to`

  Result<Bytes> encode() const;
  // Also of what versions before this one have written. Errors: corrupt.
  static Result<Record> decode(ByteView bytes);

  friend bool operator==(const Record&, const Record&) = default;
};

// Of the labels that the gateway goes through in this phase, how many it has been at; 0 in a phase
// in which it does not.
[[nodiscard]] std::uint64_t labels_done(const Record& record);

// `record` after `transition`, at `now`: with the new phase, and nothing done in it yet.
// Requires: it is a transition of the record.
[[nodiscard]] Record step(const Record& record, const Transition& transition, Timestamp now);

}  // namespace kt::migration
