// verify_consistency, by somebody who has seen an earlier tree: what is believed is the root there
// is.

#include "keytrans/consistency.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  Scene() {
    state = world.returning_user();
    size = TreeSize{world.log.log().size().value() + 1};
    world.grow();
    request = {state->last(), size};
    const auto response = must(prove_consistency(world.log.log(), request));
    root = must(verify_consistency(world.log.configuration(), state->view(), request, response));
    honest = must(encode(response));
  }

  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring};
  std::optional<ClientState> state;
  TreeSize size;
  ConsistencyRequest request;
  HashValue root{};
  Bytes honest;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  const Bytes message = edit(scene.honest, {data, size});
  if (const auto request = decode_consistency_request(message))
    KT_ASSERT(must(encode(*request)) == message);
  const auto response = decode_consistency_response(message);
  if (!response) return 0;
  KT_ASSERT(must(encode(*response)) == message);
  const auto root = verify_consistency(scene.world.log.configuration(), scene.state->view(),
                                       scene.request, *response);
  KT_ASSERT(!root || *root == scene.root);
  return 0;
}
