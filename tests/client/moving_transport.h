// Two logs in memory and the gateway of example.com, whose labels move from one to the other, as
// far as a test has them move. Any of the three may lie.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/transport.h"
#include "federation/final_head.h"
#include "federation/reserved.h"
#include "federation/routed_messages.h"
#include "federation/tombstone.h"
#include "keytrans/consistency.h"
#include "names.h"
#include "test_log.h"

namespace kt::client {

class MovingTransport final : public Transport {
 public:
  using Log = keytrans::MemoryLog;

  explicit MovingTransport(Timestamp now)
      : now_(now),
        from_(configuration(keytrans::CipherSuite::KT_128_SHA256_P256)),
        to_(configuration(keytrans::CipherSuite::KT_128_SHA256_Ed25519), 1) {
    for (Log* const log : {&old_log(), &new_log()}) put(*log, label_of("filler@example.com"), "x");
    put(old_log(), alice, "alice 0");
    put(old_log(), bob, "bob 0");
    publish(federation::SinglePolicy{old_id()},
            {federation::LogState::active, federation::LogState::active});
  }

  [[nodiscard]] Log& old_log() { return from_.log(); }
  [[nodiscard]] Log& new_log() { return to_.log(); }
  [[nodiscard]] LogId old_id() const { return from_.configuration().id(); }
  [[nodiscard]] LogId new_id() const { return to_.configuration().id(); }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] const federation::DirectoryDocument& document() const { return *document_; }

  // --- What gateways do ------------------------------------------------------------------------

  // The next version of a label, in an entry of its own, which becomes distinguished.
  void put(Log& log, const Label& label, const Bytes& value) {
    const Version next{greatest(log, label) ? greatest(log, label)->value() + 1 : 0};
    must(log.append(tick(), {{label, 0, {must(log.make_value(label, next, value))}}}));
  }
  void put(Log& log, const Label& label, std::string_view value) { put(log, label, text(value)); }
  void put_heartbeat(Log& log) { must(log.append(tick(), {})); }
  void bury(const Label& label) { put(old_log(), label, tombstone_to(new_id())); }
  // Moves a label with that value.
  void move(const Label& label, std::string_view value) {
    put(new_log(), label, value);
    bury(label);
  }
  void put_final_head(const federation::FinalHead& head) {
    put(new_log(), federation::final_head_label(old_id()), must(head.encode()));
  }
  [[nodiscard]] federation::FinalHead final_head(bool is_compromised = false) {
    const TreeSize size = old_log().size();
    std::vector<HashValue> heads;
    for (const keytrans::Subtree& each : keytrans::full_subtrees(size))
      heads.push_back(must(old_log().log_nodes().node(each)));
    return {size, keytrans::log_root(size, heads), is_compromised};
  }
  void publish_gradual() {
    publish(federation::GradualPolicy{old_id(), new_id()},
            {federation::LogState::active, federation::LogState::active});
  }
  void publish_end(federation::LogState state = federation::LogState::draining) {
    publish(federation::SinglePolicy{new_id()}, {state, federation::LogState::active});
  }
  // The first document is published again.
  void replay_document() { document_ = first_document_; }

  static Bytes text(std::string_view value) { return to_bytes(value); }
  static Bytes tombstone_to(const LogId& id) {
    return must(federation::Tombstone{id.hash(), 1}.encode());
  }

  // --- Lies ------------------------------------------------------------------------------------

  // Answers in the place of the log `where`, "/old" or "/new", or the gateway, "", when it returns
  // something.
  using Lie = std::function<std::optional<Result<Bytes>>(const std::string& where,
                                                         const Question& question)>;
  void lie(Lie lie) { lie_ = std::move(lie); }

  // The honest answer of a log.
  Result<Bytes> ask(Log& log, const Question& question) {
    using namespace keytrans;
    const std::string& name = question.operation;
    if (name == "search") {
      const auto asked = must(decode<SearchRequest>(question.body));
      return prove(log, prove_search(log, asked), asked.version.has_value());
    }
    if (name == "distinguished")
      return prove(log, prove_distinguished(log, must(decode<DistinguishedRequest>(question.body)),
                                            RecentPolicy{}));
    if (name == "owner-init")
      return prove(log, prove_owner_init(log, must(decode<OwnerInitRequest>(question.body))));
    if (name == "owner-monitor")
      return prove(log,
                   prove_owner_monitor(log, must(decode<OwnerMonitorRequest>(question.body)), 100));
    if (name == "contact-monitor")
      return prove(log,
                   prove_contact_monitor(log, must(decode<ContactMonitorRequest>(question.body))));
    if (name == "consistency") {
      auto response = prove_consistency(log, must(decode_consistency_request(question.body)));
      if (response) return encode(*response);
      // As the HTTP transport tells of stale-view.
      return fail(Errc::verification_failed, "the log says that it is smaller");
    }
    return fail(Errc::unavailable, "not answered in this test");
  }

  Result<Bytes> post(const Origin& origin, const Question& question) override {
    const std::string& where = origin.url.path;
    if (lie_) {
      if (auto answer = lie_(where, question)) return *std::move(answer);
    }
    return answer(where, question);
  }
  // Without a lie.
  Result<Bytes> answer(const std::string& where, const Question& question) {
    if (where == "/old") return ask(old_log(), question);
    if (where == "/new") return ask(new_log(), question);
    if (question.operation == "lookup") return look_up(question);
    if (question.operation == "routed-update") return update(question);
    return fail(Errc::unavailable, "not answered in this test");
  }
  Result<federation::DirectoryDocument> fetch(const Origin& /*origin*/,
                                              const federation::Domain& /*domain*/) override {
    return document();
  }

  const Label alice = label_of("alice@example.com");
  const Label bob = label_of("bob@example.com");

 private:
  struct States {
    federation::LogState of_old;
    federation::LogState of_new;
  };

  static keytrans::Configuration configuration(keytrans::CipherSuite suite) {
    return keytrans::test_configuration(suite, keytrans::DeploymentMode::contactMonitoring);
  }

  Timestamp tick() {
    constexpr std::uint64_t kApart = 1'100;
    now_ = Timestamp{now_.value() + kApart};
    return now_;
  }
  static std::optional<Version> greatest(const Log& log, const Label& label) {
    if (log.size() == TreeSize{0}) return std::nullopt;
    return must(log.greatest_version(label, rightmost(log.size())));
  }

  template <class Response>
  static Result<Bytes> prove(const Log& log, Result<Response> response,
                             bool version_requested = false) {
    if (!response) return tl::unexpected<Error>(std::move(response).error());
    return keytrans::encode(*response, log.configuration().context(version_requested));
  }

  Result<Bytes> search(Log& log, const federation::LookupRequest& asked) {
    const auto request = federation::search_request(asked, log.configuration().id());
    return prove(log, keytrans::prove_search(log, request));
  }

  Result<Bytes> look_up(const Question& question) {
    const auto asked = must(federation::decode<federation::LookupRequest>(question.body));
    const auto& policy = document().directory().policy;
    federation::RoutedResponse routed{document().directory().epoch.value(), {}};
    const auto add = [&](Log& log) -> Result<void> {
      KT_TRY(Bytes answer, search(log, asked));
      routed.answers.push_back({log.configuration().id().hash(), std::move(answer)});
      return {};
    };
    const auto* const single = std::get_if<federation::SinglePolicy>(&policy);
    if (single != nullptr) {
      KT_TRY(add(single->log == old_id() ? old_log() : new_log()));
    } else {
      KT_TRY(add(old_log()));
      const auto before = must(old_log().value(asked.label, *greatest(old_log(), asked.label)));
      const auto moved = federation::has_moved(before.update.value, new_id());
      if (moved && *moved) KT_TRY(add(new_log()));
    }
    return federation::encode(routed);
  }

  // Of the log that has the label while labels do not move.
  Result<Bytes> update(const Question& question) {
    const auto asked = must(federation::decode<federation::RoutedUpdateRequest>(question.body));
    const auto& view = asked.views.at(0);
    Log& log = LogId(view.log_id) == old_id() ? old_log() : new_log();
    KT_TRY(Bytes answer,
           prove(log, log.update({view.last, asked.label, view.greatest_version, asked.values},
                                 tick())));
    return federation::encode(federation::RoutedResponse{document().directory().epoch.value(),
                                                         {{view.log_id, std::move(answer)}}});
  }

  void publish(const federation::DirectoryPolicy& policy, const States& states) {
    using federation::LogState;
    constexpr std::uint64_t kDay = 86'400'000;
    const std::uint64_t epoch = document_ ? document_->directory().epoch.value() + 1 : 1;
    const auto at = [](const char* path) {
      return federation::Url{true, "kt.example.com", 443, path};
    };
    const federation::Directory directory{
        domain_of("example.com"),
        federation::Epoch{epoch},
        Timestamp{now_.value() - kDay},
        Timestamp{now_.value() + kDay},
        federation::LabelRule::bytes,
        at(""),
        policy,
        {{from_.configuration(), "old", states.of_old, at("/old")},
         {to_.configuration(), "new", states.of_new, at("/new")}}};
    const std::vector<federation::DirectorySigner> signers{{old_id(), &old_log().keys().signature},
                                                           {new_id(), &new_log().keys().signature}};
    document_ = must(federation::DirectoryDocument::sign(directory, signers));
    if (!first_document_) first_document_ = document_;
    const Bytes entry = must(document_->entry().encode());
    const Label label = label_of(federation::kDirectoryLabel);
    if (states.of_old == LogState::active) put(old_log(), label, entry);
    if (states.of_new == LogState::active) put(new_log(), label, entry);
  }

  Timestamp now_;
  keytrans::TestLog from_;
  keytrans::TestLog to_;
  std::optional<federation::DirectoryDocument> document_;
  std::optional<federation::DirectoryDocument> first_document_;
  Lie lie_;
};

}  // namespace kt::client
