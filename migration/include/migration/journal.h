// What a gateway keeps of migrations: a record for each domain, and the updates that are under way
// while labels move. docs/formats.md has the tables.
//
// Blocking. Thread rule: any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "migration/mover.h"
#include "migration/record.h"
#include "store/store.h"

namespace kt::migration {

struct Intent {
  std::uint64_t number;
  federation::Domain domain;
  Label label;
};

class Journal {
 public:
  // Borrows `store`. Errors: those of the store.
  static Result<std::unique_ptr<Journal>> open(store::Store& store);

  // Errors: those of the store; corrupt.
  Result<std::vector<Record>> records() const;
  Result<std::optional<Record>> find(const federation::Domain& domain) const;

  // Replaces `before`, or nothing, by `after`, or nothing: one atomic commit.
  // Errors: conflict when the record is not `before` any more; unavailable when it is not known
  // whether it was written. Requires: both are of `domain`.
  Result<void> change(const federation::Domain& domain, const std::optional<Record>& before,
                      const std::optional<Record>& after);

  // --- Updates that are under way --------------------------------------------------------------

  Result<std::uint64_t> add(const federation::Domain& domain, const Label& label);
  Result<void> drop(std::uint64_t intent);
  void leave(std::uint64_t intent);

  // Those that nobody will finish who is at it now: of processes that were before this one, and
  // those that were left. Errors: those of the store; corrupt.
  Result<std::vector<Intent>> left() const;

 private:
  Journal(store::Store& store, store::Table records, store::Table intents, std::uint64_t next)
      : store_(store), records_(records), intents_(intents), first_(next), next_(next) {}

  store::Store& store_;
  const store::Table records_;
  const store::Table intents_;
  const std::uint64_t first_;  // of this process
  std::atomic<std::uint64_t> next_;
  mutable std::mutex mutex_;
  std::set<std::uint64_t> left_;
};

// The intents of one domain, written by a thread of `pool`. Borrows both.
[[nodiscard]] std::unique_ptr<Intents> make_intents(Journal& journal, federation::Domain domain,
                                                    boost::asio::thread_pool& pool);

}  // namespace kt::migration
