#include "migrations.h"

#include <algorithm>

#include "federation/reserved.h"
#include "keytrans/log_math.h"
#include "keytrans/log_tree.h"

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

tl::unexpected<Error> refused(std::string why) { return fail(Errc::rejected, std::move(why)); }

// The logs that labels of a domain are to move between.
struct Logs {
  const HostedLog* from;
  const HostedLog* to;
};

const DomainConfiguration* find_domain(const Hosting& hosting, const Domain& name) {
  const auto found =
      std::find_if(hosting.domains().begin(), hosting.domains().end(),
                   [&name](const DomainConfiguration& each) { return *each.name == name; });
  return found == hosting.domains().end() ? nullptr : &*found;
}

Result<void> verify_target(const Hosting& hosting, const HostedLog& to) {
  if (to.is_remote()) return refused("the new log is at another gateway; it has to be in this one");
  for (const DomainConfiguration& each : hosting.domains()) {
    if (std::find(each.logs.begin(), each.logs.end(), to.alias) != each.logs.end())
      return refused("the new log is one of " + each.name->text() + " already");
  }
  std::optional<Label> after;
  while (true) {
    KT_TRY(const auto labels, to.log->labels(after, kPage));
    if (labels.empty()) return {};
    if (!std::all_of(labels.begin(), labels.end(), federation::is_reserved))
      return refused("the new log has labels already");
    after = labels.back();
  }
}

Result<Logs> find_logs(const Hosting& hosting, const Domain& name, const std::string& to_name) {
  const DomainConfiguration* const domain = find_domain(hosting, name);
  if (domain == nullptr) return fail(Errc::not_found, "there is no such domain here");
  if (!domain->url)
    return refused("the domain has no url, so that its users could not learn of the new log");
  if (domain->policy != DomainPolicy::single || domain->logs.size() != 1)
    return refused("the domain's labels are in several logs");
  const HostedLog* const from = hosting.find_log(domain->logs[0]);
  const HostedLog* const to = hosting.find_log(to_name);
  KT_ASSERT(from != nullptr);
  if (to == nullptr) return refused("there is no log of that name here");
  if (to == from) return refused("the domain's labels are in that log");
  for (const HostedLog* const each : {from, to}) {
    if (!each->is_remote() && each->configuration().mode() == DeploymentMode::thirdPartyManagement)
      return refused("the log " + each->alias +
                     " is managed for somebody else, who alone can write to it");
  }
  if (from->is_remote()) return refused("the old log is at another gateway");
  KT_TRY(verify_target(hosting, *to));
  return Logs{from, to};
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
         record.is_compromised == order.is_compromised;
}

}  // namespace

Result<std::unique_ptr<Migrations>> Migrations::open(store::Store& store) {
  KT_TRY(auto journal, migration::Journal::open(store));
  return std::unique_ptr<Migrations>(new Migrations(std::move(journal)));
}

Result<Moving> Migrations::moving() {
  KT_TRY(auto records, journal_->records());
  return Moving{std::move(records), journal_.get(), &pool_};
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
  KT_TRY(const auto record, journal_->find(domain));
  if (record && hosting.migration(domain) != nullptr)
    return refused("labels of the domain are moving already");
  KT_TRY(verify_order(order));
  KT_TRY(const Logs logs, find_logs(hosting, domain, order.to));
  MigrationPlan plan{logs.from->alias, logs.to->alias};
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
  KT_TRY(verify_order(order));
  KT_TRY(const Logs logs, find_logs(hosting, domain, order.to));
  Record first{domain, order.mode, logs.from->configuration().id(), logs.to->configuration().id()};
  first.started = now;
  first.phase_since = now;
  first.rate = order.rate;
  first.grace_ms = order.grace_ms;
  first.is_compromised = order.is_compromised;
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
                        *stage == (record.mode == Mode::gradual ? Stage::during : Stage::before);
  if (!is_ready)
    return refused("the directory document does not say yet that " + std::string(next->condition));
  return change(record, migration::step(record, *next, now));
}

Result<Record> Migrations::pause(const Domain& domain) {
  KT_TRY(const Record record, required(domain));
  if (record.is_paused) return record;
  Record paused = record;
  paused.is_paused = true;
  return change(record, paused);
}

Result<Record> Migrations::resume(const Domain& domain) {
  KT_TRY(const Record record, required(domain));
  if (!record.is_paused) return record;
  Record resumed = record;
  resumed.is_paused = false;
  resumed.fault.clear();
  return change(record, resumed);
}

Result<Record> Migrations::finish(const Domain& domain, Timestamp now) {
  KT_TRY(const Record record, required(domain));
  if (record.phase == Phase::finished) return record;
  if (record.phase != Phase::draining)
    return refused("labels are moving still: the phase is " + std::string(to_string(record.phase)));
  const std::uint64_t drained = elapsed_ms(record.phase_since, now);
  if (drained < record.grace_ms)
    return refused("the grace period ends in " +
                   std::to_string((record.grace_ms - drained + 999) / 1000) + " seconds");
  const Transition* const next =
      migration::find_transition(record.mode, record.phase, Actor::person);
  KT_ASSERT(next != nullptr);
  return change(record, migration::step(record, *next, now));
}

Result<Record> Migrations::abort(const Domain& domain) {
  KT_TRY(const Record record, required(domain));
  if (!migration::may_abort(record.phase))
    return refused(record.phase == Phase::finished
                       ? "it is finished"
                       : "users have found labels in the new log; they would miss what was "
                         "published there");
  KT_TRY(journal_->change(domain, record, std::nullopt));
  note_change();
  return record;
}

Result<migration::FinalHead> head_of(const log::Log& log) {
  KT_TRY(const auto view, log.view());
  KT_TRY(const auto head, view->tree_head());
  std::vector<HashValue> heads;
  for (const auto& subtree : keytrans::full_subtrees(head.tree_size)) {
    KT_TRY(const HashValue value, view->log_nodes().node(subtree));
    heads.push_back(value);
  }
  return migration::FinalHead{head.tree_size, keytrans::log_root(head.tree_size, heads), false};
}

}  // namespace kt::gateway
