// `kt trust`, at a gateway of its own.
#include "certificates.h"
#include "federation/directory_document.h"
#include "keytrans/key_file.h"
#include "kt_program.h"

namespace kt::client {
namespace {

using federation::DirectoryDocument;

class Trust : public KtProgram {
 protected:
  void SetUp() override {
    create("log");
    import("log", gateway::line_of(kAlice, 0, "the key"));
  }
  // What a domain with this document answers.
  static std::string answer_of(const std::string& document) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
           "Content-Length: " +
           std::to_string(document.size()) + "\r\n\r\n" + document;
  }
  [[nodiscard]] DirectoryDocument fetch() {
    gateway::Asker asker(serving().url());
    return must(
        DirectoryDocument::parse(gateway::text_of(asker.get("/.well-known/key-transparency").body),
                                 domain_of("example.com")));
  }
  // `directory`, signed by the log.
  [[nodiscard]] DirectoryDocument sign(const federation::Directory& directory) const {
    const keytrans::Configuration& configuration = directory.logs.front().configuration.wire();
    const auto key = must(keytrans::load_key<keytrans::SigningKey>(
        path("log/signature.pem"), configuration.ciphersuite, configuration.signature_public_key));
    const std::vector<federation::DirectorySigner> signers{{directory.logs.front().id(), &key}};
    return must(DirectoryDocument::sign(directory, signers));
  }
};

TEST_F(Trust, ADomainIsShownAndKept) {
  serve("log");
  EXPECT_EQ(kt({"trust"}).out, "no domain is trusted\n");
  EXPECT_EQ(kt_json({"trust"}), Json::array());
  const std::string url = serving().url().text();
  const Outcome shown = kt({"trust", "Example.COM.", "--url", url});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(shown.out.find("example.com is trusted from now on\n"), 0U) << shown.out;
  EXPECT_NE(shown.out.find("kt:directory"), std::string::npos) << shown.out;
  const Json again = kt_json({"trust", "example.com"});
  EXPECT_EQ(again.at("change"), "same");
  EXPECT_EQ(again.at("epoch"), 1);
  EXPECT_EQ(again.at("source"), url);
  EXPECT_EQ(again.at("document_sha256"), to_hex(fetch().entry().hash));
  const Json listed = kt_json({"trust"});
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].at("domain"), "example.com");
  EXPECT_EQ(listed[0].at("logs").at(0).at("log_id"), fetch().directory().logs.at(0).id().hex());
}

TEST_F(Trust, ContactsAreMonitoredWhereAThirdPartyDoesWhenAsked) {
  serve("log");
  const std::string url = serving().url().text();
  const auto is_on = [this] { return kt_json({"trust"})[0].at("contact_monitoring").get<bool>(); };
  ASSERT_EQ(kt({"trust", "example.com", "--url", url, "--contact-monitoring"}).code, 0);
  EXPECT_TRUE(is_on());
  // It stays until it is ended.
  ASSERT_EQ(kt({"trust", "example.com"}).code, 0);
  EXPECT_TRUE(is_on());
  ASSERT_EQ(kt({"trust", "example.com", "--no-contact-monitoring"}).code, 0);
  EXPECT_FALSE(is_on());
  EXPECT_EQ(kt({"trust", "example.com", "--contact-monitoring", "--no-contact-monitoring"}).code,
            2);
  EXPECT_FALSE(is_on());
}

TEST_F(Trust, FollowsADocumentThatALogVouchesFor) {
  serve("log");
  const auto url = serving().url();
  trust(url);
  create("other");
  publish_document("log", url, "policy = \"sharded\"\nlogs = [\"main\", \"two\"]\n",
                   "[[log]]\ndirectory = \"other\"\nalias = \"two\"\n");
  const Json followed = kt_json({"trust", "example.com"});
  EXPECT_EQ(followed.at("change"), "followed");
  EXPECT_EQ(followed.at("epoch"), 2);
  EXPECT_EQ(followed.at("logs").size(), 2U);
}

TEST_F(Trust, HoldsDownWhatNoLogVouchesFor) {
  serve("log");
  const auto url = serving().url();
  trust(url);
  ASSERT_EQ(serving().stop().code, 0);
  // Somebody has taken the domain over, and names a log of their own.
  create("taken");
  serve("taken", url);
  publish_document("taken", serving().url(), "policy = \"single\"\nlogs = [\"main\"]\n");
  const std::string taken = serving().url().text();
  const Outcome held = kt({"trust", "example.com", "--url", taken});
  EXPECT_EQ(held.code, 5) << held.err;
  EXPECT_EQ(held.out.find("ALARM: "), 0U) << held.out;
  const Json listed = kt_json({"trust"});
  EXPECT_EQ(listed[0].at("url"), url.text());
  EXPECT_EQ(listed[0].at("source"), url.text());
  EXPECT_FALSE(listed[0].at("held").is_null());
}

TEST_F(Trust, NothingIsBelievedOfLogsThatAreHeldDown) {
  ManInTheMiddle middle;
  serve("log", middle.url());
  middle.ask(serving().url().port);
  trust(middle.url());
  ASSERT_EQ(kt({"lookup", kAlice, "--raw"}).out, "the key");
  ASSERT_EQ(serving().stop().code, 0);
  create("taken");
  import("taken", gateway::line_of(kAlice, 0, "another key"));
  serve("taken", federation::Url{false, "127.0.0.1", 1, ""});
  publish_document("taken", middle.url(), "policy = \"single\"\nlogs = [\"main\"]\n");
  middle.ask(serving().url().port);
  const auto logs = must(must(StateDirectory::open(state())).read_all("logs"));
  const Outcome refused = kt({"lookup", kAlice, "--raw"});
  EXPECT_EQ(refused.code, 6) << refused.err;
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("ALARM: example.com publishes"), std::string::npos) << refused.err;
  EXPECT_EQ(must(must(StateDirectory::open(state())).read_all("logs")), logs);
  EXPECT_EQ(kt({"monitor"}).code, 6);  // for the logs that newcomers are shown
  const Json held = kt_json({"trust"})[0].at("held");
  EXPECT_EQ(held.at("epoch"), 2);
  EXPECT_EQ(kt_json({"trust"})[0].at("epoch"), 1);
}

TEST_F(Trust, RefusesWhatIsNotInForceOldOrAnotherOfTheSameEpoch) {
  ManInTheMiddle middle;
  serve("log", middle.url());
  middle.ask(serving().url().port);
  const DirectoryDocument first = fetch();
  trust(middle.url());
  const auto before = remembered();
  const auto publish_instead = [&](const federation::Directory& directory) {
    middle.meddle([answer = answer_of(sign(directory).text())](const Exchange& exchange) {
      return exchange.head.find("/.well-known/") == std::string::npos ? exchange.answer : answer;
    });
    return kt({"trust", "example.com"});
  };
  federation::Directory other = first.directory();
  other.url.path = "/other";
  const Outcome twice = publish_instead(other);
  expect_error(twice, 6, "two directory documents of one epoch");
  const auto evidence =
      std::filesystem::directory_iterator(std::filesystem::path(state()) / "evidence")->path();
  EXPECT_NE(twice.err.find(evidence.string()), std::string::npos) << twice.err;
  const Outcome checked = kt_without_state({"evidence", "check", evidence, "--json"});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_EQ(Json::parse(checked.out).at("kind"), "directory");
  // The log has signed it, but does not have it.
  other.epoch = federation::Epoch{2};
  expect_error(publish_instead(other), 6, "does not have the document");
  other.not_before = Timestamp{1};
  other.expires = Timestamp{2};
  expect_error(publish_instead(other), 5, "not in force");
  EXPECT_EQ(remembered(), before);
}

TEST_F(Trust, NobodyIsAskedForADocumentFromAFile) {
  serve("log");
  gateway::write_file(path("document"), fetch().text());
  ASSERT_EQ(serving().stop().code, 0);
  const Json trusted = kt_json({"trust", "example.com", "--file", path("document")});
  EXPECT_EQ(trusted.at("change"), "first");
  EXPECT_EQ(trusted.at("source"), "https://kt.example.com");
  expect_error(kt({"trust", "example.net", "--file", path("document")}), 6, "domain");
  expect_error(kt({"trust", "example.net", "--file", path("none")}), 3, "--file");
}

TEST_F(Trust, ProvesTheNameByTls) {
  const auto key = gateway::new_key();
  gateway::write_file(path("certificate.pem"), gateway::pem_of_certificate(key.get()));
  gateway::write_file(path("key.pem"), gateway::pem_of_key(key.get()));
  std::filesystem::permissions(path("key.pem"), std::filesystem::perms::owner_read);
  serve("log", {}, "certificate = \"certificate.pem\"\nprivate_key = \"key.pem\"\n");
  const std::string url = serving().url().text();
  ASSERT_EQ(url.find("https://"), 0U);
  // The system does not know who has signed the certificate.
  expect_error(kt({"trust", "example.com", "--url", url}), 4, "127.0.0.1");
  EXPECT_EQ(kt_json({"trust"}), Json::array());
  const Outcome trusted =
      kt({"trust", "example.com", "--url", url, "--authorities", path("certificate.pem")});
  EXPECT_EQ(trusted.code, 0) << trusted.err;
  // What was said once holds for gateway and logs.
  EXPECT_EQ(kt({"lookup", kAlice, "--raw"}).out, "the key");
  EXPECT_EQ(kt({"lookup", kAlice, "--raw", "--version", "0"}).out, "the key");
}

TEST_F(Trust, SaysWhyNot) {
  expect_error(kt({"trust", "localhost"}), 2, "DOMAIN");
  expect_error(kt({"trust", "example.com", "--url", "ftp://example.com"}), 2, "--url");
  expect_error(kt({"trust", "--file", path("none")}), 2, "DOMAIN");
  const ScratchDirectory nobody;
  std::uint16_t port = 0;
  { port = LoopbackListener().port(); }
  expect_error(kt({"trust", "example.com", "--url", "http://127.0.0.1:" + std::to_string(port)}), 4,
               "127.0.0.1");
  // Somebody who listens, and says nothing.
  const LoopbackListener silent;
  const std::string silence = "http://127.0.0.1:" + std::to_string(silent.port());
  expect_error(kt({"trust", "example.com", "--url", silence, "--timeout", "200ms"}), 4,
               "127.0.0.1");
  expect_error(kt({"trust", "example.com", "--timeout", "2h"}), 2, "--timeout");
  expect_error(kt({"trust", "example.com", "--url", "http://kt.example.com"}), 2, "https");
  serve("log");
  expect_error(kt({"trust", "example.net", "--url", serving().url().text()}), 3, "404");
  EXPECT_EQ(kt_json({"trust"}), Json::array());
}

}  // namespace
}  // namespace kt::client
