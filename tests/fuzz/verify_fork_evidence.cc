// verify_fork_evidence: nothing but the honest evidence may convict a log.

#include "keytrans/fork_evidence.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

// A log that signed two histories: the same keys, two logs.
struct Scene {
  Scene() {
    const Configuration configuration =
        World::configuration(CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring);
    const std::string pem = [&] {
      const SecretBytes text = must(must(SigningKey::generate(configuration.ciphersuite)).to_pem());
      return std::string(text.view().begin(), text.view().end());
    }();
    const auto branch = [&](const char* label) {
      LogKeys keys = test_keys(configuration.ciphersuite, configuration.mode, 1);
      keys.signature = must(SigningKey::from_pem(configuration.ciphersuite, pem));
      MemoryLog history = must(MemoryLog::create(configuration, std::move(keys)));
      for (std::uint64_t i = 0; i < 12; ++i)
        must(history.append(Timestamp{1'000 + 700 * i},
                            {{make_label(i < 5 ? "bob" : label), 0, {{to_bytes("value"), {}}}}}));
      log = history.configuration();
      return must(prove_distinguished(history, {}, RecentPolicy{}));
    };
    const auto one = branch("alice");
    const auto other = branch("mallory");
    const auto fork = must(find_fork(*log, one, other, RecentPolicy{}));
    honest = must(fork.value().serialize());
  }

  std::optional<LogConfiguration> log;
  Bytes honest;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  const Bytes message = edit(scene.honest, {data, size});
  const auto evidence = ForkEvidence::parse(message);
  if (!evidence) return 0;
  KT_ASSERT(must(evidence->serialize()) == message);
  // Evidence against another log needs that log's key; against this one, these two signatures.
  if (verify_fork_evidence(*evidence)) KT_ASSERT(evidence->config == scene.log->wire());
  return 0;
}
