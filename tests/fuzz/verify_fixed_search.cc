// ClientState::verify of a SearchResponse for a named version, by a new user.

#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyManagement};
  ClientState state{world.log.configuration()};
  SearchRequest request = state.search_request(world.alice, Version{6});
  Bytes honest = must(encode(must(prove_search(world.log.log(), request)), world.context(true)));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  attack<SearchResponse>(scene.state, scene.request, edit(scene.honest, {data, size}),
                         scene.world.context(true), scene.world.log.now(),
                         [](const SearchOutcome& outcome) {
                           return outcome.value == TestLog::value_of(scene.world.alice, Version{6});
                         });
  return 0;
}
