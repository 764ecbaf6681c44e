// What a witness keeps of a log, attacked as a record.

#include "mutation.h"
#include "names.h"
#include "seen_log.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring};
  LogId id = world.log.configuration().id();
  Bytes honest = must(gateway::SeenLog{
      domain_of("example.net"), world.log.configuration(), world.log.now(),
      must(encode(must(prove_distinguished(world.log.log(), {}, RecentPolicy{})), world.context()))}
                          .encode());
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scene scene;
  const Bytes record = edit(scene.honest, {data, size});
  const auto seen = gateway::SeenLog::decode(record, scene.id);
  if (!seen) {
    KT_ASSERT(seen.error().code == Errc::corrupt || seen.error().code == Errc::rejected);
    return 0;
  }
  KT_ASSERT(seen->configuration.id() == scene.id);
  KT_ASSERT(gateway::read_shown(seen->configuration, seen->shown).has_value());
  KT_ASSERT(must(seen->encode()) == record);
  return 0;
}
