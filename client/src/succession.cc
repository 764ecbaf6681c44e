#include "succession.h"

#include <variant>

#include "federation/tombstone.h"
#include "final_head.h"
#include "keytrans/commitment.h"
#include "log_states.h"
#include "peer.h"
#include "published_here.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using federation::LogState;
using keytrans::ClientState;
using keytrans::LabelState;
using keytrans::SearchOutcome;
using keytrans::SearchResponse;

// Whether `value` is that of the version, by its opening and its commitment in the log, as far as
// both are known. A version that a service operator has signed takes its signature besides.
std::optional<bool> is_committed(const keytrans::LogConfiguration& log, const LabelState& known,
                                 const Label& label, Version version, const Bytes& value) {
  const auto opening = known.openings.find(version);
  const auto lookup = known.versions.find(version);
  if (log.mode() == keytrans::DeploymentMode::thirdPartyManagement ||
      opening == known.openings.end() || lookup == known.versions.end() ||
      !lookup->second.commitment)
    return std::nullopt;
  const auto commitment =
      keytrans::commit({opening->second, label, version, {value, {}}}, log.context());
  return commitment && *commitment == *lookup->second.commitment;
}

}  // namespace

std::optional<LogId> successor_of(const federation::Directory& directory, const DirectoryLog& log) {
  if (const auto* const gradual = std::get_if<federation::GradualPolicy>(&directory.policy);
      gradual != nullptr && gradual->from == log.id())
    return gradual->to;
  if (const auto* const single = std::get_if<federation::SinglePolicy>(&directory.policy);
      single != nullptr && log.state != LogState::active)
    return single->log;
  return std::nullopt;
}

bool is_owned(const ClientState& state, const Label& label) {
  const LabelState* const known = state.label(label);
  return known != nullptr && known->owner.has_value();
}

Result<const DirectoryLog*> owned_before(const Session& session, const KnownDomain& domain,
                                         const LogId& successor, const Label& label) {
  for (const DirectoryLog& log : domain.current().logs) {
    if (log.id() == successor || successor_of(domain.current(), log) != successor) continue;
    KT_TRY(const LoadedState loaded, load_state(session, log.configuration, domain.contact_policy));
    if (is_owned(loaded.state, label)) return &log;
  }
  return nullptr;
}

Result<std::optional<SearchOutcome>> find_version(const Session& session, const KnownDomain& domain,
                                                  const DirectoryLog& log, const Label& label,
                                                  std::optional<Version> version) {
  auto found = change_state(session, log.configuration, domain.contact_policy,
                            [&](ClientState& state) -> Result<SearchOutcome> {
                              return ask_log<SearchResponse>(
                                  session, endpoint_of(domain, log), "search",
                                  state.search_request(label, version), state, version.has_value());
                            });
  if (found) return std::optional<SearchOutcome>(*std::move(found));
  if (found.error().code == Errc::not_found) return std::optional<SearchOutcome>();
  return tl::unexpected<Error>(std::move(found).error());
}

namespace {

Result<Copy> compare_with_last(const Session& session, const KnownDomain& domain,
                               const DirectoryLog& from, const LogId& to, const Label& label,
                               const Bytes& first) {
  KT_TRY(const LoadedState before, load_state(session, from.configuration, domain.contact_policy));
  const LabelState* const known = before.state.label(label);
  KT_ASSERT(known != nullptr && known->owner.has_value());
  const auto greatest = known->owner->greatest();
  if (!greatest) return Copy::none;
  const auto committed = is_committed(from.configuration, *known, label, *greatest, first);
  if (committed && *committed) return Copy::same;
  KT_TRY(const bool is_compromised, is_silent(session, from.id()));
  // In such a log there are no tombstones, so what its owner knows is the value.
  if (is_compromised) return committed ? Copy::changed : Copy::unknown;
  if (from.state == LogState::retired) return Copy::unknown;
  // Its owner may have published there what nobody has acknowledged.
  KT_TRY(auto last, find_version(session, domain, from, label, std::nullopt));
  if (!last) return Copy::unknown;  // it was erased
  KT_TRY(const bool moved,
         of_verification(federation::has_moved(last->value, to), "log " + from.alias));
  if (moved) {
    if (last->version == Version{0}) return Copy::none;
    KT_TRY(last, find_version(session, domain, from, label, Version{last->version.value() - 1}));
    if (!last) return Copy::unknown;
  }
  return last->value == first ? Copy::same : Copy::changed;
}

// What is the first value in the new log, if it was sent from here and is no copy.
Result<Copy> compare_unknown(const Session& session, const KnownDomain& domain, const LogId& to,
                             const Label& label, const Bytes& first, Copy copy) {
  if (copy != Copy::changed) return copy;
  KT_TRY(const bool is_own,
         is_published_here(session, domain.current().domain, label, to, Version{0}, first));
  return is_own ? Copy::none : copy;
}

}  // namespace

Result<Copy> compare_copy(const Session& session, const KnownDomain& domain,
                          const DirectoryLog& from, const LogId& to, const Label& label,
                          const Bytes& first) {
  KT_TRY(const Copy copy, compare_with_last(session, domain, from, to, label, first));
  if (copy == Copy::same) {
    KT_TRY(note_copied(session, domain.current().domain, label, to, first));
  }
  return compare_unknown(session, domain, to, label, first, copy);
}

Result<void> verify_left_out(const Session& session, const KnownDomain& domain,
                             const DirectoryLog& from, const DirectoryLog& to, const Label& label) {
  KT_TRY(const LoadedState before, load_state(session, from.configuration, domain.contact_policy));
  const auto greatest = before.state.label(label)->owner->greatest();
  // Whoever publishes for the first time has a tombstone alone here, which is made after that.
  if (!greatest) return {};
  return fail(Errc::verification_failed,
              "log " + to.alias + ": it does not have the label, which log " + from.alias +
                  " has: it was left out when labels moved");
}

tl::unexpected<Error> changed_copy(const DirectoryLog& from, const DirectoryLog& to) {
  return fail(Errc::verification_failed,
              "log " + to.alias + ": the label's first value is not its last one in log " +
                  from.alias +
                  ": it was changed when the label moved, or was published by somebody else");
}

Result<bool> has_moved(const Session& session, const KnownDomain& domain, const DirectoryLog& from,
                       const Label& label) {
  const auto successor = successor_of(domain.current(), from);
  if (!successor) return false;
  KT_TRY(const LoadedState before, load_state(session, from.configuration, domain.contact_policy));
  KT_ASSERT(is_owned(before.state, label));
  const auto known = before.state.label(label)->owner->greatest();
  KT_TRY(const auto found, find_version(session, domain, from, label, std::nullopt));
  const std::string name = "log " + from.alias;
  if (!found && known)
    return fail(Errc::verification_failed, name + ": it says that it does not have the label");
  if (!found) return false;
  KT_TRY(const bool moved, of_verification(federation::has_moved(found->value, *successor), name));
  const std::uint64_t next = known ? std::uint64_t{known->value()} + 1 : 0;
  const std::uint64_t end = std::uint64_t{found->version.value()} + (moved ? 0 : 1);
  if (end > next + kMaxUnknown || found->version.value() + std::uint64_t{1} < next)
    return not_from_here(name);
  for (std::uint64_t i = next; i < end; ++i) {
    const Version version{static_cast<std::uint32_t>(i)};
    KT_TRY(const auto each, find_version(session, domain, from, label, version));
    if (!each) return not_from_here(name);
    KT_TRY(const bool is_own, is_published_here(session, domain.current().domain, label, from.id(),
                                                version, each->value));
    if (!is_own) return not_from_here(name);
  }
  return moved;
}

tl::unexpected<Error> not_from_here(const std::string& log) {
  return fail(Errc::verification_failed,
              log + ": there is a version that was not published from here; kt lookup shows it");
}

}  // namespace kt::client
