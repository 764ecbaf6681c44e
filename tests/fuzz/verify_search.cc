// ClientState::verify of a SearchResponse for the greatest version, by a returning user.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_P256, DeploymentMode::contactMonitoring};
  ClientState state = [this] {
    ClientState before = world.returning_user();
    world.grow();
    return before;
  }();
  SearchRequest request = state.search_request(world.alice);
  Bytes honest = must(encode(must(prove_search(world.log.log(), request)), world.context()));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<SearchResponse>(
      scene.state, scene.request, edit(scene.honest, {data, size}), scene.world.context(),
      scene.world.log.now(), [](const SearchOutcome& outcome) {
        return outcome.value == TestLog::value_of(scene.world.alice, outcome.version);
      });
  return 0;
}
