// Brings versions into a log, many updates at a time. Internal.
//
// A version that is in the log with the same value counts as there already, so importing the same
// lines again does nothing, and goes on after an import that was interrupted. Consecutive versions
// of a label make one update.
//
// Versions are looked up before they are submitted, which is the whole truth as long as nobody else
// updates the log, so a line that contradicts it stops the import before anything after it is in.
//
// Thread rule: one thread; the log answers on another.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "log/log.h"
#include "log_line.h"

namespace kt::gateway {

// An error and the line it is about.
struct LineError {
  std::uint64_t line;
  Error error;
};

// Consecutive versions of a label, in consecutive lines.
struct LineGroup {
  Label label;
  Version first;
  std::vector<keytrans::UpdateValue> values;
  std::uint64_t first_line = 0;
  std::size_t bytes = 0;

  [[nodiscard]] std::uint64_t next_version() const { return first.value() + values.size(); }
};

class Importer {
 public:
  // Borrows `log`, which nobody else may update.
  explicit Importer(log::Log& log) : log_(log) {}
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;
  // Waits for what is under way.
  ~Importer();

  // Imports `line`, which is number `number` and may stay here for a while. Waits while too much is
  // under way. After an error nothing more may be added.
  std::optional<LineError> add(LogLine line, std::uint64_t number);

  // Imports what is still here and waits until everything is in the log or was refused. The error
  // of the first line that was refused: all lines before it are in the log.
  std::optional<LineError> finish();

  [[nodiscard]] std::uint64_t imported() const;
  [[nodiscard]] std::uint64_t already_there() const { return already_there_; }

 private:
  [[nodiscard]] bool continues_group(const LogLine& line) const;
  // Imports the group, if there is one. It is gone afterwards.
  std::optional<LineError> flush();
  std::optional<LineError> import_group();
  // Waits until the group can be submitted. Nothing is under way for its label then.
  std::optional<LineError> wait_for_room();
  std::optional<LineError> drop_what_is_there();
  Result<void> check_first();
  std::optional<LineError> submit();
  Result<void> hand_over(log::Log::Answer answer);
  // What is under way, or was refused.
  struct Submitted {
    Label label;
    std::size_t versions;
    std::size_t bytes;
    std::uint64_t line;
  };
  void answered(const Submitted& submitted, const Result<keytrans::UpdateResponse>& answer);
  [[nodiscard]] std::optional<LineError> first_refused() const;

  log::Log& log_;
  std::optional<LineGroup> group_;
  std::uint64_t already_there_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Label> under_way_;
  std::size_t bytes_under_way_ = 0;
  std::uint64_t imported_ = 0;
  std::optional<LineError> refused_;  // of the lines that were, the first
};

}  // namespace kt::gateway
