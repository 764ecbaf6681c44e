// The one request whose encoding depends on the deployment mode.

#include "keytrans/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kt::keytrans;
  constexpr WireContext kContext{CipherSuite::KT_128_SHA256_Ed25519,
                                 DeploymentMode::thirdPartyManagement};
  const kt::ByteView input(data, size);
  const auto message = decode<ManagerUpdateRequest>(input, kContext);
  if (!message) return 0;
  const auto again = encode(*message, kContext);
  KT_ASSERT(again.has_value() && kt::equal(*again, input));
  return 0;
}
