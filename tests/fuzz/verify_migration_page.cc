// What a gateway says of both logs of a migration that is over, to somebody who verifies it. The
// first byte says what is attacked: 0 the page as text, others one of its members, whose bytes the
// rest edits. A label that the logs do not show moved is not counted as moved.

#include <algorithm>
#include <array>

#include "federation/final_head.h"
#include "federation/strict_json.h"
#include "federation/tombstone.h"
#include "keytrans/base64url.h"
#include "keytrans/consistency.h"
#include "keytrans/prover.h"
#include "migrate_verify.h"
#include "must.h"
#include "mutation.h"
#include "names.h"
#include "test_log.h"

namespace {

using namespace kt;
using namespace kt::gateway;
using nlohmann::json;

constexpr const char* kFinalHead = "final_head";
constexpr const char* kLoggedFinalHead = "logged_final_head";
// Those of the page; the others are of its one label.
constexpr std::array kOfPage{"from", "to", kFinalHead, kLoggedFinalHead, kPageFinalHeadProof};
constexpr std::array kOfLabel{kPageLabel, kPageFrom, kPageFromBefore, kPageTo};

class Scene {
 public:
  Scene() {
    put(from_, alice_, Version{0}, to_bytes("a value"));
    put(from_, alice_, Version{1}, must(federation::Tombstone{id(to_).hash(), 0}.encode()));
    put(to_, alice_, Version{0}, to_bytes("a value"));
    const TreeSize size = from_.log().size();
    const auto proof = must(prove_consistency(from_.log(), {std::nullopt, size}));
    const HashValue root =
        must(verify_consistency(from_.configuration(), std::nullopt, {std::nullopt, size}, proof));
    const Bytes head = must(federation::FinalHead{size, root, false}.encode());
    const Label head_label = federation::final_head_label(id(from_));
    put(to_, head_label, Version{0}, head);
    const json label{{kPageLabel, text(alice_.bytes())},
                     {kPageFrom, search(from_, alice_)},
                     {kPageFromBefore, search(from_, alice_, Version{0})},
                     {kPageTo, search(to_, alice_)}};
    page_ = {{"from", text(must(encode(from_.configuration().wire())))},
             {"to", text(must(encode(to_.configuration().wire())))},
             {"labels", json::array({label})},
             {kFinalHead, text(head)},
             {kLoggedFinalHead, search(to_, head_label)},
             {kPageFinalHeadProof, text(must(encode(proof)))}};
    const MigrationReport report = *verify(page_);
    KT_ASSERT(report.moved == 1 && report.faults == 0);
  }

  void attack_text(ByteView edits) const {
    const Bytes message = keytrans::edit(to_bytes(page_.dump()), edits);
    const auto page =
        federation::parse_json({reinterpret_cast<const char*>(message.data()), message.size()});
    if (page) check(*page);
  }

  void attack_member(std::size_t choice, ByteView edits) const {
    json page = page_;
    const std::size_t number = choice % (kOfPage.size() + kOfLabel.size());
    json& member = number < kOfPage.size()
                       ? page[kOfPage.at(number)]
                       : page["labels"][0][kOfLabel.at(number - kOfPage.size())];
    const Bytes honest = *from_base64url(member.get_ref<const std::string&>());
    member = text(keytrans::edit(honest, edits));
    check(page);
  }

 private:
  using TestLog = keytrans::TestLog;

  static keytrans::Configuration configuration() {
    return keytrans::test_configuration(keytrans::CipherSuite::KT_128_SHA256_Ed25519,
                                        keytrans::DeploymentMode::contactMonitoring);
  }
  static LogId id(const TestLog& log) { return log.configuration().id(); }
  static std::string text(ByteView bytes) { return to_base64url(bytes); }

  void put(TestLog& log, const Label& label, Version version, const Bytes& value) {
    auto made = must(log.log().make_value(label, version, value));
    now_ = Timestamp{now_.value() + 10};
    must(log.log().append(now_, {{label, 0, {std::move(made)}}}));
  }

  static std::string search(const TestLog& log, const Label& label,
                            std::optional<Version> version = std::nullopt) {
    const auto response = must(prove_search(log.log(), {std::nullopt, label, version}));
    return text(must(encode(response, log.configuration().context(version.has_value()))));
  }

  [[nodiscard]] std::optional<MigrationReport> verify(const json& page) const {
    MigrationVerifier verifier(true, id(from_), id(to_));
    if (!verifier.take(page, now_)) return std::nullopt;
    (void)format_page_request(verifier.next()).dump();
    return verifier.report();
  }

  // Alice's label has moved; nothing else can be proved of it, and nothing of any other label. A
  // page may have it twice.
  void check(const json& page) const {
    const auto report = verify(page);
    if (!report) return;
    KT_ASSERT(report->updated == 0);
    const auto& labels = page["labels"];
    const auto is_alice = [&](const json& each) {
      return each[kPageLabel] == text(alice_.bytes());
    };
    const auto of_alice = std::count_if(labels.begin(), labels.end(), is_alice);
    KT_ASSERT(report->moved <= static_cast<std::uint64_t>(of_alice));
    if (report->faults == 0 && page.contains(kFinalHead))
      KT_ASSERT(page[kFinalHead] == page_[kFinalHead]);
  }

  const Label alice_ = label_of("alice@example.com");
  Timestamp now_{10'000};
  TestLog from_{configuration(), 1};
  TestLog to_{configuration(), 2};
  json page_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scene scene;
  if (size == 0) return 0;
  const ByteView edits(data + 1, size - 1);
  if (data[0] == 0) {
    scene.attack_text(edits);
  } else {
    scene.attack_member(data[0] - 1U, edits);
  }
  return 0;
}
