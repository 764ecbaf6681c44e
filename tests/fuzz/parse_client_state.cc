// A stored ClientState, attacked as a file. What parses must serialise to the same bytes, and be
// safe to ask.

#include "keytrans/client_state.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

Bytes honest_state() {
  World world(CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring);
  ClientState state = world.owner();
  world.grow();
  const auto request = state.search_request(world.alice);
  const auto response = must(prove_search(world.log.log(), request));
  must(state.apply(must(state.verify(request, response, world.log.now()))));
  return must(state.serialize());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes kHonest = honest_state();
  const Bytes message = edit(kHonest, {data, size});
  const auto state = ClientState::parse(message);
  if (!state) return 0;
  KT_ASSERT(must(ClientState::parse(must(state->serialize()))) == *state);
  for (const Obligation& obligation : state->obligations()) {
    if (obligation.kind == Obligation::Kind::owner_monitoring)
      KT_ASSERT(state->owner_monitor_request(obligation.label).has_value());
  }
  return 0;
}
