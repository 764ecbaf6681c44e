// Two logs in memory, between which the labels of example.com move, and a gateway that may lie.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "client/transport.h"
#include "federation/routed_messages.h"
#include "federation/tombstone.h"
#include "names.h"
#include "test_log.h"

namespace kt::client {

class GradualTransport final : public Transport {
 public:
  using Answers = std::vector<federation::LogAnswer>;

  // Alice's value is in `from`, and Bob's has moved to `to`.
  explicit GradualTransport(Timestamp now)
      : now_(now),
        from_(configuration(keytrans::CipherSuite::KT_128_SHA256_P256)),
        to_(configuration(keytrans::CipherSuite::KT_128_SHA256_Ed25519), 1) {
    for (keytrans::TestLog* const log : {&from_, &to_})
      log->append(Timestamp{now.value() - 1'000}, {{filler_}});
    put(from_, alice, 0, text("alice in from"));
    put(from_, bob, 0, text("bob in from"));
    put(to_, bob, 0, text("bob in to"));
    put(from_, bob, 1, tombstone_to(to().id()));
    document_ = sign_document();
  }

  static Bytes text(std::string_view value) { return to_bytes(value); }
  static Bytes tombstone_to(const LogId& id) {
    return must(federation::Tombstone{id.hash(), 1}.encode());
  }

  [[nodiscard]] const keytrans::LogConfiguration& from() const { return from_.configuration(); }
  [[nodiscard]] const keytrans::LogConfiguration& to() const { return to_.configuration(); }
  [[nodiscard]] const federation::DirectoryDocument& document() const { return *document_; }
  void put_into_from(const Label& label, std::uint32_t version, const Bytes& value) {
    put(from_, label, version, value);
  }
  // Is given the honest answers of a gateway, and gives others.
  void meddle(std::function<Answers(Answers)> meddle) { meddle_ = std::move(meddle); }
  // What the log says whose turn it is not.
  Bytes answer_of(const LogId& id, const Label& label) {
    return must(search(id == from().id() ? from_ : to_, {std::nullopt, label, std::nullopt}));
  }

  Result<Bytes> post(const Origin& /*origin*/, const Question& question) override {
    if (question.operation == "search")
      return search(from_, must(keytrans::decode<keytrans::SearchRequest>(question.body)));
    if (question.operation != "lookup") return fail(Errc::unavailable, "not answered in this test");
    const auto asked = must(federation::decode<federation::LookupRequest>(question.body));
    Answers answers;
    KT_TRY(Bytes first, search(from_, federation::search_request(asked, from().id())));
    answers.push_back({from().id().hash(), std::move(first)});
    if (asked.label != alice) {
      KT_TRY(Bytes second, search(to_, federation::search_request(asked, to().id())));
      answers.push_back({to().id().hash(), std::move(second)});
    }
    if (meddle_) answers = meddle_(std::move(answers));
    return federation::encode(federation::RoutedResponse{1, std::move(answers)});
  }
  Result<federation::DirectoryDocument> fetch(const Origin& /*origin*/,
                                              const federation::Domain& /*domain*/) override {
    return document();
  }

  const Label alice = label_of("alice@example.com");
  const Label bob = label_of("bob@example.com");

 private:
  static keytrans::Configuration configuration(keytrans::CipherSuite suite) {
    return keytrans::test_configuration(suite, keytrans::DeploymentMode::contactMonitoring);
  }

  void put(keytrans::TestLog& log, const Label& label, std::uint32_t version, const Bytes& value) {
    must(log.log().append(
        Timestamp{now_.value() - 100},
        {{label, 0, {must(log.log().make_value(label, Version{version}, value))}}}));
  }

  static Result<Bytes> search(const keytrans::TestLog& log,
                              const keytrans::SearchRequest& request) {
    KT_TRY(const auto response, keytrans::prove_search(log.log(), request));
    return keytrans::encode(response, log.configuration().context());
  }

  [[nodiscard]] federation::DirectoryDocument sign_document() const {
    constexpr std::uint64_t kDay = 86'400'000;
    const federation::Url url{true, "kt.example.com", 443, ""};
    const federation::Directory directory{domain_of("example.com"),
                                          federation::Epoch{1},
                                          Timestamp{now_.value() - kDay},
                                          Timestamp{now_.value() + kDay},
                                          federation::LabelRule::bytes,
                                          url,
                                          federation::GradualPolicy{from().id(), to().id()},
                                          {{from(), "old", federation::LogState::active, url},
                                           {to(), "new", federation::LogState::active, url}}};
    const std::vector<federation::DirectorySigner> signers{
        {from().id(), &from_.log().keys().signature}, {to().id(), &to_.log().keys().signature}};
    return must(federation::DirectoryDocument::sign(directory, signers));
  }

  const Label filler_ = label_of("filler@example.com");
  Timestamp now_;
  keytrans::TestLog from_;
  keytrans::TestLog to_;
  std::optional<federation::DirectoryDocument> document_;
  std::function<Answers(Answers)> meddle_;
};

}  // namespace kt::client
