// A log, its auditor and its users, with the naive model beside them.
//
// Each operation of a user is one function. It makes the request, has the log answer it, takes both
// over the wire, and compares with the model: whether there is an answer, what the proof holds,
// what the user concludes, and what the user then retains. Differences are GoogleTest failures; a
// set-up that breaks throws.
//
// Lifetime: owns the log; borrows the random source and the counts. Thread rule: one thread at a
// time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "growing_log.h"
#include "keytrans/auditor.h"
#include "keytrans/credential.h"
#include "keytrans/fork_evidence.h"
#include "naive_model.h"
#include "naive_proof.h"
#include "random_source.h"

namespace kt::keytrans {

struct ModelledUser {
  ClientState state;
  NaiveUser expected;

  // What the user got from its last distinguished walk, and of which entries that is.
  std::optional<DistinguishedHead> head;
  std::vector<EntryIndex> walked;
};

// A provisional credential that someone waits to finally verify.
struct PendingCredential {
  RetainedCredential credential;
  std::optional<CredentialUpdate> update;  // received, and not verified yet
};

class ModelledLog {
 public:
  // How often what happened, by name.
  using Counts = std::map<std::string, std::size_t>;

  // `log` may have entries already, without versions. The random source decides on clocks.
  ModelledLog(std::unique_ptr<GrowingLog> log, RandomSource& random, Counts& counts);

  // --- The log

  // One log entry that no user asked for, as far as the log can make it: see GrowingLog.
  using Growth = GrowingLog::Growth;
  void append(Timestamp timestamp, const std::vector<Growth>& growth);

  // Lets the auditor, if there is one and its start is reached, process all but the last `lag`
  // entries, and sign.
  void audit(std::uint64_t lag);

  // What the log can do: see GrowingLog.
  [[nodiscard]] bool may_be_empty(Timestamp timestamp) const {
    return log_->may_be_empty(timestamp);
  }
  [[nodiscard]] bool takes_versions() const { return log_->takes_versions(); }
  [[nodiscard]] std::optional<Timestamp> grows_until() const { return log_->grows_until(); }
  [[nodiscard]] bool is_stored() const { return log_->is_stored(); }
  void restart();

  // --- Erasure

  // Erases a label that has versions and was not erased before. Requires: is_stored().
  void erase(const Label& label);
  // Whether the label may get versions: not one that was erased and is in unexpired entries.
  [[nodiscard]] bool takes_versions(const Label& label) const {
    return !erased_.contains(label) && !removed_.contains(label);
  }
  // The labels of which the log knows no more, that were erased; once each. The model does not know
  // them from then on, and no user may.
  [[nodiscard]] std::vector<Label> take_removed();
  // Asks for versions of a label that was erased, and is refused. Requires: it takes none.
  void try_to_make_anew(const Label& label);

  [[nodiscard]] const NaiveLog& model() const { return model_; }
  // Requires: the log is not empty.
  [[nodiscard]] NaiveTree tree() const { return {model_, model_.size()}; }
  [[nodiscard]] const Configuration& configuration() const { return log_->configuration().wire(); }
  [[nodiscard]] bool is_audited() const {
    return configuration().mode == DeploymentMode::thirdPartyAuditing;
  }

  // Whether the last prefix tree holds the versions there are, and padding, and nothing else.
  void compare_prefix_tree();

  // --- Users

  [[nodiscard]] ModelledUser new_user(ContactPolicy policy, RecentPolicy recent) const;

  void search_greatest(ModelledUser& user, const Label& label);
  void search_fixed(ModelledUser& user, const Label& label, Version target);
  void monitor(ModelledUser& user, const Label& label);
  void become_owner(ModelledUser& user, const Label& label, EntryIndex start);
  void monitor_as_owner(ModelledUser& user, const Label& label, std::size_t limit);
  void walk(ModelledUser& user);

  // What "Updating a Label" needs to know if the request creates versions.
  struct Sequencing {
    Timestamp timestamp;
    std::uint32_t skipped = 0;
    bool lose_response = false;
  };
  enum class UpdateEnd { not_owner, nothing_new, lost, told, created };
  UpdateEnd update(ModelledUser& user, const Label& label, const std::vector<LabelValue>& values,
                   const Sequencing& sequencing);

  // Compares what two users learned when they walked last.
  void exchange_heads(const ModelledUser& a, const ModelledUser& b);

  // Gives `user` a credential. Returns it if it is provisional.
  std::optional<PendingCredential> receive_credential(const ModelledUser& user, const Label& label,
                                                      EntryIndex position);
  // Tries final verification. Returns whether that ends the matter.
  bool settle_credential(const ModelledUser& user, PendingCredential& pending);

  // Storage.
  void restore(ModelledUser& user);
  void restore_auditor();

  // Whether a user retains what the model says, and nothing else.
  void compare(const ModelledUser& user);

 private:
  [[nodiscard]] TreeView view_of_a_stranger() const;
  void remember_auditor_updates();
  template <class T>
  bool is_given_up(const NaiveTree& now, const NaiveProof& proof, const Result<T>& proved);
  [[nodiscard]] const HashValue& root_at(TreeSize size);
  [[nodiscard]] bool auditor_is_recent() const;
  [[nodiscard]] Timestamp random_clock();
  Result<UpdateResponse> answer(const UpdateRequest& request, const Sequencing& sequencing);
  void forget_expired(const Label& label);
  [[nodiscard]] bool may_be_removed(EntryIndex rightmost) const;
  template <class T>
  bool is_removed(const Label& label, const Result<T>& proved);
  template <class T>
  bool is_erased(const Label& label, const Result<T>& proved);

  template <class Request, class Response>
  auto deliver(ModelledUser& user, const Request& request, const Result<Response>& proved);
  void expect_found(ModelledUser& user, const Label& label, const SearchOutcome& outcome,
                    const NaiveFound& expected);
  void compare_proof(const CombinedTreeProof& proof, const NaiveProof& expected) const;
  void compare_view(const TreeView& view);
  void compare_label(const ModelledUser& user, const Label& label) const;

  void count(const std::string& what) { ++counts_[what]; }

  RandomSource& random_;
  Counts& counts_;
  std::unique_ptr<GrowingLog> log_;
  NaiveLog model_;
  std::map<Label, EntryIndex> erased_;   // and the rightmost entry then
  std::map<Label, EntryIndex> removed_;  // and the first entry that does not know them
  std::size_t versions_erased_ = 0;
  std::vector<AuditorUpdate> auditor_updates_;  // of the first entries
  std::optional<Auditor> auditor_;
  MemoryAuditedLeaves audited_leaves_;
  std::map<TreeSize, HashValue> roots_;
  std::optional<std::pair<RecentPolicy, DistinguishedResponse>> witness_;  // of an earlier tree
};

}  // namespace kt::keytrans
