// What Oblivious HTTP costs a gateway: a request opened and its answer sealed, beside the one
// X25519 that neither can do without.
//
// build/release/bench/ohttp_bench --benchmark_format=json
//
// Times of one run compare with each other and with nothing else. They are of the processor, so
// that other work on the machine does not count. The counter `ratio_to_x25519` of Ohttp is the one
// with a target: at least 0.85 of the rate of bare X25519, measured in the same iterations.

#include <array>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include "federation/ohttp.h"

namespace kt::federation {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}
void must(bool done) {
  if (!done) throw std::runtime_error("libcrypto");
}

// What this thread has used.
double processor_seconds() {
  timespec used{};
  must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// What `openssl speed ecdhx25519` repeats: one agreement between keys that are set up.
class BareX25519 {
 public:
  BareX25519()
      : own_(new_key()), peer_(new_key()), context_(EVP_PKEY_CTX_new(own_.get(), nullptr)) {
    must(context_ != nullptr && EVP_PKEY_derive_init(context_.get()) == 1 &&
         EVP_PKEY_derive_set_peer(context_.get(), peer_.get()) == 1);
  }

  void agree() {
    std::size_t size = secret_.size();
    must(EVP_PKEY_derive(context_.get(), secret_.data(), &size) == 1);
    benchmark::DoNotOptimize(secret_);
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  };
  using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

  static KeyPtr new_key() {
    KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    must(key != nullptr);
    return key;
  }

  KeyPtr own_;
  KeyPtr peer_;
  std::unique_ptr<EVP_PKEY_CTX, Free> context_;
  std::array<std::uint8_t, 32> secret_{};
};

void X25519(benchmark::State& state) {
  BareX25519 bare;
  for (auto _ : state) bare.agree();
}
BENCHMARK(X25519);

OhttpKey new_key(HpkeAead aead) {
  return {1,
          HpkeKem::X25519_HKDF_SHA256,
          must(keytrans::DhPrivateKey::generate(keytrans::DhGroup::X25519)),
          {{HpkeKdf::HKDF_SHA256, aead}}};
}

// Requests of 512 bytes, each another; answers of range(1).
void Ohttp(benchmark::State& state) {
  const OhttpKey key = new_key(static_cast<HpkeAead>(state.range(0)));
  std::vector<Bytes> requests;
  for (int i = 0; i < 64; ++i)
    requests.push_back(must(seal_ohttp_request(key.config(), Bytes(512, 'r'))).message);
  const Bytes answer(static_cast<std::size_t>(state.range(1)), 'a');
  BareX25519 bare;
  double whole = 0;
  double agreement = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    const Bytes& request = requests[next++ % requests.size()];
    const double start = processor_seconds();
    const OpenedOhttpRequest opened = must(key.open_request(request, OhttpEncoding::whole));
    benchmark::DoNotOptimize(must(opened.exchange.seal_response(answer)));
    const double sealed = processor_seconds();
    bare.agree();
    const double end = processor_seconds();
    whole += sealed - start;
    agreement += end - sealed;
    state.SetIterationTime(sealed - start);
  }
  state.counters["ratio_to_x25519"] = agreement / whole;
}
BENCHMARK(Ohttp)
    ->ArgNames({"aead", "answer"})
    ->ArgsProduct({{1, 2, 3}, {1024, 8192}})
    ->UseManualTime();

}  // namespace
}  // namespace kt::federation
