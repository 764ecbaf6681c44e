// A stored RetainedCredential, attacked as a file.

#include "keytrans/credential.h"
#include "keytrans/prover.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

Bytes honest_credential() {
  World world(CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring);
  const ClientState user = world.returning_user();
  world.grow();
  const auto credential =
      must(prove_credential(world.log.log(), world.alice, user.distinguished().back().position()));
  const auto verified =
      must(verify_credential(world.log.configuration(), user.distinguished(), credential));
  return must(std::get<RetainedCredential>(verified).serialize());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes kHonest = honest_credential();
  const auto credential = RetainedCredential::parse(edit(kHonest, {data, size}));
  if (!credential) return 0;
  KT_ASSERT(must(RetainedCredential::parse(must(credential->serialize()))) == *credential);
  return 0;
}
