// Credentials that are about something else, or from a log that forked. None of them touches what
// their receiver knows.
#include <vector>

#include <gtest/gtest.h>

#include "deployments.h"
#include "forged_log.h"
#include "keytrans/credential.h"
#include "keytrans/proof_recorder.h"

namespace kt::keytrans {
namespace {

// Two logs with the same keys and the same first entries. The first eight are distinguished, and
// version 0 of the label is in entry 5. Entry 9 has version 1, entry 11 becomes distinguished with
// entry 12, and the receiver follows the first log.
class ForgedCredential : public ::testing::TestWithParam<Deployment> {
 protected:
  ForgedCredential() { grow(log_, 9, "common"); }

  void grow(ForgedLog& log, std::uint64_t size, const char* beside) const {
    const std::uint64_t timestamps[] = {1'000, 2'000, 3'000, 4'000, 5'000, 6'000, 7'000,
                                        8'000, 8'100, 8'200, 8'300, 8'400, 9'300, 20'000};
    for (std::uint64_t i = log.size().value(); i < size; ++i) {
      std::vector<ForgedLog::Change> changes{
          {other_, Version{static_cast<std::uint32_t>(i)}, to_bytes(beside)}};
      if (i == 5) changes.push_back({label_, Version{0}, to_bytes("first value")});
      if (i == 9) changes.push_back({label_, Version{1}, to_bytes("second value")});
      log.append(Timestamp{timestamps[i]}, changes);
    }
    if (size > 0) log.show(TreeSize{size});
  }
  // A log that has the first `common` entries of the receiver's, and then others.
  [[nodiscard]] ForgedLog fork(std::uint64_t common, std::uint64_t size) const {
    ForgedLog log(log_.configuration().wire(), log_.keys());
    grow(log, common, "common");
    grow(log, size, "forked");
    return log;
  }

  // Has the receiver walk the log's distinguished entries.
  void look_around() {
    const DistinguishedRequest request = receiver_.distinguished_request();
    const auto response = must(prove_distinguished(log_, request, receiver_.recent_policy()));
    const Timestamp now = must(log_.entry(rightmost(log_.size()))).timestamp;
    must(receiver_.apply(must(receiver_.verify(request, response, now))));
  }

  [[nodiscard]] Result<VerifiedCredential> verify(const Credential& credential) const {
    return verify_credential(log_.configuration(), receiver_.distinguished(), credential);
  }
  [[nodiscard]] Result<void> finally_verify_by(const RetainedCredential& retained,
                                               const CredentialUpdate& update) const {
    return finally_verify(log_.configuration(), retained, receiver_.distinguished(), update);
  }

  // Expects a refusal that speaks of `about`.
  template <class T>
  void expect_refused(const Result<T>& result, Errc code, std::string_view about) const {
    expect_error(error_of(result), code, about);
  }

  // A provisional credential from the log when it had 10 entries, initially verified.
  [[nodiscard]] RetainedCredential retained() {
    look_around();
    grow(log_, 10, "common");
    return std::get<RetainedCredential>(
        must(verify(must(prove_credential(log_, label_, EntryIndex{7})))));
  }
  [[nodiscard]] Result<CredentialUpdate> update_of(const ForgedLog& log,
                                                   const RetainedCredential& retained) const {
    return prove_credential_update(log, label_, retained.outcome.version, retained.terminal,
                                   retained.view.size);
  }

  const Label label_ = make_label("alice@example.com");
  const Label other_ = make_label("bob@example.com");
  ForgedLog log_{test_configuration(GetParam().suite, GetParam().mode)};
  ClientState receiver_{log_.configuration(), ContactPolicy::always, RecentPolicy::rightmost(4)};
};

INSTANTIATE_TEST_SUITE_P(, ForgedCredential, ::testing::ValuesIn(all_deployments()),
                         deployment_name);

TEST_P(ForgedCredential, HonestOnesAreAcceptedAndChangeNothing) {
  look_around();
  const Bytes before = must(receiver_.serialize());
  const auto standard = must(verify(must(prove_credential(log_, label_, EntryIndex{7}))));
  EXPECT_EQ(std::get<CredentialOutcome>(standard).value, to_bytes("first value"));
  grow(log_, 10, "common");
  const auto provisional = must(verify(must(prove_credential(log_, label_, EntryIndex{7}))));
  const auto retained = std::get<RetainedCredential>(provisional);
  EXPECT_EQ(retained.outcome.value, to_bytes("second value"));
  EXPECT_EQ(retained.terminal, EntryIndex{9});
  EXPECT_EQ(must(receiver_.serialize()), before);

  grow(log_, 13, "common");
  const CredentialUpdate update = must(update_of(log_, retained));
  expect_refused(finally_verify_by(retained, update), Errc::unavailable, "is known");
  look_around();
  const Bytes after = must(receiver_.serialize());
  EXPECT_TRUE(finally_verify_by(retained, update).has_value());
  EXPECT_EQ(must(receiver_.serialize()), after);
}

// Only where users monitor is a path followed to the distinguished entry.
class MonitoredForgedCredential : public ForgedCredential {};

INSTANTIATE_TEST_SUITE_P(
    , MonitoredForgedCredential,
    ::testing::Values(Deployment{kP256Suite, DeploymentMode::contactMonitoring},
                      Deployment{kEd25519Suite, DeploymentMode::contactMonitoring}),
    deployment_name);

// --- Standard --------------------------------------------------------------------------------

TEST_P(ForgedCredential, StandardForAnotherPosition) {
  look_around();
  Credential credential = must(prove_credential(log_, label_, EntryIndex{7}));
  for (const std::uint64_t position : {5U, 6U}) {
    credential.position = EntryIndex{position};
    expect_refused(verify(credential), Errc::verification_failed, "retained root");
  }
  // Nobody is to be asked about these.
  for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{9},
                                       std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    credential.position = EntryIndex{position};
    expect_refused(verify(credential), Errc::unavailable, "position");
  }
}

TEST_P(ForgedCredential, StandardFromAFork) {
  look_around();
  ForgedLog forked = fork(7, 9);
  expect_refused(verify(must(prove_credential(forked, label_, EntryIndex{7}))),
                 Errc::verification_failed, "retained root");
}

TEST_P(ForgedCredential, StandardOfAnotherLabel) {
  look_around();
  Credential credential = must(prove_credential(log_, label_, EntryIndex{7}));
  credential.label = other_;
  expect_precise(error_of(verify(credential)), "label");
}

// The greatest version there is, but not at that position.
TEST_P(ForgedCredential, StandardOfALaterVersion) {
  look_around();
  Credential older = must(prove_credential(log_, label_, EntryIndex{7}));
  grow(log_, 10, "common");
  Credential credential = must(prove_credential(log_, label_, EntryIndex{7}));
  ASSERT_EQ(credential.credential_type, CredentialType::provisional);
  credential.credential_type = CredentialType::standard;
  credential.distinguished = older.distinguished;
  expect_precise(error_of(verify(credential)), "version");
  std::vector<HashValue> keys;
  for (const std::uint32_t version : {0U, 1U})
    keys.push_back(must(log_.vrf(label_, Version{version})).output);
  credential.distinguished =
      must(prefix_search(log_.prefix_nodes(), must(log_.prefix_tree(EntryIndex{7})), keys)).proof;
  expect_refused(verify(credential), Errc::verification_failed,
                 "contradicts the credential's version");
}

TEST_P(ForgedCredential, ToSomeoneWhoKnowsNothing) {
  const Credential credential = must(prove_credential(log_, label_, EntryIndex{7}));
  expect_refused(verify(credential), Errc::unavailable, "no known distinguished log entry");
}

// --- Provisional -----------------------------------------------------------------------------

TEST_P(ForgedCredential, ProvisionalFromAFork) {
  look_around();
  for (const std::uint64_t common : {0U, 4U, 7U}) {
    ForgedLog forked = fork(common, 10);
    expect_refused(verify(must(prove_credential(forked, label_, EntryIndex{7}))),
                   Errc::verification_failed, "");
  }
}

TEST_P(ForgedCredential, ProvisionalThatDoesNotGoBeyondItsPosition) {
  look_around();
  grow(log_, 10, "common");
  Credential credential = must(prove_credential(log_, label_, EntryIndex{7}));
  for (const std::uint64_t size : {0U, 1U, 8U}) {
    credential.tree_head.tree_size = TreeSize{size};
    expect_refused(verify(credential), Errc::verification_failed, "does not extend the log");
  }
}

// Its search ends at the position itself: a standard credential could have been given.
TEST_P(ForgedCredential, ProvisionalInsteadOfStandard) {
  grow(log_, 13, "common");
  look_around();
  Credential credential = must(prove_credential(log_, label_, EntryIndex{11}));
  ASSERT_EQ(credential.credential_type, CredentialType::standard);
  credential.credential_type = CredentialType::provisional;
  ProofRecorder recorder(log_, &label_, TreeSize{12});
  CombinedTree tree(recorder, log_.configuration().wire(), TreeSize{13});
  must(update_view(tree, TreeSize{12}));
  EXPECT_EQ(must(search_greatest_version(tree, Version{1})).entry, EntryIndex{11});
  credential.search = must(recorder.finish(TreeSize{13}, std::nullopt));
  credential.tree_head = must(log_.tree_head());
  expect_refused(verify(credential), Errc::verification_failed,
                 "a standard credential could have been given");
}

TEST_P(ForgedCredential, ProvisionalSignedByAnother) {
  look_around();
  grow(log_, 10, "common");
  Credential credential = must(prove_credential(log_, label_, EntryIndex{7}));
  const SigningKey other = must(SigningKey::generate(GetParam().suite));
  credential.tree_head = must(
      sign_tree_head(other, log_.configuration().wire(), TreeSize{10}, log_.root(TreeSize{10})));
  expect_refused(verify(credential), Errc::verification_failed, "TreeHead.signature");
}

// --- Final verification ----------------------------------------------------------------------

// The log that the receiver follows went on another way than the credential's tree.
TEST_P(ForgedCredential, FinalVerificationFindsAFork) {
  look_around();
  ForgedLog forked = fork(9, 10);
  const auto credential = must(prove_credential(forked, label_, EntryIndex{7}));
  const auto accepted = std::get<RetainedCredential>(must(verify(credential)));
  grow(forked, 13, "forked");
  grow(log_, 13, "common");
  look_around();
  expect_refused(finally_verify_by(accepted, must(update_of(forked, accepted))),
                 Errc::verification_failed, "a fork");
  expect_precise(error_of(finally_verify_by(accepted, must(update_of(log_, accepted)))),
                 "the log's own update");
}

// The terminal entry became distinguished, and is not the one the log has.
TEST_P(ForgedCredential, FinalVerificationAtTheTerminalEntry) {
  look_around();
  grow(log_, 12, "common");
  ForgedLog forked = fork(11, 12);
  const auto honest = std::get<RetainedCredential>(
      must(verify(must(prove_credential(log_, label_, EntryIndex{7})))));
  const auto misled = std::get<RetainedCredential>(
      must(verify(must(prove_credential(forked, label_, EntryIndex{7})))));
  ASSERT_EQ(honest.terminal, EntryIndex{11});
  expect_refused(finally_verify(honest, receiver_.distinguished()), Errc::unavailable,
                 "not a known distinguished one");
  grow(log_, 13, "common");
  look_around();
  EXPECT_TRUE(finally_verify(honest, receiver_.distinguished()).has_value());
  expect_refused(finally_verify(misled, receiver_.distinguished()), Errc::verification_failed,
                 "not the one in the log");
}

TEST_P(ForgedCredential, UpdateForAnotherCredential) {
  const RetainedCredential first = retained();
  grow(log_, 11, "common");
  const auto second = std::get<RetainedCredential>(
      must(verify(must(prove_credential(log_, label_, EntryIndex{7})))));
  grow(log_, 13, "common");
  look_around();
  const CredentialUpdate of_first = must(update_of(log_, first));
  const CredentialUpdate of_second = must(update_of(log_, second));
  EXPECT_TRUE(finally_verify_by(first, of_first).has_value());
  EXPECT_TRUE(finally_verify_by(second, of_second).has_value());
  expect_precise(error_of(finally_verify_by(first, of_second)), "of a later tree");
  expect_precise(error_of(finally_verify_by(second, of_first)), "of an earlier tree");
  expect_precise(error_of(finally_verify_by(first, CredentialUpdate{})), "of nothing");
}

// An update for the wrong version or terminal entry is one the sender never made, so these are
// forged on the receiver's side.
TEST_P(MonitoredForgedCredential, UpdateForAnotherPath) {
  const RetainedCredential honest = retained();
  grow(log_, 13, "common");
  look_around();
  const CredentialUpdate update = must(update_of(log_, honest));
  RetainedCredential forged = honest;
  forged.outcome.version = Version{0};
  expect_precise(error_of(finally_verify_by(forged, update)), "another version");
  forged = honest;
  forged.terminal = EntryIndex{7};
  expect_precise(error_of(finally_verify_by(forged, update)), "another entry");
}

TEST_P(ForgedCredential, StoredOnesThatContradictThemselves) {
  const RetainedCredential honest = retained();
  const auto parse = [](const RetainedCredential& credential) {
    return RetainedCredential::parse(must(credential.serialize()));
  };
  EXPECT_EQ(must(parse(honest)), honest);
  RetainedCredential forged = honest;
  forged.terminal = EntryIndex{8};  // not on the frontier
  expect_error(error_of(parse(forged)), Errc::malformed, "contradicts itself");
  forged = honest;
  forged.position = forged.terminal;
  expect_error(error_of(parse(forged)), Errc::malformed, "contradicts itself");
  forged = honest;
  forged.view.full_subtrees.pop_back();
  expect_error(error_of(parse(forged)), Errc::malformed, "contradicts itself");
}

}  // namespace
}  // namespace kt::keytrans
