// finally_verify with a CredentialUpdate. Only the honest one may settle the credential.

#include "keytrans/credential.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  Scene() {
    const EntryIndex position = world.returning_user().distinguished().back().position();
    const ClientState before = world.returning_user();
    world.grow();
    const auto credential = must(prove_credential(world.log.log(), world.alice, position));
    retained = std::get<RetainedCredential>(
        must(verify_credential(world.log.configuration(), before.distinguished(), credential)));
    // Until an entry to the right of the terminal one is distinguished, and it itself is not.
    for (int i = 0; i < 40; ++i) {
      world.log.append(Timestamp{world.log.now().value() + 200}, {{world.bob}});
      const auto update = prove_credential_update(world.log.log(), world.alice, credential.version,
                                                  retained->terminal, retained->view.size);
      if (!update) continue;
      honest = must(encode(*update));
      break;
    }
    known = world.returning_user().distinguished();
    KT_ASSERT(finally_verify(world.log.configuration(), *retained, known,
                             must(decode<CredentialUpdate>(honest)))
                  .has_value());
  }

  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring};
  std::optional<RetainedCredential> retained;
  std::vector<KnownDistinguished> known;
  Bytes honest;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  const Bytes message = edit(scene.honest, {data, size});
  const auto update = decode<CredentialUpdate>(message);
  if (!update) return 0;
  const auto settled =
      finally_verify(scene.world.log.configuration(), *scene.retained, scene.known, *update);
  if (settled) KT_ASSERT(message == scene.honest);
  return 0;
}
