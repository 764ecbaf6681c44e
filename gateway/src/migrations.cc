#include "migrations.h"

#include <algorithm>

#include "federation/reserved.h"
#include "keytrans/client_state.h"
#include "keytrans/log_math.h"
#include "keytrans/log_tree.h"
#include "wait_for.h"

namespace kt::gateway {
namespace {

using federation::Domain;
using keytrans::DeploymentMode;
using migration::Actor;
using migration::Mode;
using migration::Phase;
using migration::Record;
using migration::Stage;
using migration::Transition;

constexpr std::size_t kPage = 1000;
// Labels that another gateway is asked about while somebody waits for it.
constexpr std::size_t kLookedAtFirst = 32;

tl::unexpected<Error> refused(std::string why) { return fail(Errc::rejected, std::move(why)); }

const DomainConfiguration* find_domain(const Hosting& hosting, const Domain& name) {
  const auto found =
      std::find_if(hosting.domains().begin(), hosting.domains().end(),
                   [&name](const DomainConfiguration& each) { return *each.name == name; });
  return found == hosting.domains().end() ? nullptr : &*found;
}

// What has to be true of either log. `which` is "old" or "new".
Result<void> verify_log(const HostedLog& hosted, const std::string& which) {
  if (!hosted.is_remote()) {
    if (hosted.configuration().mode() == DeploymentMode::thirdPartyManagement)
      return refused("the " + which + " log " + hosted.alias +
                     " is managed for somebody else, who alone can write to it");
    if (hosted.gateway) return refused("the " + which + " log is another gateway's");
    return {};
  }
  if (!hosted.writer)
    return refused("the " + which +
                   " log is at another gateway, and this one cannot write to it: it has no "
                   "remote_log.writer and token_file");
  if (hosted.configuration().mode() == DeploymentMode::thirdPartyManagement &&
      !hosted.is_signed_here())
    return refused("the " + which +
                   " log is managed by a third party, and values are not signed here: it has no "
                   "remote_log.leaf_key");
  // That it is there, and is what its configuration says.
  const auto head = head_of(hosted);
  if (!head && head.error().code == Errc::verification_failed)
    return refused("what the " + which +
                   " log says does not verify by its configuration: " + head.error().detail);
  if (!head) return refused("the " + which + " log does not answer: " + head.error().detail);
  return {};
}

// What has to be true of the new log besides.
Result<void> verify_target(const Hosting& hosting, const HostedLog& to) {
  for (const DomainConfiguration& each : hosting.domains()) {
    if (std::find(each.logs.begin(), each.logs.end(), to.alias) != each.logs.end())
      return refused("the new log is one of " + each.name->text() + " already");
  }
  if (to.is_remote()) return {};
  const log::LogState state = to.log->state();
  if (state.trouble != log::Trouble::none)
    return refused("the new log takes no updates: " + std::string(to_string(state.trouble)));
  if (to.configuration().mode() == DeploymentMode::thirdPartyAuditing && !state.audited)
    return refused("the new log takes no updates, as its auditor has not signed anything yet");
  std::optional<Label> after;
  while (true) {
    KT_TRY(const auto labels, to.log->labels(after, kPage));
    if (labels.empty()) return {};
    if (!std::all_of(labels.begin(), labels.end(), federation::is_reserved))
      return refused("the new log has labels already");
    after = labels.back();
  }
}

// Whether what is ordered makes sense.
Result<void> verify_order(const MigrationOrder& order) {
  if (order.is_compromised && order.mode == Mode::gradual)
    return refused(
        "a gradual migration trusts the old log as long as it has labels; one whose keys others "
        "may have is left at once, in immediate mode");
  return {};
}

bool is_as_ordered(const Record& record, const MigrationOrder& order, const Hosting& hosting) {
  const HostedLog* const to = hosting.find_log(order.to);
  return to != nullptr && to->configuration().id() == record.to && record.mode == order.mode &&
         record.rate == order.rate && record.grace_ms == order.grace_ms &&
         record.quiet_ms == order.quiet_ms && record.is_compromised == order.is_compromised;
}

}  // namespace

struct Migrations::Logs {
  const HostedLog* from;
  const HostedLog* to;

  [[nodiscard]] bool is_listed() const { return from->is_remote(); }
};

Result<Migrations::Logs> Migrations::find_logs(const Hosting& hosting, const Domain& name,
                                               const MigrationOrder& order) const {
  KT_TRY(verify_order(order));
  const DomainConfiguration* const domain = find_domain(hosting, name);
  if (domain == nullptr) return fail(Errc::not_found, "there is no such domain here");
  if (!domain->url)
    return refused("the domain has no url, so that its users could not learn of the new log");
  if (domain->policy != DomainPolicy::single || domain->logs.size() != 1)
    return refused("the domain's labels are in several logs");
  const HostedLog* const from = hosting.find_log(domain->logs[0]);
  const HostedLog* const to = hosting.find_log(order.to);
  KT_ASSERT(from != nullptr);
  if (to == nullptr) return refused("there is no log of that name here");
  if (to == from) return refused("the domain's labels are in that log");
  KT_TRY(verify_log(*from, "old"));
  KT_TRY(verify_log(*to, "new"));
  KT_TRY(verify_target(hosting, *to));
  const Logs logs{from, to};
  KT_TRY(verify_labels(logs, name));
  return logs;
}

Result<std::vector<Label>> Migrations::labels_of(const Logs& logs, const Domain& domain,
                                                 const std::optional<Label>& after,
                                                 std::size_t limit) const {
  if (logs.is_listed()) return journal_->listed(domain, after, limit);
  return logs.from->log->labels(after, limit);
}

// The first labels at least: the gateway looks at all of them before anything moves.
Result<void> Migrations::verify_labels(const Logs& logs, const Domain& domain) const {
  if (logs.is_listed()) {
    KT_TRY(const auto count, journal_->listed(domain));
    if (!count)
      return refused(
          "the old log is at another gateway, and does not tell its labels: give them with ktgate "
          "migrate labels");
    if (*count == 0) return refused("the list of labels has none");
  }
  if (!logs.is_listed() && !logs.to->is_remote()) return {};
  KT_TRY(const auto first, labels_of(logs, domain, std::nullopt, kLookedAtFirst));
  const auto from = migration::make_label_log(*logs.from->service, logs.from->configuration());
  const auto to = migration::make_label_log(*logs.to->service, logs.to->configuration());
  for (const Label& label : first) {
    if (federation::is_reserved(label)) continue;
    KT_TRY(const auto in_old, wait_for(from->read(label)));
    if (!in_old && logs.is_listed())
      return refused("the list has a label that the old log does not have");
    KT_TRY(const auto in_new, wait_for(to->read(label)));
    if (in_new) return refused("the new log has labels already");
  }
  return {};
}

Result<MigrationPlan> Migrations::count(const Logs& logs, const Domain& domain) const {
  MigrationPlan plan{logs.from->alias, logs.to->alias};
  if (logs.is_listed()) {
    KT_TRY(const auto listed, journal_->listed(domain));
    plan.labels = listed.value_or(0);
    plan.is_counted = true;
    return plan;
  }
  std::optional<Label> after;
  while (plan.labels < kMaxCounted) {
    KT_TRY(const auto labels, logs.from->log->labels(after, kPage));
    plan.is_counted = labels.empty();
    if (labels.empty()) break;
    for (const Label& label : labels) plan.labels += federation::is_reserved(label) ? 0U : 1U;
    after = labels.back();
  }
  return plan;
}

// One that is finished, and that the configuration has followed, is the past.
Result<void> Migrations::require_no_move(const Hosting& hosting, const Domain& domain) const {
  if (find_domain(hosting, domain) == nullptr)
    return fail(Errc::not_found, "there is no such domain here");
  KT_TRY(const auto record, journal_->find(domain));
  if (record && (record->phase != Phase::finished || hosting.migration(domain) != nullptr))
    return refused("labels of the domain are moving already");
  return {};
}

Result<void> Migrations::begin_list(const Hosting& hosting, const Domain& domain) {
  KT_TRY(require_no_move(hosting, domain));
  return journal_->begin_list(domain);
}

Result<void> Migrations::add_to_list(const Hosting& hosting, const Domain& domain,
                                     const std::vector<Label>& labels) {
  KT_TRY(require_no_move(hosting, domain));
  for (const Label& label : labels) {
    if (federation::is_reserved(label))
      return refused("the list has a label that is the gateways' own");
    const auto resolved = hosting.table().resolve(label);
    if (!resolved || resolved->domain != domain || resolved->label != label)
      return refused("the list has a label that is none of the domain's");
  }
  auto added = journal_->add_to_list(domain, labels);
  if (!added && added.error().code == Errc::conflict) return refused(added.error().detail);
  return added;
}

Result<void> Migrations::complete_list(const Hosting& hosting, const Domain& domain,
                                       std::uint64_t count) {
  KT_TRY(require_no_move(hosting, domain));
  return journal_->complete_list(domain, count);
}

Result<std::unique_ptr<Migrations>> Migrations::open(store::Store& store) {
  KT_TRY(auto journal, migration::Journal::open(store));
  return std::unique_ptr<Migrations>(new Migrations(std::move(journal)));
}

Result<Moving> Migrations::moving() {
  Moving moving;
  KT_TRY(moving.records, journal_->records());
  for (const Record& each : moving.records) {
    KT_TRY(moving.activity[each.domain], activity(each.domain));
  }
  moving.journal = journal_.get();
  moving.pool = &pool_;
  return moving;
}

Result<std::shared_ptr<MigrationActivity>> Migrations::activity(const Domain& domain) {
  const std::lock_guard lock(mutex_);
  auto& activity = activity_[domain];
  if (activity == nullptr) {
    KT_TRY(const migration::Activity before, journal_->activity(domain));
    activity = std::make_shared<MigrationActivity>(before);
  }
  return activity;
}

void Migrations::keep_activity() {
  const std::lock_guard lock(mutex_);
  for (const auto& [domain, activity] : activity_) {
    const auto seen = activity == nullptr ? std::nullopt : activity->take_to_keep();
    // What could not be written is written with what comes next.
    if (seen) static_cast<void>(journal_->keep(domain, *seen));
  }
}

bool Migrations::is_idle() const {
  const auto records = journal_->records();
  return records && std::all_of(records->begin(), records->end(),
                                [](const Record& each) { return each.phase == Phase::finished; });
}

Result<Record> Migrations::required(const Domain& domain) const {
  KT_TRY(auto record, journal_->find(domain));
  if (!record) return fail(Errc::not_found, "no labels of that domain are moving");
  return *std::move(record);
}

Result<Record> Migrations::change(const Record& before, const Record& after) {
  KT_TRY(journal_->change(before.domain, before, after));
  note_change();
  return after;
}

Result<MigrationPlan> Migrations::plan(const Hosting& hosting, const Domain& domain,
                                       const MigrationOrder& order) const {
  KT_TRY(require_no_move(hosting, domain));
  KT_TRY(const Logs logs, find_logs(hosting, domain, order));
  return count(logs, domain);
}

Result<Record> Migrations::start(const Hosting& hosting, const Domain& domain,
                                 const MigrationOrder& order, Timestamp now) {
  KT_TRY(const auto record, journal_->find(domain));
  // One that is finished, and that the configuration has followed, is the past.
  const bool is_past =
      record && record->phase == Phase::finished && hosting.migration(domain) == nullptr;
  if (record && !is_past) {
    if (is_as_ordered(*record, order, hosting)) return *record;
    return refused("labels of the domain are moving already, and otherwise");
  }
  KT_TRY(const Logs logs, find_logs(hosting, domain, order));
  KT_TRY(const MigrationPlan counted, count(logs, domain));
  Record first{domain, order.mode, logs.from->configuration().id(), logs.to->configuration().id()};
  first.started = now;
  first.phase_since = now;
  first.rate = order.rate;
  first.grace_ms = order.grace_ms;
  first.quiet_ms = order.quiet_ms;
  first.is_compromised = order.is_compromised;
  first.labels = counted.is_counted ? counted.labels : 0;
  first.is_listed = logs.is_listed();
  // What a log here has was looked at; another gateway is asked when the document names both.
  first.is_checked = !logs.is_listed() && !logs.to->is_remote();
  // What was seen of the one before is not of this one.
  {
    const std::lock_guard lock(mutex_);
    KT_TRY(journal_->keep(domain, {}));
    activity_[domain] = std::make_shared<MigrationActivity>(migration::Activity{});
  }
  KT_TRY(journal_->change(domain, record, first));
  note_change();
  return first;
}

Result<Record> Migrations::advance(const Hosting& hosting, const PublishedDirectories& published,
                                   const Domain& domain, Timestamp now) {
  KT_TRY(const Record record, required(domain));
  const Transition* const next =
      migration::find_transition(record.mode, record.phase, Actor::person);
  if (next == nullptr || next->to == Phase::finished) return record;
  // Users have to know where to look before anything is moved.
  const HostedMigration* const hosted = hosting.migration(domain);
  const auto document = published.find(domain);
  const auto stage = hosted == nullptr || document == published.end()
                         ? std::nullopt
                         : hosted->stage(document->second);
  const bool is_ready = stage && hosted->record.phase == record.phase &&
                        document->second.directory().find(record.to) != nullptr &&
                        (record.is_checked || record.phase != Phase::prepared) &&
                        *stage == (record.mode == Mode::gradual ? Stage::during : Stage::before);
  if (!is_ready) return refused("it is not so yet that " + std::string(next->condition));
  return change(record, migration::step(record, *next, now));
}

Result<Record> Migrations::pause(const Domain& domain) {
  KT_TRY(const Record record, required(domain));
  if (record.is_paused) return record;
  Record paused = record;
  paused.is_paused = true;
  return change(record, paused);
}

Result<Record> Migrations::resume(const Domain& domain, std::optional<std::uint32_t> rate) {
  KT_TRY(const Record record, required(domain));
  if (!record.is_paused && record.rate == rate.value_or(record.rate)) return record;
  Record resumed = record;
  resumed.is_paused = false;
  resumed.rate = rate.value_or(record.rate);
  resumed.fault.clear();
  return change(record, resumed);
}

Result<Record> Migrations::finish(const Domain& domain, bool despite_monitoring, Timestamp now) {
  KT_TRY(const Record record, required(domain));
  if (record.phase == Phase::finished) return record;
  if (record.phase != Phase::draining)
    return refused("labels are moving still: the phase is " + std::string(to_string(record.phase)));
  const std::uint64_t drained = elapsed_ms(record.phase_since, now);
  if (drained < record.grace_ms)
    return refused("the grace period ends in " +
                   std::to_string((record.grace_ms - drained + 999) / 1000) + " seconds");
  KT_TRY(const auto activity, this->activity(domain));
  const migration::Activity seen = activity->seen();
  const std::uint64_t quiet = elapsed_ms(seen.monitored, now);
  if (!despite_monitoring && seen.monitorings > 0 && quiet < record.quiet_ms)
    return refused("the old log was monitored " + std::to_string(quiet / 1000) +
                   " seconds ago; it can retire when nobody has for " +
                   std::to_string((record.quiet_ms + 999) / 1000) +
                   " seconds, or despite that (--despite-monitoring)");
  const Transition* const next =
      migration::find_transition(record.mode, record.phase, Actor::person);
  KT_ASSERT(next != nullptr);
  return change(record, migration::step(record, *next, now));
}

Result<std::optional<Record>> Migrations::abort(const Hosting& hosting, const Domain& domain) {
  if (find_domain(hosting, domain) == nullptr)
    return fail(Errc::not_found, "there is no such domain here");
  KT_TRY(const auto found, journal_->find(domain));
  if (!found) return std::nullopt;
  const Record& record = *found;
  if (!migration::may_abort(record.phase))
    return refused(record.phase == Phase::finished
                       ? "it is finished"
                       : "users have found labels in the new log; they would miss what was "
                         "published there");
  KT_TRY(journal_->change(domain, record, std::nullopt));
  note_change();
  return record;
}

namespace {

Result<migration::FinalHead> head_here(const log::Log& log) {
  KT_TRY(const auto view, log.view());
  KT_TRY(const auto head, view->tree_head());
  std::vector<HashValue> heads;
  for (const auto& subtree : keytrans::full_subtrees(head.tree_size)) {
    KT_TRY(const HashValue value, view->log_nodes().node(subtree));
    heads.push_back(value);
  }
  return migration::FinalHead{head.tree_size, keytrans::log_root(head.tree_size, heads), false};
}

}  // namespace

Result<migration::FinalHead> head_of(const HostedLog& hosted) {
  if (!hosted.is_remote()) return head_here(*hosted.log);
  keytrans::ClientState user(hosted.configuration());
  const auto request = user.distinguished_request();
  KT_TRY(const Bytes answer, wait_for(hosted.service->ask(routing::LogRequest(request))));
  KT_TRY(const auto response, keytrans::decode<keytrans::DistinguishedResponse>(
                                  answer, hosted.configuration().context()));
  KT_TRY(auto verified, user.verify(request, response, log::system_clock().now()));
  KT_TRY(user.apply(std::move(verified)));
  return migration::FinalHead{*user.last(), user.view()->root(), false};
}

}  // namespace kt::gateway
