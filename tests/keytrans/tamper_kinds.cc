#include "tamper_kinds.h"

#include <algorithm>
#include <set>
#include <utility>

#include "audited_log.h"
#include "forged_log.h"
#include "keytrans/credential.h"
#include "keytrans/fork_evidence.h"
#include "keytrans/ladder.h"
#include "keytrans/management.h"
#include "story.h"
#include "suites.h"

namespace kt::keytrans {
namespace {

using Shared = std::shared_ptr<Story>;

Shared tell(CipherSuite suite, DeploymentMode mode, Plot plot = Plot::plain) {
  return std::make_shared<Story>(suite, mode, plot);
}

// --- Effects ---------------------------------------------------------------------------------

void describe(Encoder& io, const SearchOutcome& outcome) {
  io.number("version", outcome.version);
  io.opaque<4>("value", outcome.value);
  io.number("terminal", outcome.terminal.entry);
  io.number<std::uint8_t>("beyond", outcome.terminal.beyond_distinguished ? 1 : 0);
  io.number<std::uint8_t>("must_monitor", outcome.must_monitor ? 1 : 0);
}

void describe(Encoder& io, const ContactMonitorOutcome& outcome) {
  io.number("remaining", std::uint64_t{outcome.remaining});
}

void describe(Encoder& io, const OwnerInitOutcome& outcome) {
  io.optional("greatest_at_start", outcome.greatest_at_start, kNumber);
}

void describe(Encoder& io, const OwnerMonitorOutcome& outcome) {
  io.number("verified_through", outcome.verified_through);
  io.number<std::uint8_t>("complete", outcome.complete ? 1 : 0);
}

void describe(Encoder& io, const UpdateOutcome& outcome) {
  io.number("position", outcome.position);
  io.number("skipped", outcome.skipped);
  io.number("first", outcome.first);
  io.vector<4>("values", outcome.values, 4,
               [](Encoder& to, const Bytes& value) { to.opaque<4>("value", value); });
  io.number<std::uint8_t>("created", outcome.created ? 1 : 0);
}

void describe(Encoder& io, const DistinguishedOutcome& outcome) {
  io.vector<4>("entries", outcome.entries, 8, kNumber);
}

// The outcome, and the state it leads to.
template <class Outcome>
Bytes effect_of(ClientState state, const Verified<Outcome>& verified) {
  Encoder io;
  describe(io, verified.outcome());
  must(state.apply(verified));
  io.opaque<4>("state", must(state.serialize()));
  return must(std::move(io).finish());
}

// --- Responses -------------------------------------------------------------------------------

// Judges responses to `request` as the user of `state` does, at the time the clock says.
template <class Response, class Request>
typename SpecimenOf<Response>::Judge judged_by(const ClientState& state, const Request& request,
                                               Timestamp now) {
  return [state, before = must(state.serialize()), request,
          now](const Response& response) -> Result<Bytes> {
    const auto verified = state.verify(request, response, now);
    EXPECT_EQ(must(state.serialize()), before);
    if (!verified) return tl::unexpected<Error>(verified.error());
    return effect_of(state, *verified);
  };
}

template <class Request, class Response>
std::unique_ptr<Specimen> specimen(Story& story, const ClientState& state, const Request& request,
                                   Response response,
                                   typename SpecimenOf<Response>::Excuse excuse = {}) {
  auto judge = judged_by<Response>(state, request, story.now());
  bool version_requested = false;
  if constexpr (std::same_as<Request, SearchRequest>)
    version_requested = request.version.has_value();
  return std::make_unique<SpecimenOf<Response>>(
      story.context(version_requested), std::move(response), std::move(judge), std::move(excuse));
}

template <class Request>
std::unique_ptr<Specimen> specimen(Story& story, const ClientState& state, const Request& request) {
  return specimen(story, state, request, story.answer(request));
}

// What the log knows of the label's versions, as a user would after evaluating the VRF proofs.
LabelVersions versions_of(Story& story, const std::vector<Version>& versions) {
  LabelVersions known;
  for (const Version version : versions) {
    PrefixLookup lookup{must(story.log().vrf(story.label(), version)).output, std::nullopt};
    if (const auto commitment = story.log().commitment(story.label(), version))
      lookup.commitment = *commitment;
    known.emplace(version, lookup);
  }
  return known;
}

// The versions of which `proof` shows that they are included somewhere, found by running
// `algorithm` on it.
template <class Algorithm>
std::set<Version> shown_versions(Story& story, const ClientState& state,
                                 const CombinedTreeProof& proof, const LabelVersions& versions,
                                 Algorithm algorithm) {
  ProofReader reader(proof, state.view() ? &*state.view() : nullptr, versions);
  CombinedTree tree(reader, story.configuration().wire(), story.log().size());
  must(update_view(tree, state.last()));
  algorithm(tree);
  return reader.included();
}

// Whoever changes nothing but `ladder`'s commitments to versions that no proof shows to be included
// changes what cannot be checked, and so must change nothing else.
template <class Response>
typename SpecimenOf<Response>::Excuse commitments_beside(
    const typename SpecimenOf<Response>::Judge& judge, const Response& honest,
    const std::vector<Version>& ladder, const std::set<Version>& shown, Version target) {
  std::vector<std::size_t> unchecked;
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    if (ladder[i] != target && !shown.contains(ladder[i])) unchecked.push_back(i);
  }
  return [honest, unchecked, effect = must(judge(honest))](
             const Response& tampered) -> std::function<void(const Bytes&)> {
    Response restored = tampered;
    if (restored.binary_ladder.size() != honest.binary_ladder.size()) return nullptr;
    for (const std::size_t i : unchecked)
      restored.binary_ladder[i].commitment = honest.binary_ladder[i].commitment;
    if (restored != honest) return nullptr;
    return [effect](const Bytes& other) { EXPECT_EQ(other, effect); };
  };
}

// --- Search ----------------------------------------------------------------------------------

std::unique_ptr<Specimen> greatest_search(Story& story, const ClientState& state) {
  return specimen(story, state, state.search_request(story.label()));
}

std::unique_ptr<Specimen> fixed_search(Story& story, const ClientState& state, Version version) {
  const SearchRequest request = state.search_request(story.label(), version);
  const SearchResponse response = story.answer(request);
  const std::vector<Version> ladder = base_binary_ladder(version);
  const std::set<Version> shown =
      shown_versions(story, state, response.search, versions_of(story, ladder),
                     [version](CombinedTree& tree) { must(search_fixed_version(tree, version)); });
  return specimen(story, state, request, response,
                  commitments_beside(judged_by<SearchResponse>(state, request, story.now()),
                                     response, ladder, shown, version));
}

// A newcomer and a log of `size` entries.
ClientState newcomer(Story& story, std::uint64_t size) {
  story.grow_to(size);
  return story.newcomer();
}

// A user who saw `before` entries, and a log that has `size`.
ClientState returning(Story& story, std::uint64_t before, std::uint64_t size) {
  ClientState state = story.visitor(before);
  story.grow_to(size);
  return state;
}

std::unique_ptr<Specimen> greatest_first(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return greatest_search(*story, newcomer(*story, 12));
}

std::unique_ptr<Specimen> greatest_returning(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::single);
  return greatest_search(*story, returning(*story, 6, 12));
}

std::unique_ptr<Specimen> greatest_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::single);
  return greatest_search(*story, story->visitor(12));
}

// Version 1 is the greatest in the root. Version 2, a step of its ladder, exists, but no proof
// needs to show it.
std::unique_ptr<Specimen> fixed_step5(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return fixed_search(*story, returning(*story, 6, 12), Version{1});
}

// Version 0 is the greatest nowhere.
std::unique_ptr<Specimen> fixed_step6(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::paired);
  return fixed_search(*story, newcomer(*story, 12), Version{0});
}

// Version 0 is the greatest in entry 3, left of the root.
std::unique_ptr<Specimen> fixed_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return fixed_search(*story, story->visitor(12), Version{0});
}

// The root is expired, and version 0 is the greatest in entry 9, which is distinguished.
std::unique_ptr<Specimen> fixed_step5_expiring(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::expiring);
  return fixed_search(*story, newcomer(*story, 12), Version{0});
}

// The root is expired, and version 1 is the greatest nowhere.
std::unique_ptr<Specimen> fixed_step6_expiring(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::expiring);
  return fixed_search(*story, returning(*story, 7, 12), Version{1});
}

// --- Monitoring ------------------------------------------------------------------------------

// A user who looked version 2 up when entry 9, which has it, was the rightmost.
ClientState contact(Story& story) {
  ClientState state = newcomer(story, 10);
  story.perform(state, state.search_request(story.label()));
  return state;
}

std::unique_ptr<Specimen> contact_specimen(Story& story, const ClientState& state) {
  return specimen(story, state, must(state.contact_monitor_request(story.label())));
}

// Entry 11 is established above entry 9.
std::unique_ptr<Specimen> contact_moves(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  const ClientState state = contact(*story);
  story->grow_to(12);
  return contact_specimen(*story, state);
}

// Entry 11 is distinguished.
std::unique_ptr<Specimen> contact_completes(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  const ClientState state = contact(*story);
  story->grow_to(13);
  return contact_specimen(*story, state);
}

// Versions 2 and 3 are monitored, and meet in entry 11.
std::unique_ptr<Specimen> contact_meets(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  ClientState state = contact(*story);
  story->append(Timestamp{8'300});
  story->perform(state, state.search_request(story->label()));
  story->grow_to(12);
  return contact_specimen(*story, state);
}

std::unique_ptr<Specimen> contact_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return contact_specimen(*story, contact(*story));
}

std::unique_ptr<Specimen> owner_init(Story& story, const ClientState& state, EntryIndex start) {
  const OwnerInitRequest request = state.owner_init_request(story.label(), start);
  const OwnerInitResponse response = story.answer(request);
  std::set<Version> ladder{Version{0}};
  for (const Version greatest : response.greatest_versions) {
    const std::vector<Version> versions = base_binary_ladder(greatest);
    ladder.insert(versions.begin(), versions.end());
  }
  const std::vector<Version> versions(ladder.begin(), ladder.end());
  const std::set<Version> shown = shown_versions(
      story, state, response.init, versions_of(story, versions), [&](CombinedTree& tree) {
        must(verify_owner_init(tree, must(owner_init_entries(tree, start)),
                               response.greatest_versions));
      });
  const Version none{0xffff'ffff};  // no version is special here
  return specimen(story, state, request, response,
                  commitments_beside(judged_by<OwnerInitResponse>(state, request, story.now()),
                                     response, versions, shown, none));
}

std::unique_ptr<Specimen> owner_init_first(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return owner_init(*story, newcomer(*story, 12), EntryIndex{3});
}

std::unique_ptr<Specimen> owner_init_returning(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return owner_init(*story, returning(*story, 6, 12), EntryIndex{6});
}

std::unique_ptr<Specimen> owner_init_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return owner_init(*story, story->visitor(12), EntryIndex{5});
}

// At entry 1 the label has no version yet.
std::unique_ptr<Specimen> owner_init_unborn(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return owner_init(*story, newcomer(*story, 12), EntryIndex{1});
}

std::unique_ptr<Specimen> owner_init_expiring(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::expiring);
  return owner_init(*story, newcomer(*story, 12), EntryIndex{9});
}

// An owner from entry 5 on who knows of version 2, with a log of `size` entries.
ClientState informed_owner(Story& story, std::uint64_t size) {
  ClientState state = story.owner(8, EntryIndex{5});
  story.grow_to(size);
  const UpdateRequest request = must(state.update_request(story.label(), {}));
  must(state.apply(
      must(state.verify(request, must(prove_update(story.log(), request, false)), story.now()))));
  return state;
}

std::unique_ptr<Specimen> owner_monitor_returning(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  const ClientState state = informed_owner(*story, 10);
  story->grow_to(14);
  return specimen(*story, state, must(state.owner_monitor_request(story->label())));
}

// The log may end its response early, and where the user knows an entry's prefix root already a
// proof that is left out at the end is a response that ended there.
std::unique_ptr<Specimen> owner_monitor_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  const ClientState state = informed_owner(*story, 12);
  const OwnerMonitorRequest request = must(state.owner_monitor_request(story->label()));
  const OwnerMonitorResponse honest = story->answer(request);
  const auto excuse =
      [story, state, request,
       honest](const OwnerMonitorResponse& tampered) -> std::function<void(const Bytes&)> {
    OwnerMonitorResponse shorter = honest;
    shorter.monitor.prefix_proofs.pop_back();
    if (tampered != shorter) return nullptr;
    return [story, state, request, honest, shorter](const Bytes&) {
      const auto all = must(state.verify(request, honest, story->now())).outcome();
      const auto less = must(state.verify(request, shorter, story->now())).outcome();
      EXPECT_LT(less.verified_through, all.verified_through);
      EXPECT_TRUE(all.complete);
      EXPECT_FALSE(less.complete);
    };
  };
  return specimen(*story, state, request, honest, excuse);
}

// --- Updating --------------------------------------------------------------------------------

std::vector<LabelValue> new_values(std::size_t count) {
  std::vector<LabelValue> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back({to_bytes("alice's key number " + std::to_string(i))});
  return values;
}

// Where the position is distinguished, the draft leaves it to owner monitoring to verify what is in
// it. Whoever changes the position, the values, what opens their commitments, or the commitments of
// the ladder is found out there.
SpecimenOf<UpdateResponse>::Excuse until_monitored(const Shared& story, const ClientState& state,
                                                   const UpdateRequest& request,
                                                   const UpdateResponse& honest) {
  const auto monitor_after = [story, state, request](const UpdateResponse& response) {
    ClientState owner = state;
    must(owner.apply(must(owner.verify(request, response, story->now()))));
    const OwnerMonitorRequest question = must(owner.owner_monitor_request(story->label()));
    return owner.verify(question, story->answer(question), story->now());
  };
  EXPECT_GE(must(monitor_after(honest)).outcome().verified_through, honest.position);
  return
      [honest, monitor_after](const UpdateResponse& tampered) -> std::function<void(const Bytes&)> {
        UpdateResponse restored = tampered;
        restored.position = honest.position;
        restored.values = honest.values;
        restored.info = honest.info;
        if (restored.binary_ladder.size() != honest.binary_ladder.size()) return nullptr;
        for (std::size_t i = 0; i < honest.binary_ladder.size(); ++i)
          restored.binary_ladder[i].commitment = honest.binary_ladder[i].commitment;
        if (restored != honest) return nullptr;
        return [tampered, monitor_after](const Bytes&) {
          const auto verified = monitor_after(tampered);
          ASSERT_FALSE(verified.has_value()) << "owner monitoring accepts it too";
          EXPECT_EQ(verified.error().code, Errc::verification_failed);
        };
      };
}

// What the owner of `state` is told of `count` values it asks for with the next entry, `later`
// milliseconds after the rightmost one.
struct Asked {
  UpdateRequest request;
  UpdateResponse response;
};

Asked ask(Story& story, const ClientState& state, std::size_t count, std::uint64_t later) {
  const UpdateRequest request = must(state.update_request(story.label(), new_values(count)));
  return {request, must(story.log().update(request, Timestamp{story.now().value() + later}))};
}

constexpr std::uint64_t kSoon = 100;      // not distinguished
constexpr std::uint64_t kLater = 12'000;  // distinguished

std::unique_ptr<Specimen> created(CipherSuite suite, DeploymentMode mode, std::size_t count,
                                  std::uint64_t later) {
  const Shared story = tell(suite, mode);
  const ClientState state = informed_owner(*story, 12);
  const Asked asked = ask(*story, state, count, later);
  return specimen(*story, state, asked.request, asked.response,
                  later == kSoon ? SpecimenOf<UpdateResponse>::Excuse()
                                 : until_monitored(story, state, asked.request, asked.response));
}

std::unique_ptr<Specimen> update_one(CipherSuite suite, DeploymentMode mode) {
  return created(suite, mode, 1, kSoon);
}

std::unique_ptr<Specimen> update_several(CipherSuite suite, DeploymentMode mode) {
  return created(suite, mode, 3, kSoon);
}

std::unique_ptr<Specimen> update_one_distinguished(CipherSuite suite, DeploymentMode mode) {
  return created(suite, mode, 1, kLater);
}

std::unique_ptr<Specimen> update_several_distinguished(CipherSuite suite, DeploymentMode mode) {
  return created(suite, mode, 3, kLater);
}

// The first version of a label.
std::unique_ptr<Specimen> update_first(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  story->grow_to(2);
  ClientState state = story->owner(2, EntryIndex{1});
  const Asked asked = ask(*story, state, 1, kSoon);
  return specimen(*story, state, asked.request, asked.response);
}

// Version 2 was there before the owner asked for one, in an entry that is not distinguished.
std::unique_ptr<Specimen> update_lost_race(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  const ClientState state = story->owner(8, EntryIndex{5});
  story->grow_to(12);
  const Asked asked = ask(*story, state, 1, kSoon);
  return specimen(*story, state, asked.request, asked.response);
}

// Version 1 was there before, in a distinguished entry.
std::unique_ptr<Specimen> update_lost_race_distinguished(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  const ClientState state = story->owner(4, EntryIndex{3});
  story->grow_to(8);
  const Asked asked = ask(*story, state, 1, kSoon);
  return specimen(*story, state, asked.request, asked.response,
                  until_monitored(story, state, asked.request, asked.response));
}

std::unique_ptr<Specimen> update_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  ClientState state = story->owner(8, EntryIndex{5});
  story->grow_to(12);
  story->perform(state, state.distinguished_request());
  const UpdateRequest request = must(state.update_request(story->label(), {}));
  return specimen(*story, state, request, must(prove_update(story->log(), request, false)));
}

// The Service Operator and the manager disagree by two versions.
std::unique_ptr<Specimen> skipped(CipherSuite suite, DeploymentMode mode, std::uint64_t later) {
  const Shared story = tell(suite, mode);
  const ClientState state = informed_owner(*story, 12);
  const UpdateRequest request = must(state.update_request(story->label(), new_values(1)));
  const ManagerUpdateRequest forwarded = must(sign_update_request(
      *story->log().keys().leaf, story->configuration().wire(), request, Version{5}));
  const UpdateResponse response =
      must(story->log().update(forwarded, Timestamp{story->now().value() + later}));
  EXPECT_EQ(response.skipped_versions, 2U);
  return specimen(*story, state, request, response,
                  later == kSoon ? SpecimenOf<UpdateResponse>::Excuse()
                                 : until_monitored(story, state, request, response));
}

std::unique_ptr<Specimen> update_skipped(CipherSuite suite, DeploymentMode mode) {
  return skipped(suite, mode, kSoon);
}

std::unique_ptr<Specimen> update_skipped_distinguished(CipherSuite suite, DeploymentMode mode) {
  return skipped(suite, mode, kLater);
}

// --- Walking distinguished heads -------------------------------------------------------------

std::unique_ptr<Specimen> walk(Story& story, const ClientState& state) {
  return specimen(story, state, state.distinguished_request());
}

std::unique_ptr<Specimen> distinguished_first(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return walk(*story, newcomer(*story, 12));
}

std::unique_ptr<Specimen> distinguished_returning(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  return walk(*story, returning(*story, 6, 14));
}

std::unique_ptr<Specimen> distinguished_same(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  ClientState state = newcomer(*story, 12);
  story->perform(state, state.search_request(story->label()));
  return walk(*story, state);
}

// --- Credentials -----------------------------------------------------------------------------

std::unique_ptr<Specimen> credential(Story& story, const ClientState& state,
                                     Credential credential) {
  const auto judge = [configuration = story.configuration(),
                      known = state.distinguished()](const Credential& given) -> Result<Bytes> {
    KT_TRY(const VerifiedCredential verified, verify_credential(configuration, known, given));
    if (const auto* const retained = std::get_if<RetainedCredential>(&verified))
      return retained->serialize();
    Encoder io;
    const auto& outcome = std::get<CredentialOutcome>(verified);
    io.label("label", outcome.label);
    io.number("version", outcome.version);
    io.opaque<4>("value", outcome.value);
    return std::move(io).finish();
  };
  return std::make_unique<SpecimenOf<Credential>>(story.context(), std::move(credential), judge);
}

std::unique_ptr<Specimen> credential_standard(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::single);
  const ClientState state = story->visitor(13);
  Credential given = must(prove_credential(story->log(), story->label(), EntryIndex{11}));
  EXPECT_EQ(given.credential_type, CredentialType::standard);
  return credential(*story, state, std::move(given));
}

std::unique_ptr<Specimen> credential_provisional(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode, Plot::single);
  const ClientState state = story->visitor(9);
  story->grow_to(10);
  Credential given = must(prove_credential(story->log(), story->label(), EntryIndex{7}));
  EXPECT_EQ(given.credential_type, CredentialType::provisional);
  return credential(*story, state, std::move(given));
}

std::unique_ptr<Specimen> credential_update(CipherSuite suite, DeploymentMode mode) {
  const Shared story = tell(suite, mode);
  ClientState state = story->visitor(9);
  story->grow_to(10);
  const Credential given = must(prove_credential(story->log(), story->label(), EntryIndex{7}));
  const auto retained = std::get<RetainedCredential>(
      must(verify_credential(story->configuration(), state.distinguished(), given)));
  story->grow_to(13);
  story->perform(state, state.distinguished_request());
  const CredentialUpdate update =
      must(prove_credential_update(story->log(), story->label(), retained.outcome.version,
                                   retained.terminal, retained.view.size));
  const auto judge = [configuration = story->configuration(), known = state.distinguished(),
                      retained](const CredentialUpdate& tampered) -> Result<Bytes> {
    KT_TRY(finally_verify(configuration, retained, known, tampered));
    return Bytes{};
  };
  return std::make_unique<SpecimenOf<CredentialUpdate>>(story->context(), update, judge);
}

// --- Third parties ---------------------------------------------------------------------------

// An auditor, the log it follows, and the next entry.
struct Audit {
  std::shared_ptr<const AuditedLog> log;
  Auditor auditor;
  MemoryAuditedLeaves leaves;
  AuditorUpdate update;
};

// An update says of what it adds, and when, whatever it likes: that it is not what the log did only
// shows where the auditor's signature is held against the log's own root.
SpecimenOf<AuditorUpdate>::Excuse until_compared(const Audit& audit) {
  return [audit](const AuditorUpdate& tampered) -> std::function<void(const Bytes&)> {
    AuditorUpdate restored = tampered;
    restored.timestamp = audit.update.timestamp;
    restored.added = audit.update.added;
    if (restored != audit.update) return nullptr;
    return [audit](const Bytes& effect) {
      const Auditor misled = must(Auditor::parse(effect));
      const AuditorTreeHead head = must(misled.sign(audit.log->auditor_key()));
      EXPECT_EQ(head.tree_size, audit.log->size());
      EXPECT_FALSE(
          audit.log->configuration().verify_auditor_tree_head(head, audit.log->view().root()));
    };
  };
}

std::unique_ptr<Specimen> audit_specimen(const Audit& audit) {
  const auto judge = [audit, before = must(audit.auditor.serialize())](
                         const AuditorUpdate& update) -> Result<Bytes> {
    Auditor auditor = audit.auditor;
    MemoryAuditedLeaves leaves = audit.leaves;
    const auto processed = auditor.process(update, leaves);
    if (processed) return auditor.serialize();
    EXPECT_EQ(must(auditor.serialize()), before);
    for (const auto* list :
         {&update.added, &update.removed, &audit.update.added, &audit.update.removed}) {
      for (const PrefixLeaf& leaf : *list)
        EXPECT_EQ(must(leaves.added_at(leaf.vrf_output)),
                  must(audit.leaves.added_at(leaf.vrf_output)));
    }
    return tl::unexpected<Error>(processed.error());
  };
  return std::make_unique<SpecimenOf<AuditorUpdate>>(audit.log->configuration().context(),
                                                     audit.update, judge, until_compared(audit));
}

// An auditor that has followed `log` through some entries, and entry `update` next.
std::unique_ptr<Specimen> audited(CipherSuite suite, const std::vector<PrefixLeaf>& added,
                                  const std::vector<PrefixLeaf>& removed) {
  const auto log = std::make_shared<AuditedLog>(suite);
  Auditor auditor = must(Auditor::from_genesis(log->configuration()));
  MemoryAuditedLeaves leaves;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const std::string name = "leaf " + std::to_string(i);
    const AuditorUpdate update =
        log->append(Timestamp{1'000 * (i + 1)}, {named_leaf(name), named_leaf(name + " beside")});
    must(auditor.process(update, leaves));
  }
  AuditorUpdate update = log->append(Timestamp{7'000}, added, removed);
  return audit_specimen({log, std::move(auditor), std::move(leaves), std::move(update)});
}

std::unique_ptr<Specimen> auditor_additions(CipherSuite suite, DeploymentMode /*mode*/) {
  return audited(suite, {named_leaf("new"), named_leaf("newer"), named_leaf("newest")}, {});
}

std::unique_ptr<Specimen> auditor_replacement(CipherSuite suite, DeploymentMode /*mode*/) {
  return audited(suite, {named_leaf("new"), named_leaf("leaf 2", "other value")},
                 {named_leaf("leaf 2")});
}

// Without what a configuration has beside its wire form.
ForkEvidence over_the_wire(const ForkEvidence& evidence) {
  return must(ForkEvidence::parse(must(evidence.serialize())));
}

// Two logs with the same keys, which have the first four entries in common.
std::unique_ptr<Specimen> fork_evidence(CipherSuite suite, DeploymentMode mode) {
  ForgedLog first(test_configuration(suite, mode));
  ForgedLog second(first.configuration().wire(), first.keys());
  const Label label = make_label("alice@example.com");
  for (ForgedLog* const log : {&first, &second}) {
    for (std::uint64_t i = 0; i < 4; ++i) log->append(Timestamp{1'000 * (i + 1)});
    const Bytes value = to_bytes(log == &first ? "alice's key" : "another key");
    log->append(Timestamp{5'000}, {{label, Version{0}, value}});
    log->append(Timestamp{6'000});
  }
  first.append(Timestamp{7'000});
  const RecentPolicy recent = RecentPolicy::rightmost(4);
  const ClientState stranger(first.configuration());
  const DistinguishedRequest request = stranger.distinguished_request();
  const auto evidence =
      must(find_fork(first.configuration(), must(prove_distinguished(first, request, recent)),
                     must(prove_distinguished(second, request, recent)), recent));
  const auto judge = [](const ForkEvidence& given) -> Result<Bytes> {
    KT_TRY(verify_fork_evidence(given));
    return Bytes{};
  };
  return std::make_unique<SpecimenOf<ForkEvidence>>(first.configuration().context(),
                                                    over_the_wire(evidence.value()), judge);
}

}  // namespace

const std::vector<TamperKind>& tamper_kinds() {
  constexpr auto kManaged = DeploymentMode::thirdPartyManagement;
  constexpr auto kAudited = DeploymentMode::thirdPartyAuditing;
  constexpr bool kBoth = true;  // suites in every mode
  constexpr bool kOne = false;
  static const std::vector<TamperKind> kKinds{
      {"GreatestFirst", greatest_first, kOne, {}},
      {"GreatestReturning", greatest_returning, kBoth, {}},
      {"GreatestSame", greatest_same, kOne, {}},
      {"FixedStep5", fixed_step5, kOne, {}},
      {"FixedStep6", fixed_step6, kOne, {}},
      {"FixedSame", fixed_same, kBoth, {}},
      {"FixedStep5Expiring", fixed_step5_expiring, kOne, {}},
      {"FixedStep6Expiring", fixed_step6_expiring, kOne, {}},
      {"ContactMoves", contact_moves, kBoth, {}},
      {"ContactCompletes", contact_completes, kBoth, {}},
      {"ContactMeets", contact_meets, kBoth, {}},
      {"ContactSame", contact_same, kBoth, {}},
      {"OwnerInitFirst", owner_init_first, kOne, {}},
      {"OwnerInitReturning", owner_init_returning, kOne, {}},
      {"OwnerInitSame", owner_init_same, kOne, {}},
      {"OwnerInitUnborn", owner_init_unborn, kBoth, {}},
      {"OwnerInitExpiring", owner_init_expiring, kOne, {}},
      {"OwnerMonitorReturning", owner_monitor_returning, kBoth, {}},
      {"OwnerMonitorSame", owner_monitor_same, kBoth, {}},
      {"UpdateOne", update_one, kOne, {}},
      {"UpdateSeveral", update_several, kOne, {}},
      {"UpdateOneDistinguished", update_one_distinguished, kBoth, {}},
      {"UpdateSeveralDistinguished", update_several_distinguished, kOne, {}},
      {"UpdateFirst", update_first, kBoth, {}},
      {"UpdateLostRace", update_lost_race, kOne, {}},
      {"UpdateLostRaceDistinguished", update_lost_race_distinguished, kOne, {}},
      {"UpdateSame", update_same, kOne, {}},
      {"UpdateSkipped", update_skipped, kOne, kManaged},
      {"UpdateSkippedDistinguished", update_skipped_distinguished, kOne, kManaged},
      {"DistinguishedFirst", distinguished_first, kBoth, {}},
      {"DistinguishedReturning", distinguished_returning, kBoth, {}},
      {"DistinguishedSame", distinguished_same, kBoth, {}},
      {"CredentialStandard", credential_standard, kBoth, {}},
      {"CredentialProvisional", credential_provisional, kOne, {}},
      {"CredentialUpdate", credential_update, kBoth, {}},
      {"AuditorAdditions", auditor_additions, kBoth, kAudited},
      {"AuditorReplacement", auditor_replacement, kBoth, kAudited},
      {"ForkEvidence", fork_evidence, kBoth, {}},
  };
  return kKinds;
}

std::string TamperCase::name() const {
  const std::string of_suite = suite == kP256Suite ? "P256" : "Ed25519";
  switch (mode) {
    case DeploymentMode::contactMonitoring: return kind->name + "ContactMonitoring" + of_suite;
    case DeploymentMode::thirdPartyManagement: return kind->name + "Management" + of_suite;
    case DeploymentMode::thirdPartyAuditing: return kind->name + "Auditing" + of_suite;
  }
  return kind->name;
}

std::vector<TamperCase> tamper_cases() {
  std::vector<TamperCase> cases;
  CipherSuite turn = kP256Suite;  // of the kinds that take the suites in turn
  for (const TamperKind& kind : tamper_kinds()) {
    for (const DeploymentMode mode :
         {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
          DeploymentMode::thirdPartyAuditing}) {
      if (kind.only_in && *kind.only_in != mode) continue;
      turn = other_suite(turn);
      for (const CipherSuite suite : {kP256Suite, kEd25519Suite}) {
        if (kind.both_suites || suite == turn) cases.push_back({&kind, suite, mode});
      }
    }
  }
  return cases;
}

}  // namespace kt::keytrans
