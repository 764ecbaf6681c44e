#include "witness.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "keytrans/directory.h"
#include "store/files.h"
#include "store/pages.h"

namespace kt::gateway {
namespace {

using keytrans::ClientState;
using keytrans::ListComparison;
using keytrans::RecentPolicy;

constexpr std::string_view kForkPrefix = "fork-";
constexpr std::string_view kDifferentPrefix = "different-";
constexpr std::string_view kSuffix = ".bin";
constexpr mode_t kEvidenceMode = 0600;
constexpr std::size_t kMaxNews = 64;
constexpr std::uint64_t kForgottenAfter = std::uint64_t{30} * 24 * 60 * 60 * 1000;  // milliseconds

ClientState newcomer_of(const keytrans::LogConfiguration& configuration) {
  return ClientState(configuration, keytrans::ContactPolicy::as_required);
}

// What a newcomer knows who is given `answer`. Errors: as those of decoding and verifying.
Result<ClientState> newcomer_with(const keytrans::LogConfiguration& configuration, ByteView answer,
                                  Timestamp now) {
  ClientState state = newcomer_of(configuration);
  KT_TRY(const auto response, read_shown(configuration, answer));
  KT_TRY(auto verified, state.verify(state.distinguished_request(), response, now));
  KT_TRY(state.apply(std::move(verified)));
  return state;
}

// The log that a file is about whose name is `prefix`, its LogId and kSuffix.
std::optional<LogId> log_of(const std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const std::string hex = name.substr(prefix.size(), name.size() - prefix.size() - kSuffix.size());
  const auto bytes = from_hex(hex);
  HashValue hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  const LogId id(hash);
  if (id.hex() != hex) return std::nullopt;
  return id;
}

// Evidence about `log` that proves it.
Result<Bytes> read_evidence(const std::filesystem::path& file, const LogId& log) {
  KT_TRY(Bytes bytes, store::read_small_file(file, Witness::kMaxEvidenceSize));
  KT_TRY(const auto evidence, keytrans::ForkEvidence::parse(bytes));
  KT_TRY(keytrans::verify_fork_evidence(evidence));
  KT_TRY(const auto configuration, keytrans::LogConfiguration::create(evidence.config));
  if (configuration.id() != log) return fail(Errc::verification_failed, "it is about another log");
  return bytes;
}

// Whether an alarm stays until the operator takes away what it is about.
bool is_kept(WitnessAlarm alarm) {
  return alarm == WitnessAlarm::different || alarm == WitnessAlarm::forked;
}

}  // namespace

Result<std::unique_ptr<Witness>> Witness::open(store::Store& store, std::filesystem::path evidence,
                                               const log::Clock& clock) {
  KT_TRY(const store::Table table, store.table("federation", "witnessed"));
  std::unique_ptr<Witness> witness(new Witness(store, table, std::move(evidence), clock));
  KT_TRY(witness->load());
  KT_TRY(witness->refresh());
  return witness;
}

Result<void> Witness::load() {
  Bytes after;
  while (true) {
    KT_TRY(const auto page, store::read_page(store_, table_, after));
    if (page.empty()) break;
    for (const store::OwnedRecord& record : page) {
      HashValue hash{};
      if (record.key.size() != hash.size())
        return fail(Errc::corrupt, "what logs have shown has a key that is none");
      std::copy(record.key.begin(), record.key.end(), hash.begin());
      const LogId id(hash);
      KT_TRY(SeenLog seen, SeenLog::decode(record.value, id));
      WitnessedLog& log = known_[id];
      log.domain = std::move(seen.domain);
      log.shown = std::make_shared<const Bytes>(std::move(seen.shown));
      log.configuration =
          std::make_shared<const keytrans::LogConfiguration>(std::move(seen.configuration));
      log.seen_at = seen.seen_at;
    }
    after = page.back().key;
  }
  publish();
  return {};
}

Result<std::optional<SeenLog>> Witness::seen(const LogId& log) const {
  KT_TRY(const auto snapshot, store_.snapshot());
  KT_TRY(const auto value, snapshot->get(table_, log.hash()));
  if (!value) return std::optional<SeenLog>();
  KT_TRY(SeenLog seen, SeenLog::decode(*value, log));
  return std::optional<SeenLog>(std::move(seen));
}

std::filesystem::path Witness::file(WitnessAlarm alarm, const LogId& log) const {
  const std::string_view prefix = alarm == WitnessAlarm::forked ? kForkPrefix : kDifferentPrefix;
  return evidence_ / (std::string(prefix) + log.hex() + std::string(kSuffix));
}

std::string Witness::name_of(const std::optional<federation::Domain>& domain, const LogId& log) {
  return "the log " + log.hex() + (domain ? " of " + domain->text() : " that is hosted here");
}

// Raises what is worse than what there is.
void Witness::alarm(const WitnessSubject& log, WitnessAlarm alarm, const std::string& why) {
  WitnessedLog& known = known_[log.configuration.id()];
  if (!known.shown) known.domain = log.domain;
  if (alarm > known.alarm) {
    known.alarm = alarm;
    if (news_.size() < kMaxNews)
      news_.push_back({false, name_of(log.domain, log.configuration.id()) + " " + why});
  }
  publish();
}

void Witness::note_unverified(const WitnessSubject& log, const std::string& reason) {
  const LogId& id = log.configuration.id();
  if (known_.size() >= kMaxLogs && !known_.contains(id)) return;
  alarm(log, WitnessAlarm::unverified, "answers what does not verify: " + reason);
}

void Witness::note_verified(const WitnessSubject& log) {
  WitnessAlarm& raised = known_[log.configuration.id()].alarm;
  if (raised != WitnessAlarm::unverified) return;
  raised = WitnessAlarm::none;
  if (news_.size() < kMaxNews)
    news_.push_back(
        {true, name_of(log.domain, log.configuration.id()) + " answers what verifies again"});
  publish();
}

// The first one of its name is kept.
Result<void> Witness::write(const std::filesystem::path& path, ByteView bytes) const {
  const auto written = store::write_new_file(path, bytes, kEvidenceMode);
  if (!written && written.error().code != Errc::conflict)
    return tl::unexpected<Error>(written.error());
  return keytrans::sync_directory(evidence_);
}

Result<std::optional<WitnessAlarm>> Witness::contradict(const WitnessSubject& log, ByteView kept,
                                                        ByteView other) {
  auto compared = compare_answers(log, kept, other);
  if (compared || compared.error().code == Errc::unavailable) return compared;
  // The other one has just been verified.
  return fail(Errc::corrupt, "what a log has shown: " + compared.error().detail);
}

Result<std::optional<WitnessAlarm>> Witness::compare_answers(const WitnessSubject& log,
                                                             ByteView first, ByteView second) {
  const keytrans::LogConfiguration& configuration = log.configuration;
  const LogId& id = configuration.id();
  // What an operator takes away does not come back before refresh() has seen that.
  const auto known = known_.find(id);
  const WitnessAlarm raised = known == known_.end() ? WitnessAlarm::none : known->second.alarm;
  if (raised == WitnessAlarm::forked) return raised;
  KT_TRY(const auto a, read_shown(configuration, first));
  KT_TRY(const auto b, read_shown(configuration, second));
  const RecentPolicy recent;
  KT_TRY(const auto fork, keytrans::find_fork(configuration, a, b, recent));
  if (fork) {
    KT_TRY(Bytes evidence, fork->serialize());
    const std::filesystem::path path = file(WitnessAlarm::forked, id);
    KT_TRY(write(path, evidence));
    known_[id].evidence = std::make_shared<const Bytes>(std::move(evidence));
    alarm(log, WitnessAlarm::forked,
          "has signed two trees that differ in their first " + std::to_string(fork->size.value()) +
              " entries; the proof is kept in " + path.string());
    return WitnessAlarm::forked;
  }
  KT_TRY(const auto shown_first, keytrans::verify_shown(configuration, a, recent));
  KT_TRY(const auto shown_second, keytrans::verify_shown(configuration, b, recent));
  const ListComparison compared = keytrans::compare_shown(shown_first, shown_second);
  if (compared == ListComparison::apart) return std::nullopt;
  if (compared == ListComparison::same) return WitnessAlarm::none;
  if (raised == WitnessAlarm::different) return raised;
  const Contradiction contradiction{configuration, clock_.now(), to_bytes(first), to_bytes(second)};
  KT_TRY(const Bytes bytes, contradiction.encode());
  const std::filesystem::path path = file(WitnessAlarm::different, id);
  KT_TRY(write(path, bytes));
  alarm(log, WitnessAlarm::different,
        "has shown two histories, which are kept in " + path.string());
  return WitnessAlarm::different;
}

Result<keytrans::DistinguishedRequest> Witness::continuing_request(const LogId& log) const {
  KT_TRY(const auto before, seen(log));
  if (!before) return fail(Errc::not_found, "nothing was seen of the log");
  KT_TRY(const ClientState state,
         newcomer_with(before->configuration, before->shown, before->seen_at));
  return state.distinguished_request();
}

// When `answer` is to be verified: now, or for a log that need not be fresh when it was made.
Timestamp Witness::time_for(const WitnessSubject& log, ByteView answer) const {
  const Timestamp now = clock_.now();
  if (log.has_to_be_fresh) return now;
  const auto response = read_shown(log.configuration, answer);
  if (!response) return now;
  const auto shown = keytrans::verify_shown(log.configuration, *response, RecentPolicy());
  return shown ? std::min(now, shown->rightmost) : now;
}

// Whether the log has proved that it goes on from what it has shown before to what it shows now.
Result<bool> Witness::goes_on(const SeenLog& before, ByteView continued,
                              const ClientState& newcomer, Timestamp now) {
  auto state = newcomer_with(before.configuration, before.shown, before.seen_at);
  if (!state) return fail(Errc::corrupt, "what a log has shown: " + state.error().detail);
  const auto response = read_shown(before.configuration, continued);
  if (!response) return false;
  auto verified = state->verify(state->distinguished_request(), *response, now);
  if (!verified) return false;
  KT_TRY(state->apply(*std::move(verified)));
  return keytrans::compare_lists(state->distinguished(), newcomer.distinguished()) ==
         ListComparison::same;
}

// Whether what a log shows now goes on with what was seen of it.
Result<Look> Witness::judge(const WitnessSubject& log, const SeenLog& before, ByteView answer,
                            const ClientState& newcomer, const std::optional<Bytes>& continued) {
  KT_TRY(const auto contradiction, contradict(log, before.shown, answer));
  if (contradiction == WitnessAlarm::forked) return Look::forked;
  if (contradiction == WitnessAlarm::different) return Look::different;
  if (contradiction) return Look::seen;
  if (!continued) return Look::apart;
  KT_TRY(const bool does_go_on, goes_on(before, *continued, newcomer, time_for(log, answer)));
  if (does_go_on) return Look::seen;
  note_unverified(log, "it does not prove that it goes on from what it has shown before");
  return Look::unverified;
}

Result<Look> Witness::look(const WitnessSubject& log, Bytes answer,
                           const std::optional<Bytes>& continued) {
  const LogId& id = log.configuration.id();
  if (known_.size() >= kMaxLogs && !known_.contains(id))
    return fail(Errc::unavailable, "too many logs are witnessed");
  const auto newcomer = newcomer_with(log.configuration, answer, time_for(log, answer));
  if (!newcomer) {
    note_unverified(log, newcomer.error().detail);
    return Look::unverified;
  }
  KT_TRY(const auto before, seen(id));
  if (before) {
    KT_TRY(const Look judged, judge(log, *before, answer, *newcomer, continued));
    if (judged != Look::seen) return judged;
  }
  const WitnessAlarm alarm = known_[id].alarm;
  if (is_kept(alarm)) return alarm == WitnessAlarm::forked ? Look::forked : Look::different;
  note_verified(log);
  // Of two that agree, the one that says more stays.
  if (before) {
    KT_TRY(const auto kept, read_shown(log.configuration, before->shown));
    KT_TRY(const auto shown, keytrans::verify_shown(log.configuration, kept, RecentPolicy()));
    if (newcomer->view()->size < shown.size) return Look::seen;
  }
  KT_TRY(keep(log, std::move(answer)));
  return Look::seen;
}

Result<void> Witness::keep(const WitnessSubject& log, Bytes answer) {
  const LogId& id = log.configuration.id();
  const SeenLog seen{log.domain, log.configuration, clock_.now(), std::move(answer)};
  KT_TRY(Bytes record, seen.encode());
  store::Batch batch;
  batch.put(table_, to_bytes(id.hash()), std::move(record));
  KT_TRY(const store::Committed committed, store_.commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "what a log has shown cannot be kept");
  WitnessedLog& known = known_[id];
  known.domain = seen.domain;
  known.shown = std::make_shared<const Bytes>(seen.shown);
  known.configuration = std::make_shared<const keytrans::LogConfiguration>(seen.configuration);
  known.seen_at = seen.seen_at;
  publish();
  return {};
}

Result<Comparison> Witness::compare(const WitnessSubject& log, ByteView seen_by_other) {
  const LogId& id = log.configuration.id();
  KT_TRY(const auto before, seen(id));
  if (!before) return Comparison::unseen;
  const auto theirs = read_shown(log.configuration, seen_by_other);
  if (!theirs || !keytrans::verify_shown(log.configuration, *theirs, RecentPolicy()))
    return Comparison::invalid;
  KT_TRY(const auto compared, contradict(log, before->shown, seen_by_other));
  if (!compared) return Comparison::apart;
  if (compared == WitnessAlarm::forked) return Comparison::forked;
  return compared == WitnessAlarm::different ? Comparison::different : Comparison::agreed;
}

Result<void> Witness::forget(const LogId& log) {
  store::Batch batch;
  batch.erase(table_, to_bytes(log.hash()));
  KT_TRY(const store::Committed committed, store_.commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "what a log has shown cannot be forgotten");
  known_.erase(log);
  return {};
}

Result<void> Witness::settle(const std::set<federation::Domain>& domains) {
  std::vector<LogId> old;
  for (auto& [id, log] : known_) {
    if (is_kept(log.alarm) || !log.domain || domains.contains(*log.domain)) continue;
    log.alarm = WitnessAlarm::none;
    if (!log.shown || elapsed_ms(log.seen_at, clock_.now()) > kForgottenAfter) old.push_back(id);
  }
  for (const LogId& id : old) {
    KT_TRY(forget(id));
  }
  publish();
  return {};
}

Result<void> Witness::refresh() {
  std::map<LogId, WitnessAlarm> there;
  std::error_code error;
  std::filesystem::directory_iterator each(evidence_, error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (const auto forked = log_of(name, kForkPrefix)) {
      there[*forked] = WitnessAlarm::forked;
    } else if (const auto different = log_of(name, kDifferentPrefix)) {
      there.emplace(*different, WitnessAlarm::different);
    }
  }
  if (error) return fail(Errc::unavailable, "the directory of evidence: " + error.message());
  bool has_changed = false;
  std::vector<LogId> gone;
  for (const auto& [id, log] : known_) {
    const auto found = there.find(id);
    if (is_kept(log.alarm) && (found == there.end() || found->second < log.alarm))
      gone.push_back(id);
  }
  for (const LogId& id : gone) {
    const std::string name = name_of(known_.at(id).domain, id);
    KT_TRY(forget(id));
    news_.push_back({true, name + " is looked at as if for the first time"});
    has_changed = true;
  }
  for (const auto& [id, alarm] : there) {
    const auto found = known_.find(id);
    if (found != known_.end() && found->second.alarm >= alarm) continue;
    if (found == known_.end() && known_.size() >= kMaxLogs) continue;
    WitnessedLog raised = found == known_.end() ? WitnessedLog{} : found->second;
    if (alarm == WitnessAlarm::forked) {
      auto evidence = read_evidence(file(alarm, id), id);
      if (!evidence) continue;  // somebody is writing it, or it is none
      raised.evidence = std::make_shared<const Bytes>(*std::move(evidence));
    }
    raised.alarm = alarm;
    known_.insert_or_assign(id, std::move(raised));
    if (news_.size() < kMaxNews)
      news_.push_back({false, "there is evidence about the log " + id.hex() + " in " +
                                  file(alarm, id).string()});
    has_changed = true;
  }
  if (has_changed) publish();
  return {};
}

}  // namespace kt::gateway
