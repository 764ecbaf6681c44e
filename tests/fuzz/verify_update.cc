// ClientState::verify of an UpdateResponse that creates two versions.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyManagement};
  ClientState state = [this] {
    ClientState owner = world.owner();
    while (true) {
      const auto update = must(owner.update_request(world.alice, {}));
      const auto response = prove_update(world.log.log(), update, false);
      if (!response) break;
      must(owner.apply(must(owner.verify(update, *response, world.log.now()))));
    }
    return owner;
  }();
  UpdateRequest request =
      must(state.update_request(world.alice, {{to_bytes("one")}, {to_bytes("two")}}));
  Bytes honest =
      must(encode(must(world.log.log().update(request, Timestamp{world.log.now().value() + 10})),
                  world.context()));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<UpdateResponse>(
      scene.state, scene.request, edit(scene.honest, {data, size}), scene.world.context(),
      scene.world.log.now(), [](const UpdateOutcome& outcome) {
        return outcome.values == std::vector<Bytes>({to_bytes("one"), to_bytes("two")});
      });
  return 0;
}
