// What another gateway says that a log has shown it: nothing but what the log has signed may be
// believed, and nothing may convict a log that behaves.

#include "keytrans/fork_evidence.h"
#include "mutation.h"
#include "seen_log.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  explicit Scene(DeploymentMode mode) : world(CipherSuite::KT_128_SHA256_Ed25519, mode) {
    earlier = must(prove_distinguished(world.log.log(), {}, RecentPolicy{}));
    world.grow();
    later = must(prove_distinguished(world.log.log(), {}, RecentPolicy{}));
    honest = must(encode(later, world.context()));
  }

  World world;
  DistinguishedResponse earlier;
  DistinguishedResponse later;
  Bytes honest;
};

void attack(const Scene& scene, ByteView edits) {
  const LogConfiguration& log = scene.world.log.configuration();
  const auto response = gateway::read_shown(log, edit(scene.honest, edits));
  if (!response) return;
  const auto shown = verify_shown(log, *response, RecentPolicy{});
  if (!shown) return;
  const auto honest = must(verify_shown(log, scene.later, RecentPolicy{}));
  KT_ASSERT(shown->size == honest.size && shown->distinguished == honest.distinguished);
  for (const DistinguishedResponse& mine : {scene.earlier, scene.later}) {
    KT_ASSERT(!must(find_fork(log, mine, *response, RecentPolicy{})).has_value());
    const auto known = must(verify_shown(log, mine, RecentPolicy{}));
    KT_ASSERT(compare_shown(known, *shown) == ListComparison::same);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scene plain(DeploymentMode::contactMonitoring);
  static const Scene audited(DeploymentMode::thirdPartyAuditing);
  attack(plain, {data, size});
  attack(audited, {data, size});
  return 0;
}
