// `ktgate init`, from nothing to a gateway that answers.
#include <sys/stat.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "configuration.h"
#include "configuration_keys.h"
#include "federation/directory_document.h"
#include "federation/routed_messages.h"
#include "names.h"
#include "serve_program.h"
#include "service_unit.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;

// What follows `name` on its line.
std::string field(const std::string& out, const std::string& name) {
  const std::size_t start = out.find(name + "  ");
  if (start == std::string::npos) throw std::runtime_error("there is no " + name + " in " + out);
  const std::size_t value = out.find_first_not_of(' ', start + name.size());
  return out.substr(value, out.find('\n', value) - value);
}

class Init : public LogProgram {
 protected:
  Outcome init(const std::vector<std::string>& options = {"--listen", "127.0.0.1:0"}) const {
    std::vector<std::string> arguments{"init", "example.com", path("kt")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
  }
  static mode_t mode(const fs::path& file) {
    struct stat found {};
    if (stat(file.c_str(), &found) != 0) throw std::runtime_error("stat");
    return found.st_mode & 07777U;
  }
};

TEST_F(Init, MakesAGatewayThatPublishesRoutesAndAnswers) {
  const Outcome made = init();
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.err, "");
  const std::string toml = path("kt/ktgate.toml");
  const Outcome checked = run({"check", toml});
  ASSERT_EQ(checked.code, 0) << checked.err;
  EXPECT_EQ(checked.out,
            "log main: " + field(made.out, "log") + ", p256, contact-monitoring\nok\n");

  Serving serving(toml);
  wait_until([&] { return serving.err().find("has epoch 1\n") != std::string::npos; },
             "the directory document is not published");
  Asker writer(serving.url(), field(made.out, "token"));
  const auto published = writer.get("/.well-known/key-transparency");
  ASSERT_EQ(published.status, 200U);
  const auto document =
      must(federation::DirectoryDocument::parse(text_of(published.body), domain_of("example.com")));
  ASSERT_EQ(document.directory().logs.size(), 1U);
  EXPECT_EQ(document.directory().logs[0].alias, "main");
  EXPECT_EQ(document.directory().url.text(), "https://kt.example.com");

  // An update and a lookup, both routed.
  keytrans::ClientState user(document.directory().logs[0].configuration);
  EXPECT_EQ(user.configuration().id().hex(), field(made.out, "log"));
  const Label alice = label_of("alice@example.com");
  const auto context = keytrans::WireContext::of(user.configuration().wire());
  const auto owning = user.owner_init_request(alice, EntryIndex{0});
  const auto owned = writer.post("/kt/v1/logs/main/owner-init", "owner-init-request",
                                 must(keytrans::encode(owning)));
  ASSERT_EQ(owned.status, 200U) << text_of(owned.body);
  must(user.apply(must(
      user.verify(owning, must(keytrans::decode<keytrans::OwnerInitResponse>(owned.body, context)),
                  RemoteUser::now()))));

  const auto question = must(user.update_request(alice, {{to_bytes(std::string_view("a key"))}}));
  const federation::RoutedUpdateRequest update{
      alice,
      {{user.configuration().id().hash(), question.last, question.greatest_version}},
      question.values};
  const auto stranger =
      Asker(serving.url()).post("/kt/v1/update", "routed-update-request", must(encode(update)));
  EXPECT_EQ(stranger.status, 401U);
  const auto updated = writer.post("/kt/v1/update", "routed-update-request", must(encode(update)));
  ASSERT_EQ(updated.status, 200U) << text_of(updated.body);
  const auto update_response = must(keytrans::decode<keytrans::UpdateResponse>(
      must(federation::decode<federation::RoutedResponse>(updated.body)).answers.at(0).response,
      context));
  must(user.apply(must(user.verify(question, update_response, RemoteUser::now()))));

  const auto search = user.search_request(alice);
  const federation::LookupRequest lookup{alice, {{user.configuration().id().hash(), user.last()}}};
  const auto found = writer.post("/kt/v1/lookup", "lookup-request", must(encode(lookup)));
  ASSERT_EQ(found.status, 200U) << text_of(found.body);
  const auto response = must(keytrans::decode<keytrans::SearchResponse>(
      must(federation::decode<federation::RoutedResponse>(found.body)).answers.at(0).response,
      context));
  const auto outcome = must(user.apply(must(user.verify(search, response, RemoteUser::now()))));
  EXPECT_EQ(text_of(outcome.value), "a key");
  EXPECT_TRUE(fs::is_socket(path("kt/admin.socket")));
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(Init, KeepsSecretsAndWritesTheTokenNowhere) {
  const Outcome made = init();
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(mode(path("kt")), 0700U);
  for (const char* const file :
       {"kt/main.log/signature.pem", "kt/main.log/vrf.pem", "kt/ktgate.toml"})
    EXPECT_EQ(mode(path(file)), 0600U) << file;
  const std::string token = field(made.out, "token");
  EXPECT_EQ(token.size(), 43U);
  for (const auto& [name, contents] : read_tree(path("kt")))
    EXPECT_EQ(contents.find(token), std::string::npos) << name;
  const auto configuration = must(read_configuration(path("kt/ktgate.toml")));
  ASSERT_EQ(configuration.principals.size(), 1U);
  EXPECT_EQ(configuration.principals[0].token_sha256, keytrans::sha256(to_bytes(token)));
}

TEST_F(Init, TheConfigurationExplainsEveryKey) {
  ASSERT_EQ(init({"--url", "http://127.0.0.1:8080"}).code, 0);
  const std::string text = "\n" + read_file(path("kt/ktgate.toml"));
  for (const ConfigurationKey& key : configuration_keys()) {
    const std::string name(key.name);
    EXPECT_TRUE(text.find("\n" + name + " = ") != std::string::npos ||
                text.find("\n#" + name + " = ") != std::string::npos)
        << name;
  }
  const auto configuration = must(read_configuration(path("kt/ktgate.toml")));
  EXPECT_EQ(configuration.domains.at(0).url->text(), "http://127.0.0.1:8080");
}

TEST_F(Init, FillsAnEmptyDirectoryThatIsThere) {
  fs::create_directory(path("kt"));
  ASSERT_EQ(init().code, 0);
  EXPECT_EQ(run({"check", path("kt/ktgate.toml")}).code, 0);
}

TEST_F(Init, LeavesNothingBehindWhenItFails) {
  const auto expect_refused = [this](const std::vector<std::string>& options,
                                     std::string_view about) {
    expect_failure(init(options), 1, "init", about);
    EXPECT_TRUE(!fs::exists(path("kt")) || fs::is_empty(path("kt")));
    EXPECT_FALSE(fs::exists(path("kt.new")));
  };
  for (const bool is_there : {false, true}) {
    if (is_there) fs::create_directory(path("kt"));
    expect_refused({"--listen", "localhost:8443"}, "--listen");
    expect_refused({"--url", "example.com"}, "--url");
    // What only the configuration's rules know.
    expect_refused({"--url", "http://kt.example.com"}, "domain.url");
    expect_refused({"--listen", "0.0.0.0:0"}, "listen");
  }
  expect_failure(run({"init", "localhost", path("kt")}), 1, "init", "DOMAIN");
  expect_failure(run({"init", "example.com", path("a b")}), 1, "init", "path");
  EXPECT_FALSE(fs::exists(path("a b")));
  expect_failure(run({"init", "example.com", path(std::string(100, 'a'))}), 1, "init", "too long");
  expect_failure(run({"init", "example.com", path("nowhere/kt")}), 1, "init", "directory");
  expect_failure(run({"init", "example.com"}), 2, "init", "DIR");
}

TEST_F(Init, TouchesNothingThatIsThere) {
  fs::create_directory(path("kt"));
  write_file(path("kt/mine"), "mine");
  expect_failure(init(), 1, "init", "something in it");
  write_file(path("file"), "");
  expect_failure(run({"init", "example.com", path("file")}), 1, "init", "something at");
  EXPECT_EQ(read_tree(path("kt")).size(), 1U);
}

TEST_F(Init, TheUnitRunsThisProgramWithThisConfiguration) {
  ASSERT_EQ(init().code, 0);
  const std::string unit = read_file(path("kt/ktgate.service"));
  EXPECT_NE(unit.find("\nExecStart=" + fs::canonical(KTGATE_PROGRAM).string() + " serve " +
                      path("kt/ktgate.toml") + "\n"),
            std::string::npos)
      << unit;
  EXPECT_NE(unit.find("\nReadWritePaths=" + path("kt") + "\n"), std::string::npos);
  EXPECT_NE(unit.find("\nProtectSystem=strict\n"), std::string::npos);
  EXPECT_EQ(unit.find("User=root"), std::string::npos);
  EXPECT_EQ(mode(path("kt/ktgate.service")), 0644U);
}

TEST(ServiceUnit, RefusesWhatWouldHaveToBeQuoted) {
  const ServiceUnit right{"/usr/bin/ktgate", "/srv/kt/ktgate.toml", "/srv/kt", "ktgate"};
  const std::string text = must(service_unit(right));
  EXPECT_NE(text.find("\nProtectHome=yes\n"), std::string::npos);
  for (const char* const name :
       {"@PROGRAM@", "@CONFIGURATION@", "@USER@", "@STORAGE@", "@PROTECT_HOME@"})
    EXPECT_EQ(text.find(name), std::string::npos);
  for (const char* const path : {"", "srv/kt", "/srv/k t", "/srv/%h", "/srv/$HOME", "/srv/\"kt\"",
                                 "/srv/kt\nUser=root", "/srv/\\x20", "/srv/'"}) {
    ServiceUnit wrong = right;
    wrong.directory = path;
    EXPECT_FALSE(service_unit(wrong).has_value()) << path;
    wrong = right;
    wrong.program = path;
    EXPECT_FALSE(service_unit(wrong).has_value()) << path;
  }
  ServiceUnit at_home = right;
  at_home.directory = "/home/kt/gateway";
  EXPECT_NE(must(service_unit(at_home)).find("\nProtectHome=no\n"), std::string::npos);
}

}  // namespace
}  // namespace kt::gateway
