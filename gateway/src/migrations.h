// The migrations of a gateway's domains, as people command them: what may begin, what may go on,
// and what there is to be seen. Internal. docs/migration.md is the manual.
//
// Every command is one commit of the record, or nothing. A command whose effect is there already
// says so by its result.
//
// Thread rule: any thread. Blocking.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "directory_publisher.h"
#include "hosting.h"
#include "migration_order.h"

namespace kt::gateway {

// What would happen.
struct MigrationPlan {
  std::string from;  // aliases
  std::string to;
  std::uint64_t labels = 0;  // of users, at least; those up to kMaxCounted are counted
  bool is_counted = false;   // whether these are all
};

class Migrations {
 public:
  static constexpr std::uint64_t kMaxCounted = 1'000'000;

  // Borrows `store`. Errors: those of migration::Journal.
  static Result<std::unique_ptr<Migrations>> open(store::Store& store);
  ~Migrations() { pool_.join(); }
  Migrations(const Migrations&) = delete;
  Migrations& operator=(const Migrations&) = delete;

  [[nodiscard]] migration::Journal& journal() { return *journal_; }
  // For a Hosting. Errors: those of the journal.
  Result<Moving> moving();
  Result<std::vector<migration::Record>> records() const { return journal_->records(); }
  Result<std::optional<migration::Record>> find(const federation::Domain& domain) const {
    return journal_->find(domain);
  }

  // --- Commands --------------------------------------------------------------------------------
  // `hosting` is the one in force. Errors of all: not_found when the gateway has no such domain, or
  // nothing is moving there; rejected, with the reason, when it may not be done; conflict when
  // something else has changed meanwhile; those of the store and the logs.

  // Changes nothing.
  Result<MigrationPlan> plan(const Hosting& hosting, const federation::Domain& domain,
                             const MigrationOrder& order) const;
  // A list of the labels of an old log that does not tell them, which start() then goes by: begun
  // anew, added to, and complete with `count` labels. Errors: those of migration::Journal, with
  // those of its conflicts as rejected; rejected also for a label that is not the domain's, or is
  // the gateways' own, and while labels of the domain are moving.
  Result<void> begin_list(const Hosting& hosting, const federation::Domain& domain);
  Result<void> add_to_list(const Hosting& hosting, const federation::Domain& domain,
                           const std::vector<Label>& labels);
  Result<void> complete_list(const Hosting& hosting, const federation::Domain& domain,
                             std::uint64_t count);
  Result<migration::Record> start(const Hosting& hosting, const federation::Domain& domain,
                                  const MigrationOrder& order, Timestamp now);
  // Into the phase that a person decides about, draining's end excepted.
  Result<migration::Record> advance(const Hosting& hosting, const PublishedDirectories& published,
                                    const federation::Domain& domain, Timestamp now);
  Result<migration::Record> pause(const federation::Domain& domain);
  Result<migration::Record> resume(const federation::Domain& domain,
                                   std::optional<std::uint32_t> rate);
  // With `despite_monitoring` also while the old log is monitored.
  Result<migration::Record> finish(const federation::Domain& domain, bool despite_monitoring,
                                   Timestamp now);
  // Result: the record that is not there any more. Nothing when there was none.
  Result<std::optional<migration::Record>> abort(const Hosting& hosting,
                                                 const federation::Domain& domain);

  // What was seen of the domain's migration. Errors: those of the journal.
  Result<std::shared_ptr<MigrationActivity>> activity(const federation::Domain& domain);
  // Writes down what was seen since this was called last, as far as that can be done.
  void keep_activity();

  // Whether something has changed that a Hosting has to know, since this was called last.
  [[nodiscard]] bool take_change() { return changed_.exchange(false); }
  void note_change() { changed_ = true; }
  // Whether nothing is under way, as far as it can be read.
  [[nodiscard]] bool is_idle() const;

 private:
  explicit Migrations(std::unique_ptr<migration::Journal> journal) : journal_(std::move(journal)) {}

  // What would move, and where. Errors: rejected when it may not.
  struct Logs;
  Result<Logs> find_logs(const Hosting& hosting, const federation::Domain& name,
                         const MigrationOrder& order) const;
  Result<std::vector<Label>> labels_of(const Logs& logs, const federation::Domain& domain,
                                       const std::optional<Label>& after, std::size_t limit) const;
  Result<MigrationPlan> count(const Logs& logs, const federation::Domain& domain) const;
  Result<void> verify_labels(const Logs& logs, const federation::Domain& domain) const;
  Result<void> require_no_move(const Hosting& hosting, const federation::Domain& domain) const;
  Result<migration::Record> required(const federation::Domain& domain) const;
  Result<migration::Record> change(const migration::Record& before, const migration::Record& after);

  std::unique_ptr<migration::Journal> journal_;
  boost::asio::thread_pool pool_{2};
  std::atomic<bool> changed_ = false;
  std::mutex mutex_;  // for what follows
  std::map<federation::Domain, std::shared_ptr<MigrationActivity>> activity_;
};

// The head that a log has now; that of one at another gateway as a user would verify it. Blocking.
// Errors: those of log::Log::view() and of the log; verification_failed.
Result<migration::FinalHead> head_of(const HostedLog& hosted);

}  // namespace kt::gateway
