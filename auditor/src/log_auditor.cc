#include "auditor/log_auditor.h"

#include <numeric>

#include "closed_auditor.h"
#include "keytrans/auditor_start.h"
#include "keytrans/key_file.h"
#include "refusal.h"
#include "store/head_file.h"
#include "stored_leaves.h"

namespace kt::auditor {
namespace {

using keytrans::Auditor;
using keytrans::AuditorTreeHead;

std::string number(TreeSize size) { return std::to_string(size.value()); }

Result<void> check_bounds(std::span<const Bytes> updates) {
  if (updates.size() > kMaxUpdates)
    return fail(Errc::rejected,
                "more than " + std::to_string(kMaxUpdates) + " auditor's updates at once");
  const std::size_t bytes =
      std::accumulate(updates.begin(), updates.end(), std::size_t{0},
                      [](std::size_t sum, const Bytes& update) { return sum + update.size(); });
  if (bytes > kMaxUpdateBytes)
    return fail(Errc::rejected, "auditor's updates of more than " +
                                    std::to_string(kMaxUpdateBytes) + " bytes at once");
  return {};
}

// The head that was signed when `auditor` stood where it stands now, which the database has
// forgotten. Requires: both are of one size.
// Errors: verification_failed when another tree was signed; corrupt when the head file's signature
// is not one over this tree.
Result<SignedHead> remember(const Auditor& auditor, const store::SignedHead& noted) {
  if (auditor.root() != noted.root)
    return fail(Errc::verification_failed,
                "a head of another tree of " + number(auditor.size()) + " entries was signed");
  SignedHead head{{auditor.rightmost_timestamp(), auditor.size(), noted.head.signature},
                  noted.root};
  if (auto verified = auditor.configuration().verify_auditor_tree_head(head.head, head.root);
      !verified)
    return fail(Errc::corrupt, "the head file: " + verified.error().detail);
  return head;
}

// Refuses a database that is of another history than the highest head, as far as it can tell now,
// and tells a restored one that stands just there what was signed.
Result<void> reconcile(State& state, const store::SignedHead& noted) {
  const TreeSize size = noted.head.tree_size;
  if (state.signed_size() > size) return {};  // sign() brings the head file up to date
  if (state.signed_size() == size) {
    if (state.last_signed && state.last_signed->root != noted.root)
      return fail(Errc::rejected,
                  "the database is of another history than the highest head that was signed");
    return {};
  }
  if (state.size() < size) return {};  // process() compares the roots when it gets there
  if (state.size() > size)
    return fail(Errc::rejected, "the database has " + number(state.size()) +
                                    " entries and has not seen the head of " + number(size) +
                                    " that was signed: nothing tells that it is of one history");
  auto head = remember(*state.auditor, noted);
  if (!head && head.error().code == Errc::verification_failed)
    return fail(Errc::rejected,
                "the database is of another history than the highest head that was signed");
  KT_TRY(state.last_signed, std::move(head));
  return {};
}

class StoredAuditor final : public LogAuditor {
 public:
  StoredAuditor(ClosedAuditor closed, keytrans::SigningKey key, store::HeadFile head_file,
                std::optional<std::string> refused, AuditorOptions options)
      : files_(std::move(closed.files)),
        store_(std::move(closed.store)),
        tables_(closed.tables),
        state_(std::move(closed.state)),
        key_(std::move(key)),
        head_file_(std::move(head_file)),
        refused_(std::move(refused)),
        options_(std::move(options)) {}

  [[nodiscard]] const keytrans::LogConfiguration& configuration() const override {
    return state_.configuration;
  }
  [[nodiscard]] AuditorState state() const override;
  Result<void> start(const keytrans::AuditorStart& start) override;
  Result<void> process(EntryIndex first, std::span<const Bytes> updates) override;
  Result<AuditorTreeHead> sign() override;
  Result<void> note_pushed(TreeSize size) override;

 private:
  [[nodiscard]] TreeSize noted() const { return head_file_.highest().head.tree_size; }
  Result<void> check_not_refused() const;
  Result<void> process_next(State& state, StoredLeaves& leaves,
                            const keytrans::AuditorUpdate& update) const;
  tl::unexpected<Error> refuse(const Auditor& before, const Bytes& update, const Error& why);
  Result<void> commit(store::Batch batch, State next);
  void at_step(std::string_view step) const {
    if (options_.at_step) options_.at_step(step);
  }

  Directory files_;
  std::unique_ptr<store::Store> store_;
  Tables tables_;
  State state_;
  keytrans::SigningKey key_;
  store::HeadFile head_file_;
  std::optional<std::string> refused_;
  AuditorOptions options_;
};

AuditorState StoredAuditor::state() const {
  AuditorState state;
  state.needs_start = !state_.auditor;
  state.size = state_.size();
  if (state.size > TreeSize{0}) state.rightmost_timestamp = state_.auditor->rightmost_timestamp();
  state.signed_size = state_.signed_size();
  if (state_.last_signed) state.signed_timestamp = state_.last_signed->head.timestamp;
  state.pushed = state_.pushed;
  if (state.size < noted()) state.behind = noted();
  state.refused = refused_;
  state.usage = store_->usage();
  return state;
}

Result<void> StoredAuditor::check_not_refused() const {
  if (refused_) return fail(Errc::rejected, *refused_);
  return {};
}

Result<void> StoredAuditor::commit(store::Batch batch, State next) {
  batch.put(tables_.state, state_key(), encode_record(next));
  KT_TRY(const store::Committed committed, store_->commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the storage failed: the auditor has to be opened again");
  state_ = std::move(next);
  return {};
}

Result<void> StoredAuditor::start(const keytrans::AuditorStart& start) {
  KT_TRY(check_not_refused());
  if (state_.auditor) return fail(Errc::conflict, "the auditor has started already");
  KT_TRY(const auto view, keytrans::verify_auditor_start(state_.configuration, start));
  State next = state_;
  KT_TRY(next.auditor, Auditor::from_view(state_.configuration, view));
  KT_TRY(commit({}, std::move(next)));
  at_step("started");
  return {};
}

// Moves `state` on by one entry.
Result<void> StoredAuditor::process_next(State& state, StoredLeaves& leaves,
                                         const keytrans::AuditorUpdate& update) const {
  KT_TRY(state.auditor->process(update, leaves));
  if (state.size() != noted() || state.signed_size() == noted()) return {};
  KT_TRY(state.last_signed, remember(*state.auditor, head_file_.highest()));
  return {};
}

Result<void> StoredAuditor::process(EntryIndex first, std::span<const Bytes> updates) {
  KT_TRY(check_not_refused());
  if (!state_.auditor)
    return fail(Errc::conflict, "the auditor needs the tree that it starts from");
  if (first.value() != state_.size().value())
    return fail(Errc::conflict, "the auditor's next entry is " + number(state_.size()));
  KT_TRY(check_bounds(updates));
  if (updates.empty()) return {};

  store::Batch batch;
  State next = state_;
  {
    KT_TRY(const auto snapshot, store_->snapshot());
    StoredLeaves leaves(*snapshot, tables_.leaves);
    for (const Bytes& bytes : updates) {
      auto update = keytrans::decode<keytrans::AuditorUpdate>(bytes);
      if (!update)
        return fail_in("the update of entry " + number(next.size()), std::move(update).error());
      const Auditor before = *next.auditor;
      const auto processed = process_next(next, leaves, *update);
      if (!processed && processed.error().code == Errc::verification_failed)
        return refuse(before, bytes, processed.error());
      KT_TRY(processed);
    }
    leaves.put_changes(batch);
  }
  at_step("verified");
  KT_TRY(commit(std::move(batch), std::move(next)));
  at_step("processed");
  return {};
}

tl::unexpected<Error> StoredAuditor::refuse(const Auditor& before, const Bytes& update,
                                            const Error& why) {
  Refusal refusal{EntryIndex{before.size().value()}, why.detail, {}, update};
  refused_ = refusal.text();
  Result<void> kept;
  if (auto serialized = before.serialize()) {
    refusal.auditor = *std::move(serialized);
    kept = keep_refusal(files_, refusal);
  } else {
    kept = tl::unexpected<Error>(serialized.error());
  }
  // Until the process ends it is remembered all the same.
  if (!kept) *refused_ += "; of this nothing could be kept: " + kept.error().detail;
  at_step("refused");
  return fail(Errc::verification_failed, *refused_);
}

Result<AuditorTreeHead> StoredAuditor::sign() {
  KT_TRY(check_not_refused());
  if (!state_.auditor) return fail(Errc::unavailable, "the auditor has not started yet");
  if (state_.size() < noted())
    return fail(Errc::unavailable, "the database has " + number(state_.size()) +
                                       " entries, but a head of " + number(noted()) +
                                       " was signed: nothing is signed before it gets there");
  if (!state_.last_signed || state_.signed_size() < state_.size()) {
    State next = state_;
    KT_TRY(AuditorTreeHead head, state_.auditor->sign(key_));
    next.last_signed = SignedHead{std::move(head), state_.auditor->root()};
    at_step("signed");
    KT_TRY(commit({}, std::move(next)));
    at_step("recorded");
  }
  const auto& [head, root] = *state_.last_signed;
  if (noted() < head.tree_size) {
    KT_TRY(head_file_.advance({{head.tree_size, head.signature}, root}));
    at_step("noted");
  }
  return head;
}

Result<void> StoredAuditor::note_pushed(TreeSize size) {
  KT_ASSERT(size <= state_.signed_size());
  if (size <= state_.pushed) return {};
  State next = state_;
  next.pushed = size;
  return commit({}, std::move(next));
}

}  // namespace

Result<std::unique_ptr<LogAuditor>> LogAuditor::open(const std::filesystem::path& directory,
                                                     AuditorOptions options) {
  KT_TRY(ClosedAuditor closed, open_closed_auditor(directory, options.store));
  const keytrans::Configuration& wire = closed.state.configuration.wire();
  KT_TRY(auto key, keytrans::load_key<keytrans::SigningKey>(closed.files.key(), wire.ciphersuite,
                                                            wire.auditor_public_key));
  KT_TRY(auto head_file, store::HeadFile::open(closed.files.head_file()));
  KT_TRY(reconcile(closed.state, head_file.highest()));
  KT_TRY(auto refused, find_refusal(closed.files));
  return std::unique_ptr<LogAuditor>(
      std::make_unique<StoredAuditor>(std::move(closed), std::move(key), std::move(head_file),
                                      std::move(refused), std::move(options)));
}

}  // namespace kt::auditor
