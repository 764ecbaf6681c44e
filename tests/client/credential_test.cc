// Credentials, made by a log in memory and by a gateway; and how users monitor where a third party
// does.
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

// From the gateway that issues a credential to whoever is handed it, who has a state of their own.
class IssuedCredentials : public KtProgram {
 protected:
  void SetUp() override {
    // Entries become distinguished that are a second apart.
    create("log", {"--suite", "ed25519", "--reasonable-monitoring-window", "1s"});
    serve("log");
    trust(serving().url());
    ASSERT_EQ(recipient({"trust", "example.com", "--url", serving().url().text()}).code, 0);
  }
  Outcome recipient(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--state", path("recipient")});
    return kt_without_state(arguments);
  }
  Outcome issue(const std::string& file, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"credential", "issue", kAlice, "--output", path(file), "--json"});
    return kt(std::move(more));
  }
  Outcome verify(const std::string& file) const {
    return recipient({"credential", "verify", path(file), "--of", kAlice, "--json"});
  }
  Outcome settle(const std::string& file) const {
    return recipient({"credential", "update", "--of", kAlice, "--with", path(file), "--json"});
  }
  // Learns of the log's distinguished entries, as users do now and then.
  void walk_as_recipient() const {
    const Outcome walked = recipient({"compare", "example.com"});
    ASSERT_EQ(walked.code, 0) << walked.err;
  }
  void publish() {
    publish_elsewhere(kAlice, "key " + std::to_string(versions_),
                      versions_ == 0 ? std::optional<Version>()
                                     : Version{static_cast<std::uint32_t>(versions_ - 1)});
    ++versions_;
  }
  // A credential of a version that is newer than the last distinguished entry, with entries to
  // the right of its own that come at once.
  std::string provisional() {
    for (int i = 0; i < 8; ++i) {
      publish();
      const std::string file = "provisional" + std::to_string(i);
      const Outcome issued = issue(file);
      EXPECT_EQ(issued.code, 0) << issued.err;
      grow();
      grow();
      const int size = kt_json({"heads"}).at(0).at("log").at("tree_size");
      // An entry at an odd position may become distinguished itself.
      if (!Json::parse(issued.out).at("is_final") && size % 2 == 1) return file;
    }
    throw std::runtime_error("no credential is provisional");
  }
  // The file with a changed byte here and there is refused.
  template <class Use>
  void expect_no_changed_byte_passes(const std::string& file, Use use) {
    const std::string honest = gateway::read_file(path(file));
    const std::size_t step = std::max<std::size_t>(honest.size() / 16, 1);
    for (std::size_t at = 0; at < honest.size(); at += step) {
      std::string changed = honest;
      changed.at(at) = static_cast<char>(changed.at(at) ^ 1);
      gateway::write_file(path("changed"), changed);
      const Outcome refused = use("changed");
      EXPECT_TRUE(refused.code == 6 || refused.code == 4) << at << ": " << refused.out;
    }
  }

  int versions_ = 0;
};

TEST_F(IssuedCredentials, AreVerifiedByWhoeverIsHandedThem) {
  const std::string file = provisional();
  // Whoever does not know the entry that it is based on, asks nobody about it.
  EXPECT_EQ(verify(file).code, 4);
  walk_as_recipient();
  const Outcome verified = verify(file);
  ASSERT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(Json::parse(verified.out).at("is_final"), false);
  EXPECT_EQ(Json::parse(verified.out).at("version"), versions_ - 1);
  expect_no_changed_byte_passes(file, [this](const std::string& name) { return verify(name); });
  const int before = recipient({"credential", "update"}).code;

  Outcome updated;
  gateway::wait_until(
      [&] {
        grow();
        updated = issue("update", {"--update-for", path(file)});
        EXPECT_TRUE(updated.code == 0 || updated.code == 4) << updated.err;
        return updated.code == 0;
      },
      "nothing settles the credential");
  walk_as_recipient();
  if (Json::parse(updated.out).at("is_needed")) {
    EXPECT_EQ(before, 4);
    expect_no_changed_byte_passes("update",
                                  [this](const std::string& name) { return settle(name); });
    const Outcome settled = settle("update");
    EXPECT_EQ(settled.code, 0) << settled.out << settled.err;
    EXPECT_EQ(Json::parse(settled.out).at(0).at("state"), "verified");
  } else {
    // The machine is so slow that the entry itself became distinguished.
    EXPECT_EQ(recipient({"credential", "update"}).code, 0);
  }
  EXPECT_EQ(recipient({"credential", "update"}).out, "no credential is provisional\n");

  int tries = 0;
  std::string standard;
  gateway::wait_until(
      [&] {
        grow();
        standard = "standard" + std::to_string(tries++);
        const Outcome issued = issue(standard);
        EXPECT_EQ(issued.code, 0) << issued.err;
        return Json::parse(issued.out).at("is_final").get<bool>();
      },
      "no credential is a standard one");
  expect_error(issue("none", {"--update-for", path(standard)}), 5, "needs no update");
  walk_as_recipient();
  // It takes nobody else.
  ASSERT_EQ(serving().stop().code, 0);
  const Outcome offline = verify(standard);
  EXPECT_EQ(offline.code, 0) << offline.err;
  EXPECT_EQ(Json::parse(offline.out).at("is_final"), true);
  expect_no_changed_byte_passes(standard, [this](const std::string& name) { return verify(name); });
}

TEST_F(IssuedCredentials, AreForWhoeverMayLookUp) {
  publish();
  const Outcome issued = kt({"credential", "issue", kAlice, "--output", path("credential")});
  EXPECT_EQ(issued.code, 0) << issued.err;
  EXPECT_NE(issued.out.find("key 0\n"), std::string::npos) << issued.out;
  expect_error(issue("credential"), 5, "--output");
  expect_error(issue("other", {"--update-for", path("nothing")}), 3, "--update-for");
  expect_error(kt({"credential", "issue", kAlice}), 2, "--output");
  expect_error(kt({"credential", "issue", "nobody@example.com", "--output", path("other")}), 3,
               "unknown-label");
  gateway::write_file(path("log.toml"), gateway::read_file(path("log.toml")) +
                                            "[domain.access]\nsearch = \"nobody\"\n");
  ASSERT_NE(serving().reload().find("was reloaded"), std::string::npos);
  expect_error(issue("other"), 5, "unauthenticated");
  EXPECT_FALSE(std::filesystem::exists(path("other")));
}

}  // namespace
}  // namespace kt::client
