// ClientState::verify of a DistinguishedResponse, by a new user.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_P256, DeploymentMode::thirdPartyAuditing};
  ClientState state{world.log.configuration()};
  DistinguishedRequest request = state.distinguished_request();
  Bytes honest = must(encode(
      must(prove_distinguished(world.log.log(), request, state.recent_policy())), world.context()));
  std::size_t count = world.returning_user().distinguished().size();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<DistinguishedResponse>(
      scene.state, scene.request, edit(scene.honest, {data, size}), scene.world.context(),
      scene.world.log.now(),
      [](const DistinguishedOutcome& outcome) { return outcome.entries.size() == scene.count; });
  return 0;
}
