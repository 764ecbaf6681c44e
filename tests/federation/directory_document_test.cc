#include "federation/directory_document.h"

#include <fstream>
#include <functional>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "directory_world.h"
#include "federation/shard.h"

namespace kt::federation {
namespace {

using Json = nlohmann::ordered_json;

const Domain kDomain = domain_of("example.com");

const KeyedLog& first_log() {
  static const KeyedLog log = numbered_log(1);
  return log;
}
const KeyedLog& second_log() {
  static const KeyedLog log = numbered_log(2);
  return log;
}

// Two active shards, and a third log that is going.
Directory sharded_directory() {
  Directory directory = single_directory(first_log());
  directory.policy = ShardedPolicy{must(make_shards({first_log().id(), second_log().id()}))};
  directory.logs.push_back(second_log().as(LogState::active, "second"));
  directory.logs.push_back(numbered_log(3).as(LogState::draining, "third"));
  return directory;
}

DirectoryDocument signed_by(const Directory& directory, const std::vector<const KeyedLog*>& logs) {
  std::vector<DirectorySigner> signers;
  for (const KeyedLog* const log : logs) signers.push_back(signer(*log));
  return must(DirectoryDocument::sign(directory, signers));
}

std::string payload_of(const DirectoryDocument& document) {
  const auto envelope = Json::parse(document.text());
  const Bytes payload = *from_base64url(envelope["payload"].get<std::string>());
  return {payload.begin(), payload.end()};
}

Json sharded_payload() {
  static const std::string text =
      payload_of(signed_by(sharded_directory(), {&first_log(), &second_log()}));
  return Json::parse(text);
}

void expect_refused(const std::string& text, Errc code, std::string_view about) {
  const auto document = DirectoryDocument::parse(text, kDomain);
  ASSERT_FALSE(document.has_value()) << about;
  EXPECT_EQ(document.error().code, code) << document.error().detail;
  EXPECT_NE(document.error().detail.find(about), std::string::npos)
      << "'" << document.error().detail << "' does not speak of '" << about << "'";
}

// Expects `payload` to be refused although both logs have signed it.
void expect_payload_refused(const std::string& payload, Errc code, std::string_view about) {
  expect_refused(envelope_of(payload, {&first_log(), &second_log()}), code, about);
}

void expect_change_refused(const std::function<void(Json&)>& change, Errc code,
                           std::string_view about) {
  Json payload = sharded_payload();
  change(payload);
  expect_payload_refused(payload.dump(), code, about);
}

void expect_malformed(const std::function<void(Json&)>& change, std::string_view about) {
  expect_change_refused(change, Errc::malformed, about);
}

TEST(DirectoryDocument, SaysWhatWasSigned) {
  const KeyedLog p256 = p256_log();
  Directory directory = sharded_directory();
  directory.policy = SinglePolicy{p256.id()};
  directory.label_rule = LabelRule::username_case_mapped;
  directory.url = {false, "127.0.0.1", 8080, "/base"};
  directory.logs.push_back(p256.as(LogState::active, "fourth"));
  directory.logs.push_back(numbered_log(5).as(LogState::retired, "fifth"));
  const auto document = signed_by(directory, {&p256, &first_log(), &second_log()});
  EXPECT_EQ(document.directory(), directory);
  EXPECT_EQ(document.entry(),
            (DirectoryEntry{Epoch{1}, keytrans::sha256(to_bytes(payload_of(document)))}));
  const auto again = must(DirectoryDocument::parse(document.text(), kDomain));
  EXPECT_EQ(again.directory(), directory);
  EXPECT_EQ(again.entry(), document.entry());
}

TEST(DirectoryDocument, OfManyShards) {
  const auto document = signed_by(sharded_directory(), {&first_log(), &second_log()});
  EXPECT_EQ(document.directory(), sharded_directory());
}

std::string read_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

HashValue hash_of(std::string_view hex) {
  HashValue hash{};
  const Bytes bytes = *from_hex(hex);
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

// What the manual shows is what the code makes. It was computed by Python (hashlib, cryptography)
// with the keys of RFC 8032, Section 7.1: tests 1 and 2 for one log, 3 and 1024 for the other.
TEST(DirectoryDocument, WorkedExample) {
  const KeyedLog main = keyed_log(
      ed25519_key(hash_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")),
      *from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  const KeyedLog old = keyed_log(
      ed25519_key(hash_of("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")),
      *from_hex("278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e"));
  Directory directory = single_directory(main, 7);
  directory.logs.push_back(old.as(LogState::retired, "old"));
  const auto document = signed_by(directory, {&main});

  const std::string manual = read_file(KTGATE_DIRECTORY_MANUAL);
  const auto shows = [&](const std::string& text) {
    return manual.find("\n" + text + "\n```") != std::string::npos;
  };
  EXPECT_TRUE(shows(Json::parse(payload_of(document)).dump(2)));
  EXPECT_EQ(Json::parse(payload_of(document)).dump(), payload_of(document));
  EXPECT_TRUE(shows(to_hex(to_be_signed(main.id(), payload_of(document)))));
  EXPECT_TRUE(shows(document.text()));
  EXPECT_TRUE(shows(to_hex(must(document.entry().encode()))));
}

// Whichever bits of what is published are changed, nobody believes it.
TEST(DirectoryDocument, EveryFlippedByteIsRefused) {
  const std::string text = signed_by(single_directory(first_log()), {&first_log()}).text();
  for (const char flip : {'\x01', '\x20', '\x40'}) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      ASSERT_FALSE(DirectoryDocument::parse(changed, kDomain).has_value()) << at;
    }
  }
  for (std::size_t size = 0; size < text.size(); ++size)
    ASSERT_FALSE(DirectoryDocument::parse(text.substr(0, size), kDomain).has_value()) << size;
}

TEST(DirectoryDocument, EveryFlippedByteOfThePayloadIsRefused) {
  const auto document = signed_by(sharded_directory(), {&first_log(), &second_log()});
  const std::string payload = payload_of(document);
  const std::string before = to_base64url(to_bytes(payload));
  for (std::size_t at = 0; at < payload.size(); ++at) {
    std::string changed = payload;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::string text = document.text();
    text.replace(text.find(before), before.size(), to_base64url(to_bytes(changed)));
    ASSERT_FALSE(DirectoryDocument::parse(text, kDomain).has_value()) << at;
  }
}

TEST(DirectoryDocument, RefusesThatOfAnotherDomain) {
  const auto document = signed_by(single_directory(first_log()), {&first_log()});
  for (const char* const other : {"example.net", "a.example.com", "example.co"})
    EXPECT_EQ(DirectoryDocument::parse(document.text(), domain_of(other)).error().code,
              Errc::verification_failed)
        << other;
}

TEST(DirectoryDocument, EveryActiveLogHasToSign) {
  const std::string payload = sharded_payload().dump();
  for (const KeyedLog* const log : {&first_log(), &second_log()})
    expect_refused(envelope_of(payload, {log}), Errc::verification_failed, "has not signed");
  const KeyedLog third = numbered_log(3);
  const KeyedLog stranger = numbered_log(4);
  for (const KeyedLog* const more : {&third, &stranger})
    EXPECT_TRUE(
        DirectoryDocument::parse(envelope_of(payload, {&first_log(), more, &second_log()}), kDomain)
            .has_value());
}

// Those of logs that need not sign, too.
TEST(DirectoryDocument, EverySignatureOfALogInItHasToHold) {
  const std::string payload = sharded_payload().dump();
  const KeyedLog third = numbered_log(3);
  const KeyedLog stranger = numbered_log(4);
  for (const KeyedLog* const log : {&first_log(), &second_log(), &third, &stranger}) {
    std::string text = envelope_of(payload, {&first_log(), &second_log(), &third, &stranger});
    const std::size_t id = text.find(log->id().hex());
    const std::size_t signature = text.find("\"signature\":\"", id) + 13;
    text[signature] = text[signature] == 'A' ? 'B' : 'A';
    const auto document = DirectoryDocument::parse(text, kDomain);
    EXPECT_EQ(document.has_value(), log == &stranger);
    if (document)
      EXPECT_EQ(document->is_signed_by(log->configuration).error().code, Errc::verification_failed);
    else
      EXPECT_EQ(document.error().code, Errc::verification_failed);
  }
}

TEST(DirectoryDocument, ASignatureIsOfOneLogAndOnePayload) {
  const KeyedLog twin = keyed_log(ed25519_key(keytrans::sha256(to_bytes("signature 1"))),
                                  numbered_log(9).configuration.wire().vrf_public_key);
  const std::string payload = payload_of(signed_by(single_directory(first_log()), {&first_log()}));
  const std::string id = first_log().id().hex();
  std::string text = envelope_of(payload, {&twin});  // the same key
  text.replace(text.find(twin.id().hex()), id.size(), id);
  expect_refused(text, Errc::verification_failed, "does not verify");

  const auto other = Json::parse(envelope_of(payload + " ", {&first_log()}));
  auto envelope = Json::parse(envelope_of(payload, {&first_log()}));
  envelope["signatures"] = other["signatures"];
  expect_refused(envelope.dump(), Errc::verification_failed, "does not verify");
}

// A tree head of the log whose bytes end as what is signed here does.
TEST(DirectoryDocument, ATreeHeadIsNoSignatureOfIt) {
  const std::string payload = payload_of(signed_by(single_directory(first_log()), {&first_log()}));
  const auto head =
      must(keytrans::sign_tree_head(first_log().key, first_log().configuration.wire(), TreeSize{1},
                                    keytrans::sha256(to_bytes(payload))));
  auto envelope = Json::parse(envelope_of(payload, {&first_log()}));
  envelope["signatures"][0]["signature"] = to_base64url(head.signature);
  expect_refused(envelope.dump(), Errc::verification_failed, "does not verify");
  const Bytes message = to_be_signed(first_log().id(), payload);
  EXPECT_GT((message[0] << 8U) + message[1], static_cast<int>(CipherSuite::KT_128_SHA256_Ed25519));
}

TEST(DirectoryDocument, RefusesAnEnvelopeThatIsWrong) {
  const std::string payload = sharded_payload().dump();
  const auto expect = [&](const std::function<void(Json&)>& change, std::string_view about) {
    auto envelope = Json::parse(envelope_of(payload, {&first_log(), &second_log()}));
    change(envelope);
    expect_refused(envelope.dump(), Errc::malformed, about);
  };
  expect([](Json& json) { json = Json::array(); }, "it is not an object");
  expect([](Json& json) { json["more"] = 1; }, "not defined");
  expect([](Json& json) { json.erase("payload"); }, "payload is missing");
  expect([](Json& json) { json["payload"] = 1; }, "payload is not a string");
  expect([](Json& json) { json["payload"] = "e30="; }, "payload is not base64url");
  expect([](Json& json) { json.erase("signatures"); }, "signatures is missing");
  expect([](Json& json) { json["signatures"] = Json::object(); }, "signatures is not an array");
  expect([](Json& json) { json["signatures"] = Json::array(); }, "signatures is empty");
  expect([](Json& json) { json["signatures"][0] = 1; }, "signatures: it is not an object");
  expect([](Json& json) { json["signatures"][0]["more"] = 1; }, "not defined");
  expect([](Json& json) { json["signatures"][0].erase("log_id"); }, "log_id is missing");
  expect([](Json& json) { json["signatures"][0]["log_id"] = std::string(64, 'F'); },
         "log_id is not a LogId");
  expect([](Json& json) { json["signatures"][0].erase("signature"); }, "signature is missing");
  expect([](Json& json) { json["signatures"][0]["signature"] = "AAAA"; }, "have 64 bytes");
  expect([](Json& json) { json["signatures"].push_back(json["signatures"][0]); },
         "log_id is there twice");
  expect([](Json& json) { json["signatures"] = std::vector(511, json["signatures"][0]); },
         "more than 510");
  expect_refused(R"({"payload":"e30","payload":"e30","signatures":[]})", Errc::malformed, "twice");
  expect_refused("", Errc::malformed, "not JSON");
  expect_refused(std::string(100'000, '['), Errc::malformed, "not JSON");
}

TEST(DirectoryDocument, RefusesAPayloadThatIsNone) {
  expect_payload_refused("", Errc::malformed, "payload: it is not JSON");
  expect_payload_refused("[]", Errc::malformed, "payload: it is not an object");
  expect_payload_refused("{}", Errc::malformed, "format is missing");
  expect_payload_refused(R"({"format":1,"format":1})", Errc::malformed, "twice");
  std::string deep = sharded_payload().dump();
  deep.insert(1, R"("more":[[[[[[[[]]]]]]]],)");
  expect_payload_refused(deep, Errc::malformed, "nested too deeply");
}

TEST(DirectoryDocument, RefusesMembersThatAreMissing) {
  for (const char* const name : {"format", "domain", "epoch", "not_before", "expires", "label_rule",
                                 "url", "policy", "logs"})
    expect_malformed([&](Json& json) { json.erase(name); }, std::string(name) + " is missing");
  for (const char* const name : {"log_id", "alias", "state", "url", "configuration"})
    expect_malformed([&](Json& json) { json["logs"][1].erase(name); },
                     std::string("logs[1]: ") + name + " is missing");
  for (const char* const name : {"type", "logs"})
    expect_malformed([&](Json& json) { json["policy"].erase(name); },
                     std::string("policy: ") + name + " is missing");
}

TEST(DirectoryDocument, RefusesMembersOfAnotherType) {
  for (const char* const name : {"domain", "epoch", "not_before", "expires", "label_rule", "url"})
    expect_malformed([&](Json& json) { json[name] = 7; }, std::string(name) + " is not a string");
  for (const char* const name : {"alias", "state", "url", "configuration"})
    expect_malformed([&](Json& json) { json["logs"][0][name] = nullptr; },
                     std::string(name) + " is not a string");
  expect_malformed([](Json& json) { json["logs"][0]["log_id"] = 1; }, "log_id is not a LogId");
  expect_malformed([](Json& json) { json["format"] = "1"; }, "format is not a whole number");
  expect_malformed([](Json& json) { json["format"] = 1.0; }, "format is not a whole number");
  expect_malformed([](Json& json) { json["policy"] = "single"; }, "policy is not an object");
  expect_malformed([](Json& json) { json["policy"]["type"] = 1; }, "type is not a string");
  expect_malformed([](Json& json) { json["policy"]["logs"] = "a"; }, "logs is not an array");
  expect_malformed([](Json& json) { json["logs"] = Json::object(); }, "logs is not an array");
  expect_malformed([](Json& json) { json["logs"][0] = "a"; }, "logs[0]: it is not an object");
}

TEST(DirectoryDocument, RefusesNumbersThatAreWrong) {
  for (const char* const name : {"epoch", "not_before", "expires"}) {
    for (const char* const text :
         {"", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "18446744073709551616"})
      expect_malformed([&](Json& json) { json[name] = text; },
                       std::string(name) + " is not a number");
  }
  EXPECT_TRUE(DirectoryDocument::parse(
                  [] {
                    Json payload = sharded_payload();
                    payload["epoch"] = "18446744073709551615";
                    return envelope_of(payload.dump(), {&first_log(), &second_log()});
                  }(),
                  kDomain)
                  .has_value());
}

TEST(DirectoryDocument, RefusesValuesThatAreWrong) {
  expect_malformed([](Json& json) { json["domain"] = "Example.com"; }, "domain is not in lower");
  expect_malformed([](Json& json) { json["domain"] = "example"; }, "domain: a single label");
  for (const char* const url : {"", "kt.example.com", "http://kt.example.com", "ftp://127.0.0.1",
                                "https://a@kt.example.com", "http://localhost"}) {
    expect_malformed([&](Json& json) { json["url"] = url; }, "payload: url");
    expect_malformed([&](Json& json) { json["logs"][2]["url"] = url; }, "logs[2]: url");
  }
  expect_malformed([](Json& json) { json["url"] = "https://a.example/" + std::string(495, 'a'); },
                   "url is longer than 512");
  for (const char* const alias : {"", "A", "a b"})
    expect_malformed([&](Json& json) { json["logs"][0]["alias"] = alias; }, "alias is not");
  expect_malformed([](Json& json) { json["logs"][0]["configuration"] = "****"; },
                   "configuration is not base64url");
  expect_malformed([](Json& json) { json["logs"][0]["configuration"] = "AAIB"; },
                   "configuration: Configuration.");
  expect_malformed([](Json& json) { json["logs"][0]["log_id"] = json["logs"][1]["log_id"]; },
                   "logs[0]: log_id is not that of the configuration");
  expect_malformed([](Json& json) { json["logs"][0]["log_id"] = "A" + std::string(63, '0'); },
                   "log_id is not a LogId");
}

TEST(DirectoryDocument, RefusesAConfigurationThatIsInvalid) {
  keytrans::Configuration configuration = first_log().configuration.wire();
  configuration.vrf_public_key = configuration.signature_public_key;
  const Bytes encoded = must(keytrans::encode(configuration));
  expect_malformed(
      [&](Json& json) {
        json["logs"][0]["configuration"] = to_base64url(encoded);
        json["logs"][0]["log_id"] = to_hex(keytrans::sha256(encoded));
      },
      "logs[0]: configuration: ");
}

TEST(DirectoryDocument, RefusesWhatDoesNotFitTogether) {
  expect_malformed([](Json& json) { json["logs"][1]["alias"] = "main"; }, "alias is there twice");
  expect_malformed(
      [](Json& json) {
        json["logs"].push_back(json["logs"][0]);
        json["logs"][3]["alias"] = "other";
      },
      "logs[3]: log_id is there twice");
  expect_malformed([](Json& json) { json["expires"] = json["not_before"]; },
                   "expires is not later");
  expect_malformed([](Json& json) { json["not_before"] = "1"; }, "more than 90 days");
  for (const char* const state : {"draining", "retired"})
    expect_malformed([&](Json& json) { json["logs"][0]["state"] = state; },
                     "policy: a log is not one of the active logs");
  expect_malformed([](Json& json) { json["logs"].erase(0); }, "not one of the active logs");
  expect_malformed([](Json& json) { json["logs"] = Json::array(); }, "logs is empty");
}

TEST(DirectoryDocument, ValidityIsAtMost90Days) {
  Directory directory = single_directory(first_log());
  constexpr std::uint64_t k90Days = 7'776'000'000;
  directory.expires = Timestamp{directory.not_before.value() + k90Days};
  const DirectorySigner signers[] = {signer(first_log())};
  EXPECT_TRUE(DirectoryDocument::sign(directory, signers).has_value());
  directory.expires = Timestamp{directory.not_before.value() + k90Days + 1};
  EXPECT_EQ(DirectoryDocument::sign(directory, signers).error().code, Errc::malformed);
}

TEST(DirectoryDocument, IsInForceFromNotBeforeUntilExpires) {
  const Directory directory = single_directory(first_log());
  EXPECT_FALSE(directory.is_in_force(Timestamp{directory.not_before.value() - 1}));
  EXPECT_TRUE(directory.is_in_force(directory.not_before));
  EXPECT_TRUE(directory.is_in_force(Timestamp{directory.expires.value() - 1}));
  EXPECT_FALSE(directory.is_in_force(directory.expires));
}

TEST(DirectoryDocument, RefusesAPolicyThatIsWrong) {
  expect_malformed([](Json& json) { json["policy"]["more"] = 1; }, "policy: it has a member");
  expect_malformed([](Json& json) { json["policy"]["logs"].erase(0); }, "at least two logs");
  expect_malformed([](Json& json) { json["policy"]["logs"] = Json::array(); }, "logs is empty");
  expect_malformed([](Json& json) { json["policy"]["logs"][1] = json["policy"]["logs"][0]; },
                   "a log is there twice");
  expect_malformed([](Json& json) { json["policy"]["logs"][1] = 1; }, "logs is not a LogId");
  expect_malformed(
      [](Json& json) { json["policy"]["logs"] = std::vector(256, json["policy"]["logs"][0]); },
      "more than 255");
  expect_malformed(
      [](Json& json) {
        json["policy"] = {{"type", "single"}, {"log", json["logs"][2]["log_id"]}};
      },
      "not one of the active logs");
  expect_malformed([](Json& json) { json["policy"] = {{"type", "single"}}; }, "log is missing");
}

TEST(DirectoryDocument, OfLabelsThatMove) {
  Directory directory = sharded_directory();
  directory.policy = GradualPolicy{second_log().id(), first_log().id()};
  const auto document = signed_by(directory, {&first_log(), &second_log()});
  EXPECT_EQ(document.directory(), directory);
  const Json policy = Json::parse(payload_of(document))["policy"];
  EXPECT_EQ(policy, (Json{{"type", "gradual"},
                          {"from", second_log().id().hex()},
                          {"to", first_log().id().hex()}}));
  const auto expect = [&policy](const std::function<void(Json&)>& change, std::string_view about) {
    expect_malformed(
        [&](Json& json) {
          json["policy"] = policy;
          change(json);
        },
        about);
  };
  expect([](Json& json) { json["policy"].erase("to"); }, "to is missing");
  expect([](Json& json) { json["policy"].erase("from"); }, "from is missing");
  expect([](Json& json) { json["policy"]["to"] = 1; }, "to is not a LogId");
  expect([](Json& json) { json["policy"]["phase"] = "dual"; }, "a member that is not defined");
  expect([](Json& json) { json["policy"]["to"] = json["policy"]["from"]; }, "are one log");
  expect([](Json& json) { json["policy"]["to"] = json["logs"][2]["log_id"]; }, "not one of the");
}

// What a later version may define. Its own code, so that people are told to upgrade.
TEST(DirectoryDocument, WhatIsNotKnownIsRejected) {
  const auto expect = [](const std::function<void(Json&)>& change, std::string_view about) {
    expect_change_refused(change, Errc::rejected, about);
  };
  expect([](Json& json) { json["format"] = 2; }, "format is none that is known");
  expect([](Json& json) { json = {{"format", 2}}; }, "format is none that is known");
  expect([](Json& json) { json["label_rule"] = "Bytes"; }, "no label rule that is known");
  for (const char* const type : {"", "Single", "Gradual", "immediate"})
    expect(
        [&](Json& json) {
          json["policy"] = {{"type", type}, {"phase", "dual"}};
        },
        "policy: type is none that is known");
  expect([](Json& json) { json["logs"][2]["state"] = "frozen"; }, "logs[2]: state is none");
}

// What a reader can do without, in places that a log has signed.
TEST(DirectoryDocument, MembersThatAreNotDefinedAreIgnored) {
  Json payload = sharded_payload();
  payload["contact"] = "mailto:kt@example.com";
  payload["logs"][0]["more"] = {{"a", Json::array({1, nullptr, 0.5})}};
  const auto document = must(DirectoryDocument::parse(
      envelope_of(payload.dump(2), {&first_log(), &second_log()}), kDomain));
  EXPECT_EQ(document.directory(), sharded_directory());
}

TEST(DirectoryDocument, AsManyLogsAsThereMayBeFit) {
  std::vector<KeyedLog> logs;
  Directory directory = single_directory(first_log());
  directory.logs.clear();
  std::vector<LogId> shards;
  std::vector<DirectorySigner> signers;
  for (int i = 0; i < 510; ++i) logs.push_back(numbered_log(100 + i));
  for (std::size_t i = 0; i < DirectoryDocument::kMaxLogs; ++i) {
    directory.logs.push_back(logs[i].as(LogState::active, "log-" + std::to_string(i)));
    shards.push_back(logs[i].id());
  }
  for (const KeyedLog& log : logs) signers.push_back(signer(log));
  directory.policy = ShardedPolicy{must(make_shards(shards))};
  const auto document = must(DirectoryDocument::sign(directory, signers));
  EXPECT_EQ(document.directory(), directory);

  directory.logs.push_back(logs.back().as(LogState::retired, "log-255"));
  const auto more = DirectoryDocument::sign(directory, signers);
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().detail, "payload: logs has more than 255 elements");
}

TEST(DirectoryDocument, RefusesWhatIsTooLong) {
  std::string text = signed_by(single_directory(first_log()), {&first_log()}).text();
  text.append(DirectoryDocument::kMaxSize - text.size(), ' ');
  EXPECT_TRUE(DirectoryDocument::parse(text, kDomain).has_value());
  expect_refused(text + " ", Errc::malformed, "longer than 262144");
}

TEST(DirectoryDocument, SignsNothingThatAReaderWouldRefuse) {
  Directory directory = single_directory(first_log());
  EXPECT_EQ(DirectoryDocument::sign(directory, {}).error().code, Errc::malformed);
  const DirectorySigner stranger[] = {signer(second_log())};
  EXPECT_EQ(DirectoryDocument::sign(directory, stranger).error().code, Errc::verification_failed);
  const DirectorySigner wrong_key[] = {{first_log().id(), &second_log().key}};
  EXPECT_EQ(DirectoryDocument::sign(directory, wrong_key).error().code, Errc::verification_failed);
  const DirectorySigner signers[] = {signer(first_log())};
  directory.logs[0].alias = "\xff";
  EXPECT_EQ(DirectoryDocument::sign(directory, signers).error().code, Errc::malformed);
  directory = single_directory(first_log(), 0);
  EXPECT_EQ(DirectoryDocument::sign(directory, signers).error().code, Errc::malformed);
}

TEST(DirectoryDocument, ErrorsQuoteNothing) {
  Json payload = sharded_payload();
  for (const char* const name :
       {"format", "domain", "epoch", "not_before", "expires", "label_rule", "url", "logs"}) {
    Json changed = payload;
    changed[name] = "s3cret";
    const auto document = DirectoryDocument::parse(
        envelope_of(changed.dump(), {&first_log(), &second_log()}), kDomain);
    ASSERT_FALSE(document.has_value());
    EXPECT_EQ(document.error().detail.find("s3cret"), std::string::npos) << document.error().detail;
  }
}

}  // namespace
}  // namespace kt::federation
