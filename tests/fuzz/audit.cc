// Auditor::process of an AuditorUpdate. Only the honest one may be accepted, and a refused one
// changes nothing.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  Scene() {
    const std::uint64_t last = world.log.log().size().value() - 1;
    for (std::uint64_t i = 0; i < last; ++i)
      must(auditor.process(must(world.log.log().auditor_update(EntryIndex{i})), leaves));
    honest = must(encode(must(world.log.log().auditor_update(EntryIndex{last}))));
    before = must(auditor.serialize());
  }

  World world{CipherSuite::KT_128_SHA256_P256, DeploymentMode::thirdPartyAuditing};
  Auditor auditor = must(Auditor::from_genesis(world.log.configuration()));
  MemoryAuditedLeaves leaves;
  Bytes honest;
  Bytes before;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  const Bytes message = edit(scene.honest, {data, size});
  const auto update = decode<AuditorUpdate>(message);
  if (!update) return 0;
  KT_ASSERT(must(encode(*update)) == message);
  Auditor auditor = scene.auditor;
  MemoryAuditedLeaves leaves = scene.leaves;
  if (auditor.process(*update, leaves)) {
    // An auditor cannot tell a log what to add; it can only check that nothing else happened.
    KT_ASSERT(auditor.size().value() == scene.auditor.size().value() + 1);
    return 0;
  }
  KT_ASSERT(must(auditor.serialize()) == scene.before);
  return 0;
}
