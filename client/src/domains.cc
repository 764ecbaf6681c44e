#include "domains.h"

#include <algorithm>
#include <iterator>

#include "client/evidence.h"
#include "log_states.h"
#include "peer.h"
#include "witness.h"

namespace kt::client {
namespace {

using federation::DirectoryDocument;
using federation::DirectoryEntry;
using federation::DirectoryLog;
using federation::LogState;

// How many versions of `kt:directory` are looked at.
constexpr std::size_t kMaxVersions = 16;

Result<DirectoryEntry> decode_entry(const Bytes& value, const LogEndpoint& log) {
  return of_verification(DirectoryEntry::decode(value), log.name + ": kt:directory");
}

tl::unexpected<Error> mistrust(const LogEndpoint& log, const char* what) {
  return fail(Errc::verification_failed, log.name + ": " + what);
}

// What a log said when it was asked last.
const SeenEntry* find_seen(const std::vector<SeenEntry>& seen, const LogId& log) {
  const auto found = std::find_if(seen.begin(), seen.end(),
                                  [&log](const SeenEntry& each) { return each.log == log; });
  return found == seen.end() ? nullptr : &*found;
}

// What it says now continues that.
Result<void> check_progress(const LogEndpoint& log, const SeenEntry& before, const SeenEntry& now) {
  if (now.version < before.version)
    return mistrust(log, "kt:directory has fewer versions than it had before");
  if (now.version == before.version && now.entry != before.entry)
    return mistrust(log, "a version of kt:directory is another one than before");
  return {};
}

// The versions of `kt:directory`, the newest first, up to that of `expected` and those that are
// newer than `before`.
Result<std::vector<SeenEntry>> find_entries(const Session& session, const LogEndpoint& log,
                                            const DirectoryEntry& expected, const SeenEntry* before,
                                            keytrans::ClientState& state) {
  using keytrans::SearchResponse;
  KT_TRY(const Label label, Label::create(federation::kDirectoryLabel));
  auto newest = ask_log<SearchResponse>(session, log, "search", state.search_request(label), state);
  if (!newest && newest.error().code == Errc::not_found)
    return mistrust(log, "it says that it has no kt:directory");
  KT_TRY(const keytrans::SearchOutcome found, std::move(newest));
  KT_TRY(const DirectoryEntry entry, decode_entry(found.value, log));
  std::vector<SeenEntry> entries{{state.configuration().id(), found.version, entry}};
  const auto is_enough = [&] {
    const bool is_known =
        before == nullptr || entries.back().version.value() <= before->version.value() + 1;
    return is_known && entries.back().entry.epoch <= expected.epoch;
  };
  while (!is_enough()) {
    if (entries.size() > kMaxVersions || entries.back().version == Version{0}) break;
    const Version version{entries.back().version.value() - 1};
    auto previous = ask_log<SearchResponse>(session, log, "search",
                                            state.search_request(label, version), state, true);
    // Versions may have expired. That only matters if one of them has to be there.
    if (!previous && previous.error().code == Errc::not_found) break;
    KT_TRY(const keytrans::SearchOutcome earlier, std::move(previous));
    KT_TRY(const DirectoryEntry older, decode_entry(earlier.value, log));
    entries.push_back({state.configuration().id(), version, older});
  }
  if (std::none_of(entries.begin(), entries.end(),
                   [&expected](const SeenEntry& each) { return each.entry == expected; }))
    return mistrust(log, "its kt:directory does not have the document");
  return entries;
}

bool leads_here(const federation::Directory& directory) {
  return federation::is_loopback(directory.url.host) ||
         std::any_of(directory.logs.begin(), directory.logs.end(),
                     [](const DirectoryLog& log) { return federation::is_loopback(log.url.host); });
}

}  // namespace

Cell cell_of(const federation::Domain& domain) { return {"domains", to_bytes(domain.text())}; }

Result<std::optional<StoredDomain>> load_domain(const Session& session,
                                                const federation::Domain& domain) {
  KT_TRY(auto stored, session.state.read(cell_of(domain)));
  if (!stored) return std::optional<StoredDomain>();
  KT_TRY(KnownDomain known, KnownDomain::decode(*stored, domain));
  return std::optional<StoredDomain>(StoredDomain{std::move(known), *std::move(stored)});
}

Result<DomainNews> take_document(const std::optional<KnownDomain>& before,
                                 const DirectoryDocument& document, Origin source,
                                 keytrans::ContactPolicy policy, Timestamp now) {
  if (!before) {
    if (!document.directory().is_in_force(now))
      return fail(Errc::rejected, "the directory document is not in force now");
    return DomainNews{{{document, std::nullopt}, std::move(source), policy, now, {}},
                      DomainChange::first};
  }
  DomainNews news{*before, DomainChange::same};
  news.known.contact_policy = policy;
  KT_TRY(news.known.directory, federation::follow(before->directory, document, now));
  if (news.known.directory.held) {
    // Nor is it believed that the document has moved there.
    news.change = DomainChange::held;
    return news;
  }
  news.known.source = std::move(source);
  if (news.known.directory.current.entry() != before->directory.current.entry()) {
    news.change = DomainChange::followed;
  }
  // What logs said that are not the domain's any more is of no use.
  std::erase_if(news.known.seen, [&news](const SeenEntry& seen) {
    return news.known.current().find(seen.log) == nullptr;
  });
  return news;
}

Result<DomainNews> follow_document(const Session& session, const std::optional<KnownDomain>& before,
                                   const DirectoryDocument& document, Origin source,
                                   keytrans::ContactPolicy policy) {
  auto news = take_document(before, document, std::move(source), policy, session.now());
  if (news || news.error().code != Errc::conflict) return news;
  KT_ASSERT(before.has_value());
  KT_TRY(const Bytes evidence, directory_evidence(before->directory.current, document));
  if (!check_evidence(evidence)) return news;
  KT_TRY(const auto path, save_evidence(session, "directory", evidence));
  return fail(
      Errc::verification_failed,
      news.error().detail + ", and a log has signed both; the proof is kept in " + path.string());
}

Result<void> check_entries(const Session& session, DomainNews& news, std::vector<Change>& changes) {
  KnownDomain& known = news.known;
  if (leads_here(known.current()) && !federation::is_loopback(known.source.url.host))
    return fail(Errc::rejected, "the directory document of another machine leads to this one");
  std::vector<SeenEntry> seen;
  for (const DirectoryLog& log : known.current().logs) {
    if (log.state != LogState::active) continue;
    const LogEndpoint endpoint = endpoint_of(known, log);
    KT_TRY(const LoadedState loaded, load_state(session, log.configuration, known.contact_policy));
    keytrans::ClientState changed = loaded.state;
    const SeenEntry* const before = find_seen(known.seen, log.id());
    KT_TRY(const auto entries,
           find_entries(session, endpoint, known.directory.current.entry(), before, changed));
    seen.push_back(entries.front());
    if (before != nullptr) {
      KT_TRY(check_progress(endpoint, *before, entries.front()));
      std::copy_if(entries.begin(), entries.end(), std::back_inserter(news.entries),
                   [before](const SeenEntry& each) { return each.version > before->version; });
    }
    KT_TRY(Change change, change_of(loaded, changed));
    changes.push_back(std::move(change));
  }
  known.seen = std::move(seen);
  return {};
}

Result<DomainNews> refresh_domain(const Session& session, const federation::Domain& domain,
                                  EntryCheck check) {
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(const auto before, load_domain(session, domain));
    KT_ASSERT(before.has_value());
    const KnownDomain& known = before->known;
    KT_TRY(const DirectoryDocument document, session.transport->fetch(known.source, domain));
    KT_TRY(DomainNews news,
           follow_document(session, known, document, known.source, known.contact_policy));
    std::vector<Change> changes;
    // A document that is held down is noted whether the logs of the other one answer or not.
    const bool is_checked = news.change == DomainChange::followed ||
                            (check == EntryCheck::always && news.change == DomainChange::same);
    if (is_checked) {
      KT_TRY(check_entries(session, news, changes));
    }
    KT_TRY(Bytes after, news.known.encode());
    const bool is_new = after != before->stored;
    changes.push_back({cell_of(domain), before->stored, std::move(after)});
    KT_TRY(const bool is_written, session.state.write(changes));
    if (!is_written) continue;
    if (is_new && news.change != DomainChange::same) session.on_news(news);
    return news;
  }
  return overtaken();
}

Result<KnownDomain> domain_in_force(const Session& session, const federation::Domain& domain) {
  KT_TRY(auto stored, load_domain(session, domain));
  if (!stored) return fail(Errc::not_found, "the domain is not trusted: kt trust " + domain.text());
  if (stored->known.current().is_in_force(session.now())) return std::move(stored->known);
  KT_TRY(DomainNews news, refresh_domain(session, domain));
  if (!news.known.current().is_in_force(session.now()))
    return fail(Errc::rejected, "the directory document of the domain is not in force any more");
  return std::move(news.known);
}

Result<std::optional<DomainNews>> newer_document(const Session& session, const KnownDomain& known) {
  auto news = refresh_domain(session, known.current().domain);
  if (!news && news.error().code == Errc::verification_failed)
    return tl::unexpected<Error>(std::move(news).error());
  const bool is_newer = news && news->known.current().epoch > known.current().epoch &&
                        news->known.current().is_in_force(session.now());
  if (!is_newer) return std::optional<DomainNews>();
  return std::optional<DomainNews>(*std::move(news));
}

}  // namespace kt::client
