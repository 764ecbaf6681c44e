// A log in memory, of example.com, that answers in the place of its gateway.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/transport.h"
#include "federation/routed_messages.h"
#include "names.h"
#include "test_log.h"

namespace kt::client {

class MemoryTransport final : public Transport {
 public:
  // Its last entry is made at `now`. Alice has been in it for long, and so has Bob.
  MemoryTransport(keytrans::DeploymentMode mode, Timestamp now)
      : log_(keytrans::test_configuration(keytrans::CipherSuite::KT_128_SHA256_Ed25519, mode)) {
    constexpr std::uint64_t kEntries = 12;
    constexpr std::uint64_t kApart = 600;
    for (std::uint64_t i = 1; i <= kEntries; ++i) {
      std::vector<keytrans::TestLog::Update> updates{{bob}};
      if (i == 2) updates.push_back({alice});
      log_.append(Timestamp{now.value() - (kEntries - i) * kApart}, updates);
    }
    document_ = sign_document();
  }

  // More entries, one of them with a version of alice's, so close to others that it does not become
  // distinguished.
  void grow() {
    for (const Label& label : {bob, alice, bob})
      log_.append(Timestamp{log_.now().value() + 30}, {{label}});
  }
  // Entries after which one of them is distinguished.
  void settle() {
    for (int i = 0; i < 6; ++i) append();
  }
  void append() { log_.append(Timestamp{log_.now().value() + 600}, {{bob}}); }

  [[nodiscard]] const keytrans::TestLog& log() const { return log_; }
  [[nodiscard]] const federation::DirectoryDocument& document() const { return *document_; }

  Result<Bytes> post(const Origin& /*origin*/, const Question& question) override {
    using namespace keytrans;
    if (question.operation == "lookup") {
      const auto asked = must(federation::decode<federation::LookupRequest>(question.body));
      const LogId& id = log_.configuration().id();
      KT_TRY(Bytes answer, prove(prove_search(log_.log(), federation::search_request(asked, id))));
      return federation::encode(federation::RoutedResponse{1, {{id.hash(), std::move(answer)}}});
    }
    if (question.operation == "contact-monitor")
      return prove(
          prove_contact_monitor(log_.log(), must(decode<ContactMonitorRequest>(question.body))));
    if (question.operation == "distinguished")
      return prove(prove_distinguished(
          log_.log(), must(decode<DistinguishedRequest>(question.body)), RecentPolicy{}));
    return fail(Errc::unavailable, "not answered in this test");
  }
  Result<federation::DirectoryDocument> fetch(const Origin& /*origin*/,
                                              const federation::Domain& /*domain*/) override {
    return document();
  }

  const Label alice = label_of("alice@example.com");
  const Label bob = label_of("bob@example.com");

 private:
  template <class Response>
  Result<Bytes> prove(Result<Response> response) const {
    if (!response) return tl::unexpected<Error>(std::move(response).error());
    return keytrans::encode(*response, log_.configuration().context());
  }

  // In force for a day before the log's last entry, and a day after.
  [[nodiscard]] federation::DirectoryDocument sign_document() const {
    constexpr std::uint64_t kDay = 86'400'000;
    const auto& configuration = log_.configuration();
    const federation::Url url{true, "kt.example.com", 443, ""};
    const federation::Directory directory{
        domain_of("example.com"),
        federation::Epoch{1},
        Timestamp{log_.now().value() - kDay},
        Timestamp{log_.now().value() + kDay},
        federation::LabelRule::bytes,
        url,
        federation::SinglePolicy{configuration.id()},
        {{configuration, "main", federation::LogState::active, url}}};
    const std::vector<federation::DirectorySigner> signers{
        {configuration.id(), &log_.log().keys().signature}};
    return must(federation::DirectoryDocument::sign(directory, signers));
  }

  keytrans::TestLog log_;
  std::optional<federation::DirectoryDocument> document_;
};

}  // namespace kt::client
