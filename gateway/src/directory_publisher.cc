#include "directory_publisher.h"

#include <algorithm>
#include <limits>

#include "federation/directory_document.h"
#include "federation/shard.h"
#include "reserved_entry.h"
#include "wait_for.h"

namespace kt::gateway {
namespace {

using federation::Directory;
using federation::DirectoryDocument;
using federation::DirectoryEntry;
using federation::DirectoryLog;
using federation::DirectoryPolicy;
using federation::Epoch;
using federation::LogState;

constexpr std::uint64_t kGreatestEpoch = std::numeric_limits<std::uint64_t>::max();

const Label& directory_label() {
  static const Label label = *Label::create(federation::kDirectoryLabel);
  return label;
}

std::vector<const HostedLog*> logs_of(const Hosting& hosting, const DomainConfiguration& domain) {
  std::vector<const HostedLog*> logs;
  for (const std::string& alias : domain.logs) logs.push_back(hosting.find_log(alias));
  return logs;
}

using migration::Phase;

// Where labels are by the record of a migration, for users.
DirectoryPolicy policy_of(const migration::Record& record) {
  if (record.phase == Phase::dual || record.phase == Phase::sweeping)
    return federation::GradualPolicy{record.from, record.to};
  if (record.phase == Phase::draining || record.phase == Phase::finished)
    return federation::SinglePolicy{record.to};
  return federation::SinglePolicy{record.from};
}

LogState state_of(const HostedMigration* migration, const HostedLog& hosted) {
  if (migration == nullptr || migration->from != &hosted) return LogState::active;
  if (migration->record.phase == Phase::draining) return LogState::draining;
  if (migration->record.phase == Phase::finished) return LogState::retired;
  return LogState::active;
}

// What the configuration says of the domain, for `epoch` and from `now` on.
Result<Directory> wanted_directory(const Hosting& hosting, const DomainConfiguration& domain,
                                   Epoch epoch, Timestamp now) {
  std::vector<DirectoryLog> logs;
  std::vector<LogId> ids;
  const HostedMigration* const migration = hosting.migration(*domain.name);
  for (const HostedLog* const hosted : logs_of(hosting, domain)) {
    federation::Url url = *domain.url;
    url.path += "/kt/v1/logs/" + hosted->alias;
    logs.push_back(
        {hosted->configuration(), hosted->alias, state_of(migration, *hosted), std::move(url)});
    ids.push_back(logs.back().id());
  }
  DirectoryPolicy policy = federation::SinglePolicy{ids.at(0)};
  if (migration != nullptr) {
    policy = policy_of(migration->record);
  } else if (domain.policy == DomainPolicy::sharded) {
    KT_TRY(auto shards, federation::make_shards(std::move(ids)));
    policy = federation::ShardedPolicy{std::move(shards)};
  }
  const Timestamp since{now.value() - std::min(now.value(), DirectoryPublisher::kClockSkewMs)};
  return Directory{*domain.name,
                   epoch,
                   since,
                   Timestamp{now.value() + DirectoryPublisher::kLifetimeMs},
                   domain.label_rule,
                   *domain.url,
                   std::move(policy),
                   std::move(logs)};
}

bool says_the_same(const Directory& is, const Directory& wanted) {
  Directory as_wanted = wanted;
  as_wanted.epoch = is.epoch;
  as_wanted.not_before = is.not_before;
  as_wanted.expires = is.expires;
  return as_wanted == is;
}

// Whether `document` says what `wanted` says, and will for a while.
bool is_in_step(const DirectoryDocument& document, const Directory& wanted, Timestamp now) {
  const Directory& is = document.directory();
  const std::uint64_t half = (is.expires.value() - is.not_before.value()) / 2;
  if (now < is.not_before || now.value() - is.not_before.value() >= half) return false;
  return says_the_same(is, wanted);
}

// What `log` has under kt:directory. Nothing when it has nothing, or what is no entry.
// Errors: those of read_reserved().
Result<std::optional<DirectoryEntry>> read_entry(const HostedLog& log) {
  KT_TRY(const auto logged, read_reserved(log, directory_label()));
  if (!logged) return std::nullopt;
  const auto entry = DirectoryEntry::decode(logged->value);
  if (!entry) return std::nullopt;
  return *entry;
}

Result<Bytes> sign_with(const HostedLog& hosted, const std::string& payload) {
  if (hosted.is_remote()) {
    auto signature = wait_for(hosted.upstream->log().sign_directory(payload));
    if (!signature) return fail_in("the log " + hosted.alias, std::move(signature).error());
    return signature;
  }
  KT_TRY(const auto key, log::load_signature_key(hosted.directory, hosted.configuration()));
  return DirectoryDocument::sign_payload(payload, {hosted.configuration().id(), &key});
}

// Signed by the logs of the domain, and by those that were before and are here still.
Result<DirectoryDocument> sign(const Hosting& hosting, const Directory& wanted,
                               const std::optional<DirectoryDocument>& before) {
  const auto is_active_in = [](const Directory& directory, const LogId& id) {
    const DirectoryLog* const log = directory.find(id);
    return log != nullptr && log->state == LogState::active;
  };
  KT_TRY(const std::string payload, DirectoryDocument::payload_of(wanted));
  std::map<LogId, Bytes> signatures;
  for (const HostedLog& hosted : hosting.logs()) {
    const LogId& id = hosted.configuration().id();
    const bool is_wanted = is_active_in(wanted, id);
    if (!is_wanted && !(before && is_active_in(before->directory(), id))) continue;
    auto signature = sign_with(hosted, payload);
    // One that is not active any more need not be there: clients hold the document down then, if
    // no other log vouches for it.
    if (!signature && !is_wanted && hosted.is_remote()) continue;
    if (!signature) return tl::unexpected<Error>(std::move(signature).error());
    signatures.emplace(id, *std::move(signature));
  }
  return DirectoryDocument::assemble(payload, signatures, wanted.domain);
}

}  // namespace

Result<std::unique_ptr<DirectoryPublisher>> DirectoryPublisher::create(
    const std::filesystem::path& state, const log::Clock& clock) {
  std::optional<DirectoryFiles> files;
  if (!state.empty()) {
    KT_TRY(files, DirectoryFiles::open(state));
  }
  return std::unique_ptr<DirectoryPublisher>(new DirectoryPublisher(std::move(files), clock));
}

DirectoryPublisher::DirectoryPublisher(std::optional<DirectoryFiles> files, const log::Clock& clock)
    : files_(std::move(files)),
      clock_(clock),
      published_(std::make_shared<const PublishedDirectories>()) {}

void DirectoryPublisher::restore(const Hosting& hosting) {
  if (!files_) return;
  for (const DomainConfiguration& domain : hosting.domains()) {
    if (!domain.url) continue;
    const auto last = last_published(hosting, domain);
    if (last && *last) set(**last);
  }
}

Result<std::optional<DirectoryDocument>> DirectoryPublisher::last_published(
    const Hosting& hosting, const DomainConfiguration& domain) const {
  const Timestamp now = clock_.now();
  KT_TRY(auto current, files_->current(*domain.name));
  if (!current || !current->directory().is_in_force(now)) return std::nullopt;
  const HostedMigration* const migration = hosting.migration(*domain.name);
  // The record may be ahead of what is published. Requests go by what is.
  const bool is_on_the_way = migration != nullptr && migration->stage(*current).has_value();
  KT_TRY(const Directory wanted, wanted_directory(hosting, domain, Epoch{1}, now));
  if (!is_on_the_way && !says_the_same(current->directory(), wanted)) return std::nullopt;
  KT_TRY(const auto next, files_->next(*domain.name));
  for (const HostedLog* const hosted : logs_of(hosting, domain)) {
    // Another gateway is not waited for: publish() will ask it.
    if (hosted->is_remote()) continue;
    KT_TRY(const auto logged, read_entry(*hosted));
    // What a log has beyond it, and was not about to be published, somebody has published.
    if (!logged || logged->epoch < current->directory().epoch || *logged == current->entry() ||
        (next && *logged == next->entry()))
      continue;
    return std::nullopt;
  }
  return current;
}

Result<bool> DirectoryPublisher::publish(const Hosting& hosting,
                                         const DomainConfiguration& domain) {
  KT_ASSERT(files_.has_value() && domain.url.has_value());
  const federation::Domain& name = *domain.name;
  const Timestamp now = clock_.now();
  KT_TRY(const auto current, files_->current(name));
  KT_TRY(const auto next, files_->next(name));
  KT_TRY(Directory wanted, wanted_directory(hosting, domain, Epoch{1}, now));

  // What was under way when the process died is finished, unless it is not what is wanted now.
  std::optional<DirectoryDocument> document = next ? next : current;
  std::uint64_t greatest = 0;
  for (const auto* const each : {&current, &next}) {
    if (*each) greatest = std::max(greatest, (*each)->directory().epoch.value());
  }
  bool is_current = document && is_in_step(*document, wanted, now);
  for (const HostedLog* const hosted : logs_of(hosting, domain)) {
    KT_TRY(const auto logged, read_entry(*hosted));
    if (!logged) continue;
    // The state is an older one than what was published, or a gateway without ours has been at it.
    const Epoch epoch = logged->epoch;
    greatest = std::max(greatest, epoch.value());
    if (document && (document->directory().epoch < epoch ||
                     (document->directory().epoch == epoch && document->entry() != *logged)))
      is_current = false;
  }
  if (!is_current) {
    if (greatest == kGreatestEpoch)
      return fail(Errc::rejected, "there is no epoch after the one that was published last");
    wanted.epoch = Epoch{greatest + 1};
    KT_TRY(document, sign(hosting, wanted, current));
    KT_TRY(files_->put_next(*document));
  }
  KT_TRY(const Bytes entry, document->entry().encode());
  for (const HostedLog* const hosted : logs_of(hosting, domain)) {
    if (document->directory().find(hosted->configuration().id())->state != LogState::active)
      continue;
    KT_TRY(put_reserved(*hosted, directory_label(), entry, is_stopped_));
  }
  if (!is_current || next) {
    KT_TRY(files_->promote(name));
  }
  const auto before = published_.snapshot();
  const auto found = before->find(name);
  if (found != before->end() && found->second.entry() == document->entry()) return false;
  set(*document);
  return true;
}

void DirectoryPublisher::set(const DirectoryDocument& document) {
  PublishedDirectories documents = *published_.snapshot();
  documents.insert_or_assign(document.directory().domain, document);
  published_.replace(std::make_shared<const PublishedDirectories>(std::move(documents)));
}

void DirectoryPublisher::withdraw_others(const Hosting& hosting) {
  PublishedDirectories documents = *published_.snapshot();
  const std::size_t erased = std::erase_if(documents, [&hosting](const auto& each) {
    return std::none_of(hosting.domains().begin(), hosting.domains().end(),
                        [&each](const DomainConfiguration& domain) {
                          return domain.url && *domain.name == each.first;
                        });
  });
  if (erased > 0)
    published_.replace(std::make_shared<const PublishedDirectories>(std::move(documents)));
}

}  // namespace kt::gateway
