// verify_auditor_start of an AuditorStart. What is accepted is a tree that its entries are in, and
// an auditor goes on from it; only the honest one leads to the log's root.

#include "keytrans/auditor_start.h"
#include "keytrans/ibst.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

constexpr std::uint64_t kStart = 13;

struct Scene {
  Scene() : log(must(MemoryLog::create(configuration(), keys()))) {
    for (std::uint64_t i = 0; i < kStart; ++i) must(log.append(Timestamp{1'000 * (i + 1)}, {}, 2));
    honest = must(encode(must(prove_auditor_start(log))));
    root = must(verify_auditor_start(log.configuration(), must(prove_auditor_start(log)))).root();
  }

  static Configuration configuration() {
    Configuration configuration = test_configuration(kSuite, DeploymentMode::thirdPartyAuditing);
    configuration.auditor_start_pos = EntryIndex{kStart};
    return configuration;
  }
  static LogKeys keys() { return test_keys(kSuite, DeploymentMode::thirdPartyAuditing, 0); }
  static constexpr CipherSuite kSuite = CipherSuite::KT_128_SHA256_Ed25519;

  MemoryLog log;
  Bytes honest;
  HashValue root{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scene scene;
  const Bytes message = edit(scene.honest, {data, size});
  const auto start = decode<AuditorStart>(message);
  if (!start) return 0;
  KT_ASSERT(must(encode(*start)) == message);
  const auto view = verify_auditor_start(scene.log.configuration(), *start);
  if (!view) {
    KT_ASSERT(message != scene.honest && view.error().code == Errc::verification_failed);
    return 0;
  }
  KT_ASSERT((view->root() == scene.root) == (message == scene.honest));
  KT_ASSERT(view->size == TreeSize{kStart} && view->is_well_formed());
  must(Auditor::from_view(scene.log.configuration(), *view));
  return 0;
}
