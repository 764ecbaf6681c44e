// Credentials, made by a log in memory; and how users monitor where a third party does.
#include "client/credential.h"

#include "client/compare.h"
#include "client/monitor.h"
#include "keytrans/credential.h"
#include "memory_world.h"

namespace kt::client {
namespace {

using keytrans::DeploymentMode;
using keytrans::RetainedCredential;
using State = SettledCredential::State;

class Credentials : public MemoryWorld {
 protected:
  Credentials() : MemoryWorld(DeploymentMode::contactMonitoring) { walk(); }

  // Learns of the log's distinguished entries.
  void walk() { must(my_heads(session_, {domain_of("example.com"), "", false})); }
  [[nodiscard]] keytrans::ClientState known() const {
    const auto logs = must(session_.state.read_all("logs"));
    return must(keytrans::ClientState::parse(logs.at(0).second));
  }
  // Alice's, based on the last distinguished entry that is known.
  [[nodiscard]] Bytes credential() const {
    const auto made = must(keytrans::prove_credential(log().log(), transport_.alice,
                                                      known().distinguished().back().position()));
    return must(keytrans::encode(made, log().configuration().context()));
  }
  Result<CheckedCredential> check(Bytes bytes, const std::string& identity = kAlice) {
    return check_credential(session_, {identity, {}, "", std::move(bytes)});
  }
  [[nodiscard]] std::vector<std::pair<Bytes, Bytes>> kept() const {
    return must(session_.state.read_all("credentials"));
  }
  [[nodiscard]] SentUpdate update() const {
    const auto retained = must(RetainedCredential::parse(kept().at(0).second));
    const auto made = must(
        keytrans::prove_credential_update(log().log(), transport_.alice, retained.outcome.version,
                                          retained.terminal, retained.view.size));
    return {kAlice, {}, must(keytrans::encode(made))};
  }
  std::vector<SettledCredential> settle(const std::optional<SentUpdate>& sent = {}) {
    return must(settle_credentials(session_, sent));
  }
};

TEST_F(Credentials, AStandardOneIsVerifiedAtOnce) {
  const auto checked = must(check(credential()));
  EXPECT_TRUE(checked.is_final);
  EXPECT_EQ(checked.version, Version{0});
  EXPECT_EQ(checked.value, keytrans::TestLog::value_of(transport_.alice, Version{0}));
  EXPECT_TRUE(kept().empty());
}

TEST_F(Credentials, AProvisionalOneIsKeptUntilItIsSettled) {
  transport_.grow();
  const auto checked = must(check(credential()));
  EXPECT_FALSE(checked.is_final);
  EXPECT_EQ(checked.version, Version{1});
  must(check(credential()));
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_EQ(settle().at(0).state, State::provisional);
  transport_.settle();
  const SentUpdate sent = update();
  // What settles it is not known yet.
  EXPECT_EQ(settle(sent).at(0).state, State::provisional);
  walk();
  EXPECT_EQ(settle(sent).at(0).state, State::verified);
  EXPECT_TRUE(kept().empty());
  EXPECT_TRUE(settle().empty());
  EXPECT_EQ(settle_credentials(session_, sent).error().code, Errc::not_found);
}

TEST_F(Credentials, AnUpdateThatDoesNotVerifyChangesNothing) {
  transport_.grow();
  must(check(credential()));
  transport_.settle();
  walk();
  const SentUpdate sent = update();
  const auto before = kept();
  for (std::size_t at = 0; at < sent.update.size(); at += 7) {
    SentUpdate changed = sent;
    changed.update[at] ^= 1U;
    const auto settled = settle_credentials(session_, changed);
    if (settled) {
      EXPECT_EQ(settled->at(0).state, State::provisional) << at;
    } else {
      EXPECT_EQ(settled.error().code, Errc::verification_failed) << at;
    }
    EXPECT_EQ(kept(), before) << at;
  }
}

TEST_F(Credentials, ATerminalEntryThatIsDistinguishedSettlesIt) {
  transport_.grow();
  transport_.append();
  must(check(credential()));
  ASSERT_EQ(kept().size(), 1U);
  transport_.settle();
  EXPECT_EQ(settle().at(0).state, State::provisional);
  walk();
  EXPECT_EQ(settle().at(0).state, State::verified);
  EXPECT_TRUE(kept().empty());
}

TEST_F(Credentials, WhatTheLogDeniesIsRefuted) {
  transport_.grow();
  transport_.append();
  must(check(credential()));
  // As if the log had shown another entry then.
  const auto stored = kept().at(0);
  RetainedCredential other = must(RetainedCredential::parse(stored.second));
  other.view.frontier_entries.back().prefix_tree[0] ^= 1U;
  must(session_.state.write(
      {{{"credentials", stored.first}, stored.second, must(other.serialize())}}));
  transport_.settle();
  walk();
  EXPECT_EQ(settle().at(0).state, State::refuted);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_EQ(kt_json({"credential", "update"}, 6).at(0).at("state"), "refuted");
}

TEST_F(Credentials, NoChangedByteIsBelieved) {
  for (int round = 0; round < 2; ++round) {
    const Bytes honest = credential();
    for (std::size_t at = 0; at < honest.size(); at += 5) {
      Bytes changed = honest;
      changed[at] ^= 1U;
      const auto checked = check(changed);
      ASSERT_FALSE(checked.has_value()) << at;
      EXPECT_TRUE(checked.error().code == Errc::verification_failed ||
                  checked.error().code == Errc::unavailable)
          << checked.error().detail;
    }
    EXPECT_TRUE(kept().empty());
    transport_.grow();
  }
  EXPECT_EQ(check(credential(), "bob@example.com").error().code, Errc::verification_failed);
  EXPECT_EQ(check(credential(), "alice@example.net").error().code, Errc::not_found);
}

TEST_F(Credentials, TheProgramSaysHowFarItIsVerified) {
  const auto file = path("credential");
  const auto write = [&](const Bytes& bytes) {
    gateway::write_file(file, gateway::text_of(bytes));
  };
  const Bytes standard = credential();
  write(standard);
  const Outcome verified = kt({"credential", "verify", file, "--of", kAlice});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_NE(verified.out.find("alice@example.com/0\n"), std::string::npos) << verified.out;
  Bytes changed = standard;
  changed.back() ^= 1U;
  write(changed);
  expect_error(kt({"credential", "verify", file, "--of", kAlice}), 6, "");
  write(standard);
  expect_error(kt({"credential", "verify", file, "--of", "bob@example.com"}), 6, "somebody else's");
  EXPECT_EQ(kt({"credential", "update"}).out, "no credential is provisional\n");

  transport_.grow();
  write(credential());
  EXPECT_EQ(kt_json({"credential", "verify", file, "--of", kAlice}).at("is_final"), false);
  EXPECT_EQ(kt_json({"credential", "update"}, 4).at(0).at("state"), "provisional");
  transport_.settle();
  walk();
  write(update().update);
  EXPECT_EQ(kt_json({"credential", "update", "--of", kAlice, "--with", file}).at(0).at("state"),
            "verified");
  expect_error(kt({"credential", "update", "--of", kAlice}), 2, "--with");
}

class ManagedLog : public MemoryWorld {
 protected:
  ManagedLog() : MemoryWorld(DeploymentMode::thirdPartyManagement) {}

  void set_policy(keytrans::ContactPolicy policy) {
    must(client::trust(session_,
                       {domain_of("example.com"), {}, {}, policy, transport_.document().text()}));
  }
  // What `monitor` did for contacts.
  std::size_t contacts_monitored() {
    std::size_t count = 0;
    for (const Monitored& task : must(monitor(session_, true)).tasks) {
      if (task.task != Monitored::Task::contact) continue;
      EXPECT_EQ(task.error, std::nullopt) << task.error->detail;
      ++count;
    }
    return count;
  }
};

TEST_F(ManagedLog, UsersMonitorThereWhenTheyAreToldTo) {
  transport_.grow();
  EXPECT_EQ(must(look_up()).monitor_by, std::nullopt);
  EXPECT_EQ(contacts_monitored(), 0U);
  set_policy(keytrans::ContactPolicy::always);
  EXPECT_NE(must(look_up()).monitor_by, std::nullopt);
  EXPECT_EQ(contacts_monitored(), 1U);
  transport_.settle();
  // It is over when everybody has seen the entry.
  EXPECT_EQ(contacts_monitored(), 1U);
  EXPECT_EQ(contacts_monitored(), 0U);
  transport_.grow();
  set_policy(keytrans::ContactPolicy::as_required);
  EXPECT_EQ(must(look_up()).monitor_by, std::nullopt);
}

}  // namespace
}  // namespace kt::client
