#include "final_head.h"

#include <string>

#include "keytrans/codec.h"
#include "keytrans/consistency.h"
#include "log_states.h"
#include "peer.h"
#include "succession.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using federation::FinalHead;
using keytrans::SearchResponse;

constexpr std::uint8_t kFormat = 1;

struct Wire {
  std::uint8_t format = kFormat;
  HashValue successor{};
  Version version;
  Bytes head;
  Followed followed = Followed::not_yet;
};

template <class Io, class S>
void wire(Io& io, S& s) {
  io.number("KnownFinalHead.format", s.format);
  io.require(s.format == kFormat, "KnownFinalHead.format", "is unknown");
  io.fixed("KnownFinalHead.successor", s.successor, s.successor.size());
  io.number("KnownFinalHead.version", s.version);
  io.template opaque<1>("KnownFinalHead.head", s.head);
  io.enumeration("KnownFinalHead.followed", s.followed,
                 {Followed::not_yet, Followed::to_the_end, Followed::lost});
}

Result<KnownFinalHead> read(ByteView bytes) {
  keytrans::Decoder io(bytes);
  Wire read;
  wire(io, read);
  KT_TRY(std::move(io).finish());
  KT_TRY(const FinalHead head, FinalHead::decode(read.head));
  return KnownFinalHead{LogId(read.successor), read.version, head, read.followed};
}

Cell cell_of_head(const LogId& log) { return {"final-heads", to_bytes(log.hash())}; }

struct Stored {
  std::optional<KnownFinalHead> known;
  std::optional<Bytes> bytes;  // as it was read
};

Result<Stored> load(const Session& session, const LogId& log) {
  KT_TRY(auto bytes, session.state.read(cell_of_head(log)));
  if (!bytes) return Stored{};
  KT_TRY(const KnownFinalHead known, KnownFinalHead::decode(*bytes));
  return Stored{known, std::move(bytes)};
}

std::string entries(TreeSize size) { return std::to_string(size.value()) + " entries"; }

// What the successor says now is what it said before.
Result<void> check_unmoved(const KnownFinalHead& before, const KnownFinalHead& now,
                           const DirectoryLog& log, const LogEndpoint& successor) {
  if (before.successor != now.successor) return {};  // which never had one, as far as is known
  if (now.version < before.version)
    return fail(Errc::verification_failed, successor.name +
                                               ": it has fewer versions of the final head of log " +
                                               log.alias + " than before");
  if (now.head == before.head) return {};
  return fail(Errc::verification_failed,
              successor.name + ": the final head of log " + log.alias + " was moved: it was " +
                  entries(before.head.tree_size) + ", and is " + entries(now.head.tree_size) +
                  (before.head.tree_size == now.head.tree_size ? " that differ" : ""));
}

tl::unexpected<Error> goes_on(const LogEndpoint& log, const FinalHead& head) {
  return fail(Errc::verification_failed,
              log.name + ": it has signed entries after its final head of " +
                  entries(head.tree_size) + ", although others may have its keys");
}

tl::unexpected<Error> differs(const LogEndpoint& log, const FinalHead& head) {
  return fail(Errc::verification_failed,
              log.name + ": its first " + entries(head.tree_size) +
                  " are not those of its final head, which the log that its labels have moved to "
                  "has");
}

}  // namespace

Result<Bytes> KnownFinalHead::encode() const {
  Wire written{kFormat, successor.hash(), version, {}, followed};
  KT_TRY(written.head, head.encode());
  keytrans::Encoder io;
  wire(io, std::as_const(written));
  return std::move(io).finish();
}

Result<KnownFinalHead> KnownFinalHead::decode(ByteView bytes) {
  auto known = read(bytes);
  if (!known) return fail(Errc::corrupt, "a final head: " + known.error().detail);
  return known;
}

Result<std::optional<KnownFinalHead>> load_final_head(const Session& session, const LogId& log) {
  KT_TRY(const auto stored, load(session, log));
  return stored.known;
}

Result<bool> is_silent(const Session& session, const LogId& log) {
  KT_TRY(const auto stored, load(session, log));
  return stored.known && stored.known->head.is_compromised;
}

Result<KnownFinalHead> find_final_head(const Session& session, const KnownDomain& domain,
                                       const DirectoryLog& log) {
  const auto successor_id = successor_of(domain.current(), log);
  KT_ASSERT(successor_id.has_value());
  const DirectoryLog& successor = *domain.current().find(*successor_id);
  const LogEndpoint endpoint = endpoint_of(domain, successor);
  const Label label = federation::final_head_label(log.id());
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(const Stored before, load(session, log.id()));
    KT_TRY(const LoadedState loaded,
           load_state(session, successor.configuration, domain.contact_policy));
    keytrans::ClientState state = loaded.state;
    auto found =
        ask_log<SearchResponse>(session, endpoint, "search", state.search_request(label), state);
    if (!found && found.error().code == Errc::not_found)
      return fail(Errc::verification_failed, endpoint.name + ": it has no final head of log " +
                                                 log.alias + ", whose labels have moved to it");
    KT_TRY(const keytrans::SearchOutcome outcome, std::move(found));
    KT_TRY(const FinalHead head,
           of_verification(FinalHead::decode(outcome.value), endpoint.name + ": the final head"));
    KnownFinalHead now{*successor_id, outcome.version, head};
    if (before.known) {
      KT_TRY(check_unmoved(*before.known, now, log, endpoint));
      now.followed = before.known->followed;
    }
    // It is looked for again anyway.
    state.forget(label);
    std::vector<Change> changes;
    KT_TRY(Change change, change_of(loaded, state));
    changes.push_back(std::move(change));
    KT_TRY(Bytes after, now.encode());
    changes.push_back({cell_of_head(log.id()), before.bytes, std::move(after)});
    KT_TRY(const bool is_written, session.state.write(changes));
    if (is_written) return now;
  }
  return overtaken();
}

Result<void> note_followed(const Session& session, const LogId& log, Followed followed) {
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(const Stored before, load(session, log));
    KT_ASSERT(before.known.has_value());
    if (before.known->followed == followed) return {};
    KnownFinalHead after = *before.known;
    after.followed = followed;
    KT_TRY(Bytes bytes, after.encode());
    KT_TRY(const bool is_written,
           session.state.write({{cell_of_head(log), before.bytes, std::move(bytes)}}));
    if (is_written) return {};
  }
  return overtaken();
}

Result<void> compare_with_final_head(const Session& session, const KnownDomain& domain,
                                     const DirectoryLog& log, const FinalHead& head) {
  const LogEndpoint endpoint = endpoint_of(domain, log);
  KT_TRY(const LoadedState loaded, load_state(session, log.configuration, domain.contact_policy));
  const auto& seen = loaded.state.view();
  if (seen && head.is_compromised && seen->size > head.tree_size) return goes_on(endpoint, head);
  const bool is_retired = log.state == federation::LogState::retired;
  if (seen && seen->size == head.tree_size) {
    if (seen->root() != head.root) return differs(endpoint, head);
    // Nothing has to come after it, unless nothing may.
    if (is_retired || !head.is_compromised) return {};
  }
  if (is_retired)
    return fail(Errc::rejected,
                endpoint.name + ": it has retired with " + entries(head.tree_size) + ", of which " +
                    (seen ? entries(seen->size) : std::string("none")) + " were verified before");
  const keytrans::ConsistencyRequest request{loaded.state.last(), head.tree_size};
  KT_TRY(Bytes body, keytrans::encode(request));
  auto answered =
      session.transport->post(endpoint.origin, {"/consistency", "consistency", std::move(body)});
  if (!answered && answered.error().code == Errc::verification_failed)
    return fail(Errc::verification_failed, endpoint.name +
                                               ": it says that it is smaller than its "
                                               "final head of " +
                                               entries(head.tree_size) +
                                               ", or than it has shown before");
  if (!answered) return fail_in(endpoint.name, std::move(answered).error());
  KT_TRY(const auto response,
         of_verification(keytrans::decode_consistency_response(*answered), endpoint.name));
  KT_TRY(const HashValue root,
         of_verification(keytrans::verify_consistency(log.configuration, seen, request, response),
                         endpoint.name));
  if (root != head.root) return differs(endpoint, head);
  if (head.is_compromised && response.tree_head.tree_size > head.tree_size)
    return goes_on(endpoint, head);
  return {};
}

}  // namespace kt::client
