// ClientState::verify of an OwnerInitResponse.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_P256, DeploymentMode::contactMonitoring};
  ClientState state = world.returning_user();
  EntryIndex start = state.distinguished().back().position();
  OwnerInitRequest request = state.owner_init_request(world.alice, start);
  Bytes honest = must(encode(must(prove_owner_init(world.log.log(), request)), world.context()));
  std::optional<Version> greatest = must(world.log.log().greatest_version(world.alice, start));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<OwnerInitResponse>(
      scene.state, scene.request, edit(scene.honest, {data, size}), scene.world.context(),
      scene.world.log.now(),
      [](const OwnerInitOutcome& outcome) { return outcome.greatest_at_start == scene.greatest; });
  return 0;
}
