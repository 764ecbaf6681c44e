// A log and its users at random: a world is a sequence of random steps. The log
// grows, users ask it things, come back later, pass on credentials, store their
// state and go on from there.
//
// A world follows from its seed, but for signing keys, openings, padding, and what a log on disk
// draws or times for itself.
//
// Thread rule: one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "modelled_log.h"
#include "random_source.h"

namespace kt::keytrans {

// What a world is made of. Times are multiples of a unit, so that some are the
// same to the millisecond; clocks are milliseconds.
struct WorldShape {
  CipherSuite suite;
  DeploymentMode mode;
  std::uint64_t unit = 1;    // milliseconds
  std::uint64_t window = 0;  // Reasonable Monitoring Window
  std::optional<std::uint64_t> lifetime;
  std::uint64_t start = 0;      // timestamp of the first log entry
  std::uint64_t gap = 1;        // between log entries, roughly
  std::uint64_t burst = 1;      // roughly so many log entries have the same timestamp
  std::uint64_t size = 1;       // log entries at the end
  std::uint64_t labels = 1;     // labels that get versions
  bool has_long_label = false;  // whether one of them gets hundreds
  std::uint64_t auditor_start = 0;
  std::uint64_t max_auditor_lag = 0;
  std::uint64_t max_ahead = 0;
  std::uint64_t max_behind = 0;
  std::uint64_t steps = 0;

  // Suite and mode follow from the seed directly, so that consecutive seeds go
  // through all.
  static WorldShape draw(std::uint64_t seed, RandomSource& random);

  [[nodiscard]] std::string describe() const;
};

// Makes the log of a world. One that makes its first entry itself makes it at `start`.
using LogFactory = std::function<std::unique_ptr<GrowingLog>(const Configuration& configuration,
                                                             std::uint64_t seed, Timestamp start)>;

class RandomWorld {
 public:
  // Adds to `counts`, which it borrows.
  RandomWorld(std::uint64_t seed, const LogFactory& make_log, ModelledLog::Counts& counts);

  // Goes through all steps, or up to the first that fails. Failures are
  // GoogleTest's, each with seed, step and shape.
  void run();

 private:
  [[nodiscard]] std::uint64_t size() const { return log_.model().size().value(); }
  [[nodiscard]] bool may_grow() const { return size() < shape_.size; }
  [[nodiscard]] bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& list) {
    return list[random_.below(list.size())];
  }
  [[nodiscard]] Timestamp next_timestamp();
  [[nodiscard]] Timestamp held_back(Timestamp timestamp);
  [[nodiscard]] std::uint32_t random_skips();
  [[nodiscard]] std::vector<Bytes> random_values(const Label& label);

  void append();
  void append_nothing();
  void erase();
  void forget_removed();
  void restart();
  void step_of(std::size_t index);
  void search_fixed(ModelledUser& user, const Label& label);
  void become_owner(ModelledUser& user, const Label& label);
  void update(ModelledUser& user, const Label& label);
  void receive_credential(std::size_t user);
  void settle_credential();

  std::uint64_t seed_;
  RandomSource random_;
  WorldShape shape_;
  std::vector<Label> labels_;  // the last one never gets a version
  ModelledLog log_;
  std::vector<ModelledUser> users_;
  std::vector<std::pair<std::size_t, PendingCredential>> pending_;  // and whose they are
};

// Runs worlds of consecutive seeds over logs of `make_log`. KT_WORLDS in the environment says how
// many, or else it is `usual`; KT_SEED says which.
ModelledLog::Counts run_worlds(std::uint64_t usual, const LogFactory& make_log);

// Prints how often what happened, and fails the test unless all that can happen over any log did,
// and what is named besides. With KT_WORLDS in the environment, only prints.
void expect_all_met(const ModelledLog::Counts& counts, std::vector<std::string> besides);

}  // namespace kt::keytrans
