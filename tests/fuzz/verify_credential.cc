// verify_credential, for a provisional credential and (odd first byte) a standard one.

#include "keytrans/credential.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  World world{CipherSuite::KT_128_SHA256_P256, DeploymentMode::contactMonitoring};
  ClientState user = world.returning_user();
  Bytes standard = credential();
  Bytes provisional = (world.grow(), credential());

  [[nodiscard]] Bytes credential() const {
    return must(encode(must(prove_credential(world.log.log(), world.alice,
                                             user.distinguished().back().position())),
                       world.context()));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  if (size == 0) return 0;
  const Bytes& honest = data[0] % 2 == 1 ? scene.standard : scene.provisional;
  const Bytes message = edit(honest, {data + 1, size - 1});
  const auto credential = decode<Credential>(message, scene.world.context());
  if (!credential) return 0;
  KT_ASSERT(must(encode(*credential, scene.world.context())) == message);
  const auto verified =
      verify_credential(scene.world.log.configuration(), scene.user.distinguished(), *credential);
  if (!verified) return 0;
  const auto* const retained = std::get_if<RetainedCredential>(&*verified);
  const CredentialOutcome& outcome =
      retained != nullptr ? retained->outcome : std::get<CredentialOutcome>(*verified);
  KT_ASSERT(outcome.value == TestLog::value_of(outcome.label, outcome.version));
  return 0;
}
