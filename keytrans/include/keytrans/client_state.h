// A user's verified knowledge of one log, and the only way to change it.
//
// Every response is verified against the state and the request it answers. What comes
// back is a `Verified<T>`: the outcome, and the change of state that goes with it.
// Nothing else can change the state, so a response that fails verification leaves no
// trace, and an outcome cannot be used before it was verified.
//
//   const SearchRequest request = state.search_request(label);
//   … send it, receive `response` …
//   KT_TRY(auto verified, state.verify(request, response, now));
//   KT_TRY(SearchOutcome found, state.apply(std::move(verified)));
//   … store state.serialize() before using `found` …
//
// One state belongs to one log (LogId) and one user. Durations are milliseconds.
//
// Source: draft, "Updating Views of the Tree", "Full Tree Head Verification", "User Operations",
// "Monitoring the Tree", "Updating a Label".
//
// Errors of every verify(): malformed when request and response do not fit each other;
// verification_failed when a check of the draft fails, naming it. A response with a negative result
// is verification_failed: the draft has no way to prove one.
//
// Thread rule: const member functions may run at the same time; others need exclusive access.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "keytrans/algorithms.h"
#include "keytrans/log_configuration.h"
#include "keytrans/proof_reader.h"
#include "keytrans/tree_view.h"

namespace kt::keytrans {

// When a user monitors labels it looked up and does not own.
enum class ContactPolicy : std::uint8_t {
  as_required = 1,  // in Contact Monitoring mode, where users MUST
  always = 2,       // also in the third-party modes, to detect collusion
};

// --- What a state holds ----------------------------------------------------------------------

// A distinguished log entry as a common reference point: the log tree in which it is the rightmost
// entry ("Detecting Forks").
struct KnownDistinguished {
  TreeView view;

  [[nodiscard]] EntryIndex position() const { return rightmost(view.size); }
  friend bool operator==(const KnownDistinguished&, const KnownDistinguished&) = default;
};

// A label owner's state ("Owner Algorithm", "Updating a Label").
struct OwnerState {
  // New versions that no inspected distinguished log entry covers yet.
  struct Update {
    EntryIndex position;
    Version greatest;  // greatest version from there on

    friend bool operator==(const Update&, const Update&) = default;
  };

  EntryIndex start;                          // rightmost distinguished entry verified
  std::optional<Version> greatest_at_start;  // greatest version there
  std::vector<Update> updates;               // to the right of start, ascending

  [[nodiscard]] std::optional<Version> greatest() const;
  // The greatest version expected at an entry at or to the right of start.
  [[nodiscard]] std::optional<Version> greatest_at(EntryIndex entry) const;

  friend bool operator==(const OwnerState&, const OwnerState&) = default;
};

// What is retained about one label, for as long as it is owned or has to be monitored.
struct LabelState {
  LabelVersions versions;                // VRF outputs and commitments that proofs will need
  std::set<Version> claimed;             // those of versions whose commitment no proof covered yet
  std::vector<MonitorMapEntry> monitor;  // the monitoring map, ascending
  std::optional<OwnerState> owner;
  // Of versions that are monitored, as far as they were shown: what proves to the log that the user
  // was once allowed to know them ("Contact Monitor").
  std::map<Version, Opening> openings;
  Timestamp monitored_at;  // timestamp of the rightmost entry when last monitored

  friend bool operator==(const LabelState&, const LabelState&) = default;
};

// --- What an operation establishes -----------------------------------------------------------

struct SearchOutcome {
  Version version;
  Bytes value;
  Terminal terminal;
  bool must_monitor = false;  // the state now holds an obligation to monitor
};

struct ContactMonitorOutcome {
  std::size_t remaining = 0;  // entries that are still to be monitored
};

struct OwnerInitOutcome {
  std::optional<Version> greatest_at_start;
};

struct OwnerMonitorOutcome {
  EntryIndex verified_through;  // rightmost distinguished entry verified
  // Whether that is the rightmost distinguished entry there is. If not and nothing was gained, the
  // log has a version the owner does not know: ask for it with an update request without values.
  bool complete = false;
};

struct UpdateOutcome {
  EntryIndex position;
  std::uint32_t skipped = 0;
  Version first;              // version of values[0]
  std::vector<Bytes> values;  // of the new versions that were not skipped
  // Whether they are the requested ones; otherwise the request lost to versions made before, which
  // the owner has to judge, and which are now part of its state.
  bool created = false;
};

struct DistinguishedOutcome {
  std::vector<EntryIndex> entries;  // newly learned, ascending
};

// --- What is left to do ----------------------------------------------------------------------

struct Obligation {
  enum class Kind { contact_monitoring, owner_monitoring, distinguished };
  Kind kind;
  Label label;                        // empty for distinguished
  Timestamp due;                      // "roughly as frequently as the RMW"
  std::optional<Timestamp> deadline;  // before log entries expire

  friend bool operator==(const Obligation&, const Obligation&) = default;
};

class ClientState;

// The outcome of a fully verified response, and the change of state it makes.
template <class Outcome>
class Verified {
 public:
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  friend class ClientState;
  friend class ResponseVerifier;
  struct Change {
    std::shared_ptr<const char> revision;  // of the state it was verified against
    TreeView view;
    TreeHead tree_head;
    std::optional<AuditorTreeHead> auditor_tree_head;
    std::optional<Label> label;
    std::optional<LabelState> label_state;  // the label's new state; absent to forget it
    std::vector<KnownDistinguished> distinguished;
  };
  Verified(Outcome outcome, Change change)
      : outcome_(std::move(outcome)), change_(std::move(change)) {}

  Outcome outcome_;
  Change change_;
};

class ClientState {
 public:
  explicit ClientState(LogConfiguration configuration,
                       ContactPolicy policy = ContactPolicy::as_required,
                       RecentPolicy recent = RecentPolicy{});

  [[nodiscard]] const LogConfiguration& configuration() const { return configuration_; }
  [[nodiscard]] ContactPolicy contact_policy() const { return policy_; }
  // For what is looked up from now on. Obligations there are stay.
  void set_contact_policy(ContactPolicy policy);
  [[nodiscard]] const RecentPolicy& recent_policy() const { return recent_; }

  // Size of the last verified tree; nothing before the first response.
  [[nodiscard]] std::optional<TreeSize> last() const;
  [[nodiscard]] const std::optional<TreeView>& view() const { return view_; }
  // The last verified tree heads. Requires: last() is present.
  [[nodiscard]] const TreeHead& tree_head() const { return tree_head_; }
  [[nodiscard]] const std::optional<AuditorTreeHead>& auditor_tree_head() const {
    return auditor_tree_head_;
  }
  // The recent distinguished log entries known, ascending.
  [[nodiscard]] const std::vector<KnownDistinguished>& distinguished() const {
    return distinguished_;
  }
  [[nodiscard]] const LabelState* label(const Label& label) const;

  // --- Requests. Errors: not_found when the state has nothing on the label; conflict as stated.
  [[nodiscard]] SearchRequest search_request(Label label,
                                             std::optional<Version> version = {}) const;
  Result<ContactMonitorRequest> contact_monitor_request(const Label& label) const;
  [[nodiscard]] OwnerInitRequest owner_init_request(Label label, EntryIndex start) const;
  Result<OwnerMonitorRequest> owner_monitor_request(const Label& label) const;
  Result<UpdateRequest> update_request(const Label& label, std::vector<LabelValue> values) const;
  [[nodiscard]] DistinguishedRequest distinguished_request() const;

  // --- Verification. `now` is the user's clock when it received the response.
  Result<Verified<SearchOutcome>> verify(const SearchRequest& request,
                                         const SearchResponse& response, Timestamp now) const;
  Result<Verified<ContactMonitorOutcome>> verify(const ContactMonitorRequest& request,
                                                 const ContactMonitorResponse& response,
                                                 Timestamp now) const;
  Result<Verified<OwnerInitOutcome>> verify(const OwnerInitRequest& request,
                                            const OwnerInitResponse& response, Timestamp now) const;
  Result<Verified<OwnerMonitorOutcome>> verify(const OwnerMonitorRequest& request,
                                               const OwnerMonitorResponse& response,
                                               Timestamp now) const;
  Result<Verified<UpdateOutcome>> verify(const UpdateRequest& request,
                                         const UpdateResponse& response, Timestamp now) const;
  Result<Verified<DistinguishedOutcome>> verify(const DistinguishedRequest& request,
                                                const DistinguishedResponse& response,
                                                Timestamp now) const;

  // Makes the change and hands out the outcome.
  // Errors: conflict when the state has changed since `verified` was made; nothing happens then.
  template <class Outcome>
  Result<Outcome> apply(Verified<Outcome> verified);

  // Gives up ownership of, and monitoring for, a label.
  void forget(const Label& label);

  // Everything there is to do, soonest first.
  [[nodiscard]] std::vector<Obligation> obligations() const;

  // The whole state: version 1 of "KTCLIENT" in docs/protocol.md. Secrets there are none.
  Result<Bytes> serialize() const;
  // Errors: malformed for bytes that serialize() did not write, or of an unknown version.
  static Result<ClientState> parse(ByteView bytes);

  // Equal knowledge, whatever the history.
  friend bool operator==(const ClientState& a, const ClientState& b);

 private:
  friend class ResponseVerifier;

  LogConfiguration configuration_;
  ContactPolicy policy_;
  RecentPolicy recent_;
  // Its address stands for what the state knows now: copies share it, every change makes a new one.
  std::shared_ptr<const char> revision_ = std::make_shared<const char>();
  std::optional<TreeView> view_;
  TreeHead tree_head_;
  std::optional<AuditorTreeHead> auditor_tree_head_;
  std::vector<KnownDistinguished> distinguished_;
  std::map<Label, LabelState> labels_;
};

}  // namespace kt::keytrans
