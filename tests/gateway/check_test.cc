// `ktgate check`.
#include <thread>

#include "certificates.h"
#include "log/log.h"
#include "log_program.h"
#include "must.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;

class Check : public LogProgram {
 protected:
  [[nodiscard]] Outcome check(const std::string& text) const {
    write_file(path("gateway.toml"), text);
    return run({"check", path("gateway.toml")});
  }
  void expect_fault(const std::string& text, std::string_view about) const {
    expect_failure(check(text), 1, "check", about);
  }
  void write_key(const std::string& pem, fs::perms mode = fs::perms::owner_read) const {
    fs::remove(path("key.pem"));
    write_file(path("key.pem"), pem);
    fs::permissions(path("key.pem"), mode);
  }
};

constexpr const char* kListen = "[listen]\naddress = \"127.0.0.1:0\"\n";
constexpr const char* kWithTls =
    "[listen]\naddress = \"0.0.0.0:0\"\ncertificate = \"certificate.pem\"\n"
    "private_key = \"key.pem\"\n[[log]]\ndirectory = \"a\"\nalias = \"a\"\n";
constexpr const char* kLogA = "[[log]]\ndirectory = \"a\"\nalias = \"first\"\n";
constexpr const char* kLogB = "[[log]]\ndirectory = \"b\"\nalias = \"second\"\n";

std::string id_of(const std::string& directory) {
  return must(keytrans::LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(
                  to_bytes(read_file(directory + "/configuration"))))))
      .id()
      .hex();
}

TEST_F(Check, ALineForEachLogAndOk) {
  create("a");
  create("b", {"--suite", "p256"});
  const Outcome outcome = check(std::string(kListen) + kLogA + kLogB);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, "log first: " + id_of(path("a")) +
                             ", ed25519, contact-monitoring\nlog second: " + id_of(path("b")) +
                             ", p256, contact-monitoring\nok\n");
}

// A running gateway has the lease of its logs.
TEST_F(Check, BesideALogThatIsOpenAndWithoutChangingIt) {
  create("a");
  const auto log = must(log::Log::open(path("a")));
  while (log->state().size == TreeSize{0}) std::this_thread::yield();  // for its first entry
  const auto before = read_tree(path("a"));
  EXPECT_EQ(check(std::string(kListen) + kLogA).code, 0);
  EXPECT_TRUE(read_tree(path("a")) == before);
}

TEST_F(Check, WhatItPrintsAsAnExamplePasses) {
  const Outcome keys = run({"check", "--keys"});
  EXPECT_EQ(keys.code, 0);
  create("example.log");
  const Outcome outcome = check(keys.out);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(Check, SaysWhereAFaultIs) {
  expect_fault("[listen]\nadress = \"127.0.0.1:0\"\n",
               path("gateway.toml") +
                   ":2:1: there is no key \"listen.adress\"; did you mean \"listen.address\"?");
  expect_failure(run({"check", path("nothing")}), 1, "check", "nothing: it cannot be opened");
  expect_failure(run({"check"}), 2, "check", "FILE");
  expect_failure(run({"check", path("gateway.toml"), "--keys"}), 2, "check", "FILE");
}

TEST_F(Check, ALogThatCannotBeServed) {
  create("a");
  const std::string text = std::string(kListen) + kLogA + kLogB;
  expect_fault(text, "log second: there is no log in this directory");
  ASSERT_EQ(run({"log", "backup", path("a"), path("b")}).code, 0);
  expect_fault(text, "log second: it is a copy of another one");
  fs::remove_all(path("b"));
  ASSERT_EQ(run({"log", "backup", path("a"), path("b"), "--no-keys"}).code, 0);
  expect_fault(std::string(kListen) + kLogB, "log second: ");
  fs::remove_all(path("b"));
  create("b");
  EXPECT_EQ(check(text).code, 0);
  fs::copy_file(path("a/vrf.pem"), path("b/vrf.pem"), fs::copy_options::overwrite_existing);
  expect_fault(text, "log second: vrf.pem is not the key of this log");
  write_file(path("b/configuration"), "nonsense");
  expect_fault(text, "log second: its file configuration: ");
}

TEST_F(Check, PaddingThatTheLogRefuses) {
  create("a", {"--suite", "ed25519", "--max-behind", "10m"});
  const std::string text = std::string(kListen) + kLogA + "[log.padding]\npairs = 1\ninterval = ";
  EXPECT_EQ(check(text + "\"5m\"\n").code, 0);
  expect_fault(text + "\"6m\"\n",
               "log first: padding's interval is longer than half of max_behind");
}

TEST_F(Check, CertificateAndKeyFitEachOther) {
  create("a");
  const Pkey key = new_key();
  const Pkey other = new_key();
  expect_fault(kWithTls, "the certificate: it cannot be opened");
  write_file(path("certificate.pem"), "nonsense");
  expect_fault(kWithTls, "the certificate: there is no certificate in PEM");
  write_file(path("certificate.pem"), pem_of_certificate(key.get()));
  expect_fault(kWithTls, "the private key: cannot open the key file");
  write_key(pem_of_certificate(key.get()));
  expect_fault(kWithTls, "the private key: there is no unencrypted private key in PEM");
  // Nobody is asked for a password.
  write_key(pem_of_key(key.get(), EVP_aes_128_cbc()));
  expect_fault(kWithTls, "the private key: there is no unencrypted private key in PEM");
  write_key(pem_of_key(other.get()));
  expect_fault(kWithTls, "the private key is not that of the certificate");
  write_key(pem_of_key(key.get()), fs::perms::owner_read | fs::perms::others_read);
  expect_fault(kWithTls, "the private key: group or others have permissions on the key file");
  write_key(pem_of_key(key.get()));
  const Outcome outcome = check(kWithTls);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string with_clients =
      "[listen]\nclient_authorities = \"clients.pem\"" + std::string(kWithTls).substr(8);
  expect_fault(with_clients, "the authorities of clients: it cannot be opened");
  write_file(path("clients.pem"), pem_of_key(key.get()));
  expect_fault(with_clients, "the authorities of clients: there is no certificate in PEM");
  write_file(path("clients.pem"), pem_of_certificate(key.get()));
  EXPECT_EQ(check(with_clients).code, 0);
}

}  // namespace
}  // namespace kt::gateway
