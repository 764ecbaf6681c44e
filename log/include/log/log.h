// One transparency log, kept in a directory of its own.
//
//   KT_TRY(LogId id, create_log("alice.log", configuration));
//   KT_TRY(auto log, Log::open("alice.log"));
//   KT_TRY(log->submit(request, [](Result<UpdateResponse> answer) { … }));
//   KT_TRY(auto view, log->view());
//   KT_TRY(SearchResponse found, prove_search(*view, search_request));
//
// Updates are sequenced: those that come within a short window make one log entry, which is durable
// before anyone is answered. Everything else is answered from a view, at the same time as updates
// and as other views, by the functions of keytrans/prover.h.
//
// The directory holds the database, the private keys (0600), and beside the database the highest
// head that was ever signed. A database that is behind that head is an old copy, and serving it
// would be a fork: it is refused. Formats: docs/formats.md.
//
// Time is honest or there is none: a log entry has the time at which it was made, and a log whose
// clock steps back, stands still or leaps ahead does not grow, and says so in its state.
//
// With a third-party auditor users accept an entry that is at most max_auditor_lag newer than the
// newest one that the auditor has signed. Entries that they would refuse are held back, so that
// what is served stays acceptable while the auditor is late. There is one exception: when the
// auditor has signed all there is, and that is too old because the log was down or had nothing to
// do, then one more entry is made, for only that gives the auditor something newer to sign. Until
// it has, users refuse every answer, that to the update in this entry among them; asked again
// later, the log tells the caller of its versions.
//
// Source: draft, "Updating a Label", "Management", "Auditing"; the deployment mode decides which
// of the functions below apply.
//
// Labels that were erased (log/erase.h) leave the log with entries that are made anyway, heartbeats
// among them.
//
// Thread rule: every function from any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keytrans/log_source.h"
#include "keytrans/signature.h"
#include "log/clock.h"
#include "log/prune.h"
#include "store/lmdb_store.h"

namespace kt::log {

// Makes a log in `directory`, which must not be there yet: its keys, its configuration in a file
// for clients, and a database without entries. The log's public keys in `configuration` are filled
// in; those of a third party have to be there already. Blocking.
// Errors: conflict when something is at `directory`; malformed for a configuration that is none;
// unavailable when the system refuses, and then nothing is left at `directory`.
Result<LogId> create_log(const std::filesystem::path& directory,
                         keytrans::Configuration configuration);

// The key with which the log in `directory` signs its tree heads, for what else is signed in its
// name. Blocking. Errors: those of keytrans::load_key().
Result<keytrans::SigningKey> load_signature_key(const std::filesystem::path& directory,
                                                const keytrans::LogConfiguration& configuration);

struct LogOptions {
  // Entries with updates are this far apart at least. An update that comes alone after such a time
  // is sequenced at once. Where several wait, or the last entry is not so old, an entry is made
  // when this much time has passed, or when this many wait.
  std::chrono::milliseconds commit_window{20};
  std::size_t commit_limit = 1000;
  // Updates that may wait. More are refused.
  std::size_t queue_limit = 10'000;
  // Bytes that a value may have.
  std::size_t value_limit = std::size_t{1} << 20;
  // Threads that compute VRFs for an entry; 0 for one a processor.
  unsigned vrf_threads = 0;
  // By how much the clock may fall behind the time that passed before the log refuses to grow, and
  // how far ahead it may leap.
  std::chrono::milliseconds clock_patience{5'000};
  std::chrono::milliseconds clock_leap{std::chrono::hours(1)};
  // How often what the maximum lifetime allows to give up is looked for: log/prune.h. It is given
  // up in steps of some hundred records that leave most of the time to others.
  std::chrono::milliseconds prune_interval{std::chrono::minutes(10)};
  // Fake label-version pairs, which hide how many real ones there are and when they come
  // ("Privacy", architecture draft 7.2). Where there is an interval, entries are made at ticks
  // alone, that far apart, each with fake pairs up to the next multiple of `pairs` new ones, and
  // with `pairs` if nobody asked for an update. Updates wait for the next tick and are answered
  // then; who closes the log does not wait. The commit window plays no part. An entry of more than
  // `pairs` real versions stands out by its size, to an auditor at least: choose for the busiest
  // tick there is.
  struct Padding {
    std::chrono::milliseconds interval{0};  // at most half of max_behind, and a day
    std::size_t pairs = 0;                  // at most 10'000; in third-party auditing mode 255
  };
  Padding padding;
  // Fake pairs that an empty log gets in its first entries, which hide how many real ones there
  // are. It has them when it is open.
  std::size_t initial_padding = 0;
  // Sealed from the beginning: seal(). For a log that has entries.
  bool is_sealed = false;
  // Bytes of memory for nodes and entries that were read before, which searches go through again
  // and again. They are taken when they are needed.
  std::size_t read_cache = std::size_t{64} << 20;
  store::LmdbOptions store;
  // Called on the sequencer's thread with the name of each step of growth that was taken, in this
  // order: "made" (nothing is durable), "committed" (the database has the entry), "noted" (the head
  // file has its head; it is served and answered from next). For tests that end the process there.
  std::function<void(std::string_view)> at_step;
};

// Why a log does not grow.
enum class Trouble : std::uint8_t {
  none,
  clock_behind,  // the clock stepped back or stands still
  clock_ahead,   // the clock leapt forward; opening the log again accepts the new time
  auditor_lags,  // another entry would pass max_auditor_lag, and the auditor has entries to sign
  storage,       // the last entry could not be written; nothing was lost
  failed,        // the storage left open what is durable: the log has to be opened again
};
[[nodiscard]] std::string_view to_string(Trouble trouble);

struct LogState {
  TreeSize size;
  std::optional<Timestamp> rightmost_timestamp;
  std::optional<TreeSize> audited;  // tree size of the auditor's head; updates wait for the first
  std::optional<Timestamp> audited_timestamp;  // that head's
  std::size_t waiting = 0;                     // updates
  Trouble trouble = Trouble::none;
  bool is_sealed = false;
  store::Usage usage;
  Pruned pruned;                              // since the log was opened
  std::optional<std::string> pruning_failed;  // why pruning ended early, until it is tried again
};

class Log {
 public:
  // Opens the log in `directory` and starts sequencing. An empty log gets its first entry at once.
  // Borrows `clock`. Blocking.
  // Errors: conflict when the log is open already, here or in another process; not_found when there
  // is none; rejected when the database is behind the head that was signed, its format or keys are
  // not ours, or the padding is not for this log; corrupt when it contradicts itself; those of the
  // key files; unavailable when the initial padding cannot be written, and what is there of it
  // stays.
  static Result<std::unique_ptr<Log>> open(const std::filesystem::path& directory,
                                           const LogOptions& options = {},
                                           const Clock& clock = system_clock());

  virtual ~Log() = default;  // sequences what waits, and answers it

  [[nodiscard]] virtual const keytrans::LogConfiguration& configuration() const = 0;
  [[nodiscard]] virtual LogState state() const = 0;

  // The log as of its last entry, with everything a prover needs. For one answer: a view is bounded
  // in time. To be used by one thread at a time, and gone before the log is.
  // Errors: unavailable as store::Store::snapshot() says.
  virtual Result<std::unique_ptr<keytrans::LogSource>> view() const = 0;

  // Sequences `request` and calls `answer` once, from a thread of the log's own, when the new
  // versions are durable; or with the versions that were made before, if the caller did not know
  // them. `answer` must not wait for anything and must not throw.
  // Errors of the answer: conflict when the caller is ahead of the log or asks for nothing new;
  // rejected or malformed for a request that breaks a rule, and rejected for a label that was
  // erased and is in unexpired entries; unavailable when the log does not grow,
  // or not for updates because the auditor has not signed anything yet: until it has, the log makes
  // the entries alone that keep it fresh, and those are for the auditor to sign.
  // Errors at once, without a call: unavailable when too many updates wait; rejected in third-party
  // management mode, where only a ManagerUpdateRequest is, and the other way round.
  using Answer = std::function<void(Result<keytrans::UpdateResponse>)>;
  virtual Result<void> submit(keytrans::UpdateRequest request, Answer answer) = 0;
  virtual Result<void> submit(keytrans::ManagerUpdateRequest request, Answer answer) = 0;

  // What the auditor is sent for a log entry. Requires: the mode is thirdPartyAuditing.
  // Errors: not_found beyond the tree.
  virtual Result<keytrans::AuditorUpdate> auditor_update(EntryIndex entry) const = 0;

  // What an auditor is sent that starts at auditor_start_pos: keytrans/auditor_start.h. It can be
  // given as long as there is the log, for log entries and nodes of the log tree are never pruned.
  // Errors: rejected when the auditor starts with the first entry, or there is none; not_found
  // while the log has fewer entries; those of view().
  [[nodiscard]] Result<keytrans::AuditorStart> auditor_start() const;

  // Serves `head` from now on, once it is durable. Blocking.
  // Requires: the mode is thirdPartyAuditing.
  // Errors: verification_failed for a head that is not the auditor's over this log; conflict when
  // it covers less than the one that is served; unavailable when it cannot be written.
  virtual Result<void> accept_auditor_head(const keytrans::AuditorTreeHead& head) = 0;

  // Labels that the log has versions of, after that one, at most `limit` of them: shorter ones
  // first, those of one length byte by byte. An empty page is the end. Errors: those of view();
  // corrupt.
  virtual Result<std::vector<Label>> labels(const std::optional<Label>& after,
                                            std::size_t limit) const = 0;

  // The log grows and signs no more, not even to stay fresh, until it is opened anew: whoever asks
  // for an update is refused with unavailable. What it has goes on being served. An entry that is
  // in work is there when this returns. Blocking.
  virtual void seal() = 0;

  // Erases `labels`, as log/erase.h says, with the same result. Blocking.
  // Errors: not_found when one of the labels is not in the log, and then nothing was erased;
  // unavailable when it cannot be written, and then those of the first labels may be.
  virtual Result<std::uint64_t> erase(const std::vector<Label>& labels) = 0;
};

}  // namespace kt::log
