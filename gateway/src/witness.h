// What this gateway has seen of logs, its own and other domains', as somebody who asks for the
// first time; and what of it proves that a log shows different people different histories.
// Internal. docs/federation.md, "Witnesses".
//
// Of each log the last answer to a newcomer is kept, in the gateway's store. The next one, and what
// other gateways have seen, is compared with it. Where two answers contradict one another, the one
// that was seen first stays, and what proves it stands in a file of its own until the operator
// takes that away: then the log is looked at as if for the first time. Nothing of others is
// believed but what the log has signed.
//
// Thread rule: logs(), find() and metrics() any thread; the rest one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "current.h"
#include "keytrans/client_state.h"
#include "keytrans/fork_evidence.h"
#include "log/clock.h"
#include "seen_log.h"
#include "store/store.h"
#include "witness_metrics.h"

namespace kt::gateway {

struct WitnessedLog {
  std::optional<federation::Domain> domain = {};  // nothing for a log that is hosted here
  std::shared_ptr<const Bytes> shown = {};  // a DistinguishedResponse; null when none was kept
  std::shared_ptr<const keytrans::LogConfiguration> configuration = {};  // as is this then
  Timestamp seen_at = {};
  WitnessAlarm alarm = WitnessAlarm::none;
  std::shared_ptr<const Bytes> evidence = {};  // ForkEvidence; null unless `forked`
};
using WitnessedLogs = std::map<LogId, WitnessedLog>;

// A log and whose it is.
struct WitnessSubject {
  std::optional<federation::Domain> domain;  // nothing for a log that is hosted here
  keytrans::LogConfiguration configuration;
  // Whether its last entry has to be as young as it promises; not where its labels have moved.
  bool has_to_be_fresh = true;
};

// Something that the operator is to be told.
struct WitnessNews {
  bool is_well;
  std::string what;
};

class Witness {
 public:
  // Logs that are remembered, and bytes of evidence that is looked at.
  static constexpr std::size_t kMaxLogs = 1024;
  static constexpr std::size_t kMaxEvidenceSize = std::size_t{1} << 20;

  // Evidence is in the directory `evidence`, which is there. Borrows `store` and `clock`.
  // Errors: those of the store and of SeenLog::decode().
  static Result<std::unique_ptr<Witness>> open(store::Store& store, std::filesystem::path evidence,
                                               const log::Clock& clock = log::system_clock());

  // Never null.
  [[nodiscard]] std::shared_ptr<const WitnessedLogs> logs() const { return logs_.snapshot(); }
  [[nodiscard]] WitnessMetrics& metrics() { return metrics_; }
  [[nodiscard]] const WitnessMetrics& metrics() const { return metrics_; }

  // Takes what a log has answered to `newcomers_request()` just now. `continued` is what it has
  // answered to continuing_request(), which is asked for when the result is `apart`; without it
  // nothing changes then.
  // Errors: unavailable when it cannot be kept, or too many logs are; corrupt when what was kept
  // does not verify.
  Result<Look> look(const WitnessSubject& log, Bytes answer,
                    const std::optional<Bytes>& continued = {});
  [[nodiscard]] static keytrans::DistinguishedRequest newcomers_request() { return {}; }
  // What asks a log to go on from what was seen of it last. Requires: look() was `apart`.
  Result<keytrans::DistinguishedRequest> continuing_request(const LogId& log) const;
  // Notes that a log's answer is none, for this reason.
  void note_unverified(const WitnessSubject& log, const std::string& reason);

  // Compares what was seen of a log with what another gateway says that it has seen.
  // Errors: as above.
  Result<Comparison> compare(const WitnessSubject& log, ByteView seen_by_other);

  // Whose logs are witnessed, beside those that are hosted here. Of others nothing is kept for
  // longer than 30 days, but for what is in the directory of evidence. Errors: unavailable.
  Result<void> settle(const std::set<federation::Domain>& domains);

  // Looks at the directory of evidence: what an operator has taken away, and what others have put
  // there. Errors: unavailable.
  Result<void> refresh();

  [[nodiscard]] std::vector<WitnessNews> take_news() { return std::exchange(news_, {}); }

 private:
  Witness(store::Store& store, store::Table table, std::filesystem::path evidence,
          const log::Clock& clock)
      : store_(store), table_(table), evidence_(std::move(evidence)), clock_(clock) {}

  Result<void> load();
  Result<std::optional<SeenLog>> seen(const LogId& log) const;
  Result<Look> judge(const WitnessSubject& log, const SeenLog& before, ByteView answer,
                     const keytrans::ClientState& newcomer, const std::optional<Bytes>& continued);
  // Compares two answers that verify, and keeps what that proves. Nothing when they have nothing in
  // common.
  Result<std::optional<WitnessAlarm>> contradict(const WitnessSubject& log, ByteView kept,
                                                 ByteView other);
  Result<std::optional<WitnessAlarm>> compare_answers(const WitnessSubject& log, ByteView first,
                                                      ByteView second);
  static Result<bool> goes_on(const SeenLog& before, ByteView continued,
                              const keytrans::ClientState& newcomer, Timestamp now);
  [[nodiscard]] Timestamp time_for(const WitnessSubject& log, ByteView answer) const;
  Result<void> keep(const WitnessSubject& log, Bytes answer);
  Result<void> forget(const LogId& log);
  Result<void> write(const std::filesystem::path& path, ByteView bytes) const;
  void note_verified(const WitnessSubject& log);
  void alarm(const WitnessSubject& log, WitnessAlarm alarm, const std::string& why);
  [[nodiscard]] std::filesystem::path file(WitnessAlarm alarm, const LogId& log) const;
  [[nodiscard]] static std::string name_of(const std::optional<federation::Domain>& domain,
                                           const LogId& log);
  void publish() { logs_.replace(std::make_shared<const WitnessedLogs>(known_)); }

  store::Store& store_;
  const store::Table table_;
  const std::filesystem::path evidence_;
  const log::Clock& clock_;
  WitnessedLogs known_;
  std::vector<WitnessNews> news_;
  WitnessMetrics metrics_;
  Current<WitnessedLogs> logs_{std::make_shared<const WitnessedLogs>()};
};

}  // namespace kt::gateway
