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
  // Publishes the next document, which the log has under `kt:directory` if `is_logged`.
  void renew(bool is_logged) {
    epoch_ = federation::Epoch{epoch_.value() + 1};
    document_ = sign_document();
    if (!is_logged) return;
    const Label label = label_of(federation::kDirectoryLabel);
    const Version version{static_cast<std::uint32_t>(epoch_.value() - 2)};
    const Bytes entry = must(document_->entry().encode());
    must(log_.log().append(Timestamp{log_.now().value() + 30},
                           {{label, 0, {must(log_.log().make_value(label, version, entry))}}}));
    append();
  }
  // What the gateway says of its document's epoch, and which log it says it has asked.
  void say(std::uint64_t epoch) { said_epoch_ = epoch; }
  void say(const LogId& log) { said_log_ = log; }
  // Has the document renewed right after it was fetched, so many times.
  void renew_after_fetches(int times) { renewals_ = times; }
  // How often the document was fetched.
  [[nodiscard]] int fetches() const { return fetches_; }

  Result<Bytes> post(const Origin& /*origin*/, const Question& question) override {
    using namespace keytrans;
    if (question.operation == "lookup") {
      const auto asked = must(federation::decode<federation::LookupRequest>(question.body));
      const LogId& id = log_.configuration().id();
      KT_TRY(Bytes answer, prove(prove_search(log_.log(), federation::search_request(asked, id))));
      return federation::encode(federation::RoutedResponse{
          said_epoch_.value_or(epoch_.value()),
          {{said_log_ ? said_log_->hash() : id.hash(), std::move(answer)}}});
    }
    if (question.operation == "search") {
      const auto asked = must(decode<SearchRequest>(question.body));
      return prove(prove_search(log_.log(), asked), asked.version.has_value());
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
    ++fetches_;
    const federation::DirectoryDocument published = document();
    if (renewals_ > 0) {
      --renewals_;
      renew(true);
    }
    return published;
  }

  const Label alice = label_of("alice@example.com");
  const Label bob = label_of("bob@example.com");

 private:
  template <class Response>
  Result<Bytes> prove(Result<Response> response, bool version_requested = false) const {
    if (!response) return tl::unexpected<Error>(std::move(response).error());
    return keytrans::encode(*response, log_.configuration().context(version_requested));
  }

  // In force for a day before the log's last entry, and a day after.
  [[nodiscard]] federation::DirectoryDocument sign_document() const {
    constexpr std::uint64_t kDay = 86'400'000;
    const auto& configuration = log_.configuration();
    const federation::Url url{true, "kt.example.com", 443, ""};
    const federation::Directory directory{
        domain_of("example.com"),
        epoch_,
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
  federation::Epoch epoch_{1};
  std::optional<federation::DirectoryDocument> document_;
  std::optional<std::uint64_t> said_epoch_;
  std::optional<LogId> said_log_;
  int fetches_ = 0;
  int renewals_ = 0;
};

}  // namespace kt::client
