// The third-party auditor of one log, kept in a directory of its own: setup.h makes it.
//
//   KT_TRY(auto auditor, LogAuditor::open("example.auditor"));
//   if (auditor->state().needs_start) KT_TRY(auditor->start(…));         // what the log sent
//   KT_TRY(auditor->process(auditor->state().next_entry(), updates));    // what the log sent
//   KT_TRY(AuditorTreeHead head, auditor->sign());                       // to be sent to the log
//   KT_TRY(auditor->note_pushed(head.tree_size));                        // when the log has taken
//   it
//
// It does no I/O but in its directory: whoever calls it talks to the log. All that comes from the
// log is taken for a lie until it is verified. What was verified is durable before a function
// returns, and what is signed before it is handed out, so a process that dies at any instant goes
// on where it was.
//
// The directory holds the private key (0600), the database, and beside the database the highest
// head that was ever signed. No second root is ever signed for a tree size. A database that is
// behind that head is a restored backup: it processes the log's entries again, but signs nothing
// until its tree of that size has the root that was signed. So a restored backup heals when the log
// is still the one it was, and otherwise refuses the entry that shows the fork. Formats:
// docs/formats.md.
//
// An entry that does not verify is refused for good: its update is kept beside the database in
// rejected-<entry>.bin, with the state it was refused in, and as long as that file is there nothing
// is processed or signed. Whoever removes it has the entry verified once more, and no more than
// that.
//
// Source: draft, "Auditing", "Auditor Tree Head Signature"; the checks are those of
// keytrans/auditor.h.
//
// Blocking. Thread rule: one thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "keytrans/log_configuration.h"
#include "store/lmdb_store.h"

namespace kt::auditor {

// What process() takes at once.
inline constexpr std::size_t kMaxUpdates = 1000;
inline constexpr std::size_t kMaxUpdateBytes = std::size_t{16} << 20;  // of all of them together

struct AuditorOptions {
  store::LmdbOptions store;
  // Called with the name of each step that was taken. In process(): "verified" (nothing is
  // durable), "processed" (the database has the entries), or "refused" (the evidence is durable).
  // In sign(): "signed" (nothing is durable), "recorded" (the database has the head), "noted" (the
  // head file has it; it is handed out next). In start(): "started". For tests that end the process
  // there.
  std::function<void(std::string_view)> at_step;
};

struct AuditorState {
  bool needs_start = false;                      // start() comes before process()
  TreeSize size;                                 // of the tree that was verified
  std::optional<Timestamp> rightmost_timestamp;  // of that tree, if it has entries
  TreeSize signed_size;                          // 0 before the first signature
  std::optional<Timestamp> signed_timestamp;
  TreeSize pushed;                     // of the head that the log has taken; 0 before the first
  std::optional<TreeSize> behind;      // the size that was signed and has to be reached again
  std::optional<std::string> refused;  // which entry, and why
  store::Usage usage;

  // What process() takes next.
  [[nodiscard]] EntryIndex next_entry() const { return EntryIndex{size.value()}; }
};

class LogAuditor {
 public:
  // Opens the auditor in `directory`. One that has refused an entry opens, and says so in its
  // state. Errors: conflict when it is open already, here or in another process; not_found when
  // there is none or it is not bound to a log yet; rejected when the key is not the one of the
  // log's configuration or others can read it, when the head file is missing, or when the database
  // is of another history than the head file; corrupt when it contradicts itself or has a format
  // this program does not know; those of the key file.
  static Result<std::unique_ptr<LogAuditor>> open(const std::filesystem::path& directory,
                                                  AuditorOptions options = {});

  virtual ~LogAuditor() = default;

  [[nodiscard]] virtual const keytrans::LogConfiguration& configuration() const = 0;
  [[nodiscard]] virtual AuditorState state() const = 0;

  // Begins with the tree that `start` describes. Needed once, where auditor_start_pos is not 0.
  // Errors: conflict when the auditor has started; those of keytrans::verify_auditor_start();
  // unavailable when it cannot be written.
  virtual Result<void> start(const keytrans::AuditorStart& start) = 0;

  // Verifies encoded AuditorUpdates as those of the entries from `first` on, and makes all of them
  // durable together, or none.
  // Errors: verification_failed for an entry that does not verify, which is refused for good;
  // malformed for bytes that are no AuditorUpdate, of which nothing is kept; conflict when `first`
  // is not the next entry, or start() is needed; rejected for too many updates or bytes at once,
  // and after an entry was refused; unavailable when it cannot be written; corrupt when the
  // database is damaged.
  virtual Result<void> process(EntryIndex first, std::span<const Bytes> updates) = 0;

  // The head of all that was processed, the same one if it was signed before.
  // Errors: unavailable before the first entry, while a restored database is behind what was
  // signed, and when the head cannot be written; rejected after an entry was refused.
  virtual Result<keytrans::AuditorTreeHead> sign() = 0;

  // Remembers that the log has taken the head of `size` entries.
  // Requires: sign() has returned a head of that size. Errors: unavailable when it cannot be
  // written.
  virtual Result<void> note_pushed(TreeSize size) = 0;
};

}  // namespace kt::auditor
