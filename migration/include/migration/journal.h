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

// What is seen of a migration between its steps. Of the last moments before a crash it may lack.
struct Activity {
  Timestamp monitored{};          // `from`, last, since labels have moved; 0 for never
  std::uint64_t monitorings = 0;  // of it
  std::uint64_t tombstones = 0;   // that updates have made

  friend bool operator==(const Activity&, const Activity&) = default;
};

struct LabelList;  // as the tables have it

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

  // Nothing was seen where there is nothing. Errors: those of the store; corrupt.
  Result<Activity> activity(const federation::Domain& domain) const;
  Result<void> keep(const federation::Domain& domain, const Activity& activity);

  // --- Lists of labels, of logs that do not tell which they have
  // ---------------------------------- A domain has one at most.

  // Begins an empty list, which is not complete; what was there is gone. Errors: those of the
  // store.
  Result<void> begin_list(const federation::Domain& domain);
  // Errors: conflict, and nothing is added, when a label is in it already, or `labels` has one
  // twice; rejected when it is complete, or larger than kMaxListed; not_found when there is none.
  Result<void> add_to_list(const federation::Domain& domain, const std::vector<Label>& labels);
  // Nothing can be added any more. Errors: rejected when it does not have `count` labels;
  // not_found.
  Result<void> complete_list(const federation::Domain& domain, std::uint64_t count);
  // The number of labels of a complete list. Nothing when there is none. Errors: corrupt.
  Result<std::optional<std::uint64_t>> listed(const federation::Domain& domain) const;
  // Labels of the list after that one, byte by byte, at most `limit`. Errors: corrupt.
  Result<std::vector<Label>> listed(const federation::Domain& domain,
                                    const std::optional<Label>& after, std::size_t limit) const;

  static constexpr std::uint64_t kMaxListed = 100'000'000;

  // --- Updates that are under way --------------------------------------------------------------

  Result<std::uint64_t> add(const federation::Domain& domain, const Label& label);
  Result<void> drop(std::uint64_t intent);
  void leave(std::uint64_t intent);

  // Those that nobody will finish who is at it now: of processes that were before this one, and
  // those that were left. Errors: those of the store; corrupt.
  Result<std::vector<Intent>> left() const;

 private:
  struct Tables {
    store::Table records;
    store::Table intents;
    store::Table lists;
    store::Table labels;
    store::Table activity;
  };
  Journal(store::Store& store, const Tables& tables, std::uint64_t next)
      : store_(store),
        records_(tables.records),
        intents_(tables.intents),
        lists_(tables.lists),
        labels_(tables.labels),
        activity_(tables.activity),
        first_(next),
        next_(next) {}
  Result<std::optional<LabelList>> find_list(const federation::Domain& domain) const;

  store::Store& store_;
  const store::Table records_;
  const store::Table intents_;
  const store::Table lists_;
  const store::Table labels_;
  const store::Table activity_;
  const std::uint64_t first_;  // of this process
  std::atomic<std::uint64_t> next_;
  mutable std::mutex mutex_;
  std::set<std::uint64_t> left_;
};

// The intents of one domain, written by a thread of `pool`. Borrows both.
[[nodiscard]] std::unique_ptr<Intents> make_intents(Journal& journal, federation::Domain domain,
                                                    boost::asio::thread_pool& pool);

}  // namespace kt::migration
