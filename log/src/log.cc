#include "log/log.h"

#include <thread>

#include "closed_log.h"
#include "highest_head.h"
#include "keytrans/auditor_start.h"
#include "keytrans/key_file.h"
#include "log_view.h"
#include "padding.h"
#include "pruning_thread.h"
#include "sequencer.h"
#include "store/head_file.h"
#include "stored_versions.h"

namespace kt::log {
namespace {

using keytrans::LogConfiguration;

class StoredLog final : public Log {
 public:
  StoredLog(LogParts parts, State state, store::HeadFile head_file, const LogOptions& options,
            const Clock& clock)
      : parts_(std::move(parts)),
        published_(std::make_shared<const State>(std::move(state))),
        sequencer_(parts_, published_, std::move(head_file), options, clock) {
    if (parts_.configuration.wire().maximum_lifetime)
      pruning_.emplace(Pruner(*parts_.store, parts_.tables, parts_.configuration), published_,
                       options.prune_interval);
  }

  [[nodiscard]] const LogConfiguration& configuration() const override {
    return parts_.configuration;
  }
  [[nodiscard]] LogState state() const override;
  Result<std::unique_ptr<keytrans::LogSource>> view() const override;
  Result<void> submit(keytrans::UpdateRequest request, Answer answer) override {
    return sequencer_.submit(std::move(request), std::move(answer));
  }
  Result<void> submit(keytrans::ManagerUpdateRequest request, Answer answer) override {
    return sequencer_.submit(std::move(request), std::move(answer));
  }
  Result<void> pad(std::size_t fakes) { return sequencer_.pad(fakes); }
  Result<keytrans::AuditorUpdate> auditor_update(EntryIndex entry) const override;
  Result<void> accept_auditor_head(const keytrans::AuditorTreeHead& head) override {
    return sequencer_.accept_auditor_head(head);
  }
  Result<std::vector<Label>> labels(const std::optional<Label>& after,
                                    std::size_t limit) const override;
  void seal() override { sequencer_.seal(); }
  Result<std::uint64_t> erase(const std::vector<Label>& labels) override {
    return sequencer_.erase(labels);
  }

 private:
  LogParts parts_;
  Published published_;
  Sequencer sequencer_;
  std::optional<PruningThread> pruning_;
};

LogState StoredLog::state() const {
  const auto served = published_.get();
  LogState state;
  state.size = served->size();
  if (state.size > TreeSize{0}) state.rightmost_timestamp = served->timestamp;
  if (const auto& audited = served->auditor_tree_head) {
    state.audited = audited->tree_size;
    state.audited_timestamp = audited->timestamp;
  }
  state.waiting = sequencer_.waiting();
  state.trouble = sequencer_.trouble();
  state.is_sealed = sequencer_.is_sealed();
  state.usage = parts_.store->usage();
  if (pruning_) {
    state.pruned = pruning_->pruned();
    if (const auto error = pruning_->error()) state.pruning_failed = error->detail;
  }
  return state;
}

Result<std::unique_ptr<keytrans::LogSource>> StoredLog::view() const {
  KT_TRY(auto view, open_view(parts_, published_, Absence::proven, Purpose::answers));
  return std::unique_ptr<keytrans::LogSource>(std::move(view));
}

Result<keytrans::AuditorUpdate> StoredLog::auditor_update(EntryIndex entry) const {
  if (entry.value() >= published_.get()->size().value())
    return fail(Errc::not_found, "there is no such log entry");
  KT_TRY(const auto snapshot, parts_.store->snapshot());
  KT_TRY(const auto bytes, snapshot->get(parts_.tables.audit, number_key(entry.value())));
  if (!bytes) return fail(Errc::corrupt, "an auditor's update of the log is missing");
  auto update = keytrans::decode<keytrans::AuditorUpdate>(*bytes);
  if (!update) return fail(Errc::corrupt, "an auditor's update: " + update.error().detail);
  return update;
}

Result<std::vector<Label>> StoredLog::labels(const std::optional<Label>& after,
                                             std::size_t limit) const {
  std::vector<Label> page;
  KT_TRY(const auto snapshot, parts_.store->snapshot());
  Bytes from = after ? after_versions(*after) : Bytes();
  while (page.size() < limit) {
    std::optional<Label> next;
    // The first key of a label; those of its other versions are passed over.
    KT_TRY(snapshot->scan_keys(parts_.tables.versions, from, [&next](ByteView key) -> Result<bool> {
      KT_TRY(LabelVersion about, parse_version_key(key));
      next = std::move(about.label);
      return false;
    }));
    if (!next) break;
    from = after_versions(*next);
    page.push_back(*std::move(next));
  }
  return page;
}

// --- Opening ---------------------------------------------------------------------------------

// Refuses a database that is behind the highest head, or beside it, and brings the file up to date.
Result<void> reconcile(const LogView& view, store::HeadFile& file) {
  KT_TRY(const Standing standing, compare(view, file.highest()));
  if (standing == Standing::behind)
    return fail(Errc::rejected,
                "the database has " + std::to_string(view.state().size().value()) +
                    " entries, but a head of " +
                    std::to_string(file.highest().head.tree_size.value()) +
                    " was signed: it is an old copy, and serving it would fork the log");
  if (standing == Standing::beside)
    return fail(Errc::rejected,
                "the database is of another history than the highest head that was signed");
  KT_TRY(const store::SignedHead head, signed_head(view));
  if (standing == Standing::agrees) return {};
  return file.advance(head);
}

}  // namespace

Result<keytrans::AuditorStart> Log::auditor_start() const {
  KT_TRY(const auto current, view());
  return keytrans::prove_auditor_start(*current);
}

std::string_view to_string(Trouble trouble) {
  switch (trouble) {
    case Trouble::none: return "none";
    case Trouble::clock_behind: return "clock-behind";
    case Trouble::clock_ahead: return "clock-ahead";
    case Trouble::auditor_lags: return "auditor-lags";
    case Trouble::storage: return "storage";
    case Trouble::failed: return "failed";
  }
  return "unknown";
}

Result<keytrans::SigningKey> load_signature_key(const std::filesystem::path& directory,
                                                const LogConfiguration& configuration) {
  const keytrans::Configuration& wire = configuration.wire();
  return keytrans::load_key<keytrans::SigningKey>(Directory{directory}.signature_key(),
                                                  wire.ciphersuite, wire.signature_public_key);
}

Result<std::unique_ptr<Log>> Log::open(const std::filesystem::path& directory,
                                       const LogOptions& options, const Clock& clock) {
  KT_TRY(ClosedLog closed, open_closed_log(directory, options.store));
  const Directory& files = closed.files;
  const State& state = closed.state;
  const keytrans::Configuration& wire = closed.configuration.wire();
  KT_TRY(check_padding(wire, options.padding));
  KT_TRY(auto signature_key, load_signature_key(files.path, closed.configuration));
  KT_TRY(auto vrf_key, keytrans::load_key<keytrans::VrfPrivateKey>(
                           files.vrf_key(), wire.ciphersuite, wire.vrf_public_key));
  LogParts parts{std::move(closed.configuration),
                 std::move(signature_key),
                 std::move(vrf_key),
                 std::move(closed.store),
                 closed.tables,
                 std::make_unique<ReadCache>(options.read_cache)};
  KT_TRY(store::HeadFile head_file, store::HeadFile::open(files.head_file()));
  {
    const Published stored(std::make_shared<const State>(state));
    KT_TRY(const auto view, open_view(parts, stored, Absence::believed, Purpose::growth));
    KT_TRY(reconcile(*view, head_file));
  }
  LogOptions effective = options;
  if (effective.vrf_threads == 0) effective.vrf_threads = std::thread::hardware_concurrency();
  const bool was_empty = state.size() == TreeSize{0};
  auto log =
      std::make_unique<StoredLog>(std::move(parts), state, std::move(head_file), effective, clock);
  if (was_empty) {
    KT_TRY(log->pad(options.initial_padding));
  }
  return std::unique_ptr<Log>(std::move(log));
}

}  // namespace kt::log
