// A stored Auditor, attacked as a file.

#include "keytrans/auditor.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

Bytes honest_auditor() {
  World world(CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing);
  Auditor auditor = must(Auditor::from_genesis(world.log.configuration()));
  MemoryAuditedLeaves leaves;
  for (std::uint64_t i = 0; i < world.log.log().size().value(); ++i)
    must(auditor.process(must(world.log.log().auditor_update(EntryIndex{i})), leaves));
  return must(auditor.serialize());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes kHonest = honest_auditor();
  const Bytes message = edit(kHonest, {data, size});
  const auto auditor = Auditor::parse(message);
  if (auditor) KT_ASSERT(must(auditor->serialize()) == message);
  return 0;
}
