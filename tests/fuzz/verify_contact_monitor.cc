// ClientState::verify of a ContactMonitorResponse.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring};
  ClientState state = [this] {
    world.grow();
    ClientState before(world.log.configuration());
    const auto search = before.search_request(world.alice);
    const auto response = must(prove_search(world.log.log(), search));
    must(before.apply(must(before.verify(search, response, world.log.now()))));
    for (int i = 0; i < 5; ++i) world.grow();
    return before;
  }();
  ContactMonitorRequest request = must(state.contact_monitor_request(world.alice));
  Bytes honest =
      must(encode(must(prove_contact_monitor(world.log.log(), request)), world.context()));
  std::size_t remaining =
      must(state.verify(request, must(prove_contact_monitor(world.log.log(), request)),
                        world.log.now()))
          .outcome()
          .remaining;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<ContactMonitorResponse>(
      scene.state, scene.request, edit(scene.honest, {data, size}), scene.world.context(),
      scene.world.log.now(), [](const ContactMonitorOutcome& outcome, const FullTreeHead& head) {
        // A log may also answer truly that it still has the tree the user knows.
        const bool same = head.head_type == FullTreeHeadType::same;
        return outcome.remaining == (same ? scene.request.entries.size() : scene.remaining);
      });
  return 0;
}
