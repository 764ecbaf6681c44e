// ClientState::verify of an OwnerMonitorResponse.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing};
  ClientState state = [this] {
    ClientState owner = world.owner();
    // The owner catches up with the versions that were made after its start.
    while (true) {
      const auto update = must(owner.update_request(world.alice, {}));
      const auto response = prove_update(world.log.log(), update, false);
      if (!response) break;
      must(owner.apply(must(owner.verify(update, *response, world.log.now()))));
    }
    return owner;
  }();
  OwnerMonitorRequest request = must(state.owner_monitor_request(world.alice));
  Bytes honest = must(encode(must(prove_owner_monitor(world.log.log(), request)), world.context()));
  EntryIndex last = state.distinguished().back().position();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<OwnerMonitorResponse>(
      scene.state, scene.request, edit(scene.honest, {data, size}), scene.world.context(),
      scene.world.log.now(),
      [](const OwnerMonitorOutcome& outcome) { return outcome.verified_through <= scene.last; });
  return 0;
}
