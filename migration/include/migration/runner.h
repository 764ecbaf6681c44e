// What a gateway does of a migration by itself, one small step at a time: it goes from phase to
// phase where nobody has to decide, moves the labels that their users do not, and finishes what
// updates have left. It may end between any two things it does, and another one goes on from the
// record.
//
// Thread rule: one step() at a time, awaited on an executor that runs one handler at a time.
#pragma once

#include <utility>
#include <vector>

#include "migration/journal.h"

namespace kt::migration {

// What the steps depend on.
class Surroundings {
 public:
  Surroundings() = default;
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;
  virtual ~Surroundings() = default;

  // Whether requests are answered as the record's phase says: by a directory document that says so,
  // with nobody left who was to be answered otherwise.
  [[nodiscard]] virtual bool is_in_force(const Record& record) const = 0;
  // Labels of `from` after that one, in the order in which that log has them. Errors: those of it.
  virtual Result<std::vector<Label>> labels(const std::optional<Label>& after,
                                            std::size_t limit) = 0;
  // The head of `from` as it is now, which is the last one where others may have its keys: the log
  // is to sign no more then. Errors: those of it.
  virtual Result<FinalHead> head() = 0;
  // Of the directory document that is published.
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

class Runner {
 public:
  // Goes on with `record`, which is the one in the journal. Borrows all the others.
  Runner(Record record, Journal& journal, LabelLog& from, LabelLog& to, Surroundings& surroundings)
      : record_(std::move(record)),
        journal_(journal),
        from_(from),
        to_(to),
        surroundings_(surroundings) {}

  // As it is in the journal now, as far as this one has changed it.
  [[nodiscard]] const Record& record() const { return record_; }

  // Does what is next, with at most `limit` labels. Result: whether there was anything to be done
  // now. What a person has to look at is in the record as a fault, and it is paused.
  // Errors: unavailable when it is to be tried again; conflict when somebody else has changed the
  // record; those of the store.
  boost::asio::awaitable<Result<bool>> step(std::size_t limit);

  // Finishes updates of the record's domain that were left.
  // Errors: those of Mover::finish() and of the store; what is not finished stays.
  boost::asio::awaitable<Result<void>> finish_left();

 private:
  boost::asio::awaitable<Result<bool>> move_some(std::size_t limit);
  boost::asio::awaitable<Result<void>> move_all(std::vector<Label> labels, Progress& progress);
  boost::asio::awaitable<Result<void>> move_one(Label label, Progress& progress);
  boost::asio::awaitable<Result<void>> check_one(Label label);
  boost::asio::awaitable<Result<bool>> leave_phase();
  Result<bool> note_final_head();
  boost::asio::awaitable<Result<void>> put_final_head(FinalHead head);
  Result<bool> write(const Record& next);
  Result<bool> stop_at(const Error& error);

  Record record_;
  Journal& journal_;
  LabelLog& from_;
  LabelLog& to_;
  Surroundings& surroundings_;
};

}  // namespace kt::migration
