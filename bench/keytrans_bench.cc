// What the protocol costs: VRFs beside the curve operations they cannot do without, commitments,
// the prefix tree, and a greatest-version search from both sides, with proof sizes in bytes.
//
// build/release/bench/keytrans_bench --benchmark_format=json
//
// Times of one run compare with each other and with nothing else. The counter `ratio_to_crypto` of
// VerifySearch is the one with a target: at most 1.3 times its VRF verifications and one signature
// verification, both measured in the same iterations.

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <sodium.h>

#include "keytrans/client_state.h"
#include "keytrans/commitment.h"
#include "keytrans/memory_log.h"
#include "keytrans/prover.h"

namespace kt::keytrans {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().detail);
}

CipherSuite suite_of(const benchmark::State& state) {
  return static_cast<CipherSuite>(state.range(0));
}

void both_suites(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("suite")->Arg(1)->Arg(2);
}

Label make_label(const std::string& text) { return must(Label::create(text)); }

// --- VRF -------------------------------------------------------------------------------------

void VrfProve(benchmark::State& state) {
  const auto key = must(VrfPrivateKey::generate(suite_of(state)));
  std::uint32_t version = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(must(key.prove(vrf_input(make_label("alice"), Version{version++}))));
}
BENCHMARK(VrfProve)->Apply(both_suites);

void VrfVerify(benchmark::State& state) {
  const auto key = must(VrfPrivateKey::generate(suite_of(state)));
  const auto public_key = must(VrfPublicKey::parse(suite_of(state), key.public_key()));
  // Many inputs, as the number of tries to reach the curve differs.
  std::vector<std::pair<Bytes, Bytes>> proofs;
  for (std::uint32_t v = 0; v < 64; ++v) {
    Bytes alpha = vrf_input(make_label("alice"), Version{v});
    Bytes proof = must(key.prove(alpha)).proof;
    proofs.emplace_back(std::move(alpha), std::move(proof));
  }
  std::size_t i = 0;
  for (auto _ : state) {
    const auto& [alpha, proof] = proofs[i++ % proofs.size()];
    benchmark::DoNotOptimize(must(public_key.verify(alpha, proof)));
  }
}
BENCHMARK(VrfVerify)->Apply(both_suites);

// The curve operations of ECVRF-P256-SHA256-TAI alone. Proving: one multiplication of the base, two
// of a point. Verifying: s*B - c*Y at once, two of a point, one addition. Neither has the square
// roots of decoding points.
class P256Operations {
 public:
  P256Operations()
      : group_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), EC_GROUP_free),
        scratch_(BN_CTX_new(), BN_CTX_free),
        scalar_(BN_new(), BN_free),
        point_(EC_POINT_new(group_.get()), EC_POINT_free),
        result_(EC_POINT_new(group_.get()), EC_POINT_free) {
    const Bytes bytes(32, 0x5a);
    BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), scalar_.get());
    multiply_base();
    EC_POINT_copy(point_.get(), result_.get());
  }
  void multiply_base() { run(scalar_.get(), nullptr, nullptr); }
  void multiply() { run(nullptr, point_.get(), scalar_.get()); }
  void multiply_base_and_add() { run(scalar_.get(), point_.get(), scalar_.get()); }
  void add() {
    EC_POINT_add(group_.get(), result_.get(), point_.get(), result_.get(), scratch_.get());
  }

 private:
  void run(const BIGNUM* base, const EC_POINT* point, const BIGNUM* scalar) {
    if (EC_POINT_mul(group_.get(), result_.get(), base, point, scalar, scratch_.get()) != 1)
      throw std::runtime_error("EC_POINT_mul");
  }
  std::unique_ptr<EC_GROUP, void (*)(EC_GROUP*)> group_;
  std::unique_ptr<BN_CTX, void (*)(BN_CTX*)> scratch_;
  std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> scalar_;
  std::unique_ptr<EC_POINT, void (*)(EC_POINT*)> point_;
  std::unique_ptr<EC_POINT, void (*)(EC_POINT*)> result_;
};

// The same for ECVRF-EDWARDS25519-SHA512-TAI.
class Edwards25519Operations {
 public:
  Edwards25519Operations() {
    if (sodium_init() < 0) throw std::runtime_error("sodium_init");
    scalar_.fill(0x05);
    multiply_base();
    point_ = result_;
  }
  void multiply_base() {
    if (crypto_scalarmult_ed25519_base_noclamp(result_.data(), scalar_.data()) != 0)
      throw std::runtime_error("crypto_scalarmult_ed25519_base_noclamp");
  }
  void multiply() {
    if (crypto_scalarmult_ed25519_noclamp(result_.data(), scalar_.data(), point_.data()) != 0)
      throw std::runtime_error("crypto_scalarmult_ed25519_noclamp");
  }
  void multiply_base_and_add() {
    multiply_base();
    multiply();
    add();
  }
  void add() {
    const auto other = result_;
    if (crypto_core_ed25519_add(result_.data(), point_.data(), other.data()) != 0)
      throw std::runtime_error("crypto_core_ed25519_add");
  }

 private:
  std::array<std::uint8_t, 32> scalar_{};
  std::array<std::uint8_t, 32> point_{};
  std::array<std::uint8_t, 32> result_{};
};

template <class Operations>
void bare_prove(benchmark::State& state) {
  Operations curve;
  for (auto _ : state) {
    curve.multiply_base();
    curve.multiply();
    curve.multiply();
  }
}

template <class Operations>
void bare_verify(benchmark::State& state) {
  Operations curve;
  for (auto _ : state) {
    curve.multiply_base_and_add();
    curve.multiply();
    curve.multiply();
    curve.add();
  }
}

void VrfProveCurveOperationsOnly(benchmark::State& state) {
  suite_of(state) == CipherSuite::KT_128_SHA256_P256 ? bare_prove<P256Operations>(state)
                                                     : bare_prove<Edwards25519Operations>(state);
}
BENCHMARK(VrfProveCurveOperationsOnly)->Apply(both_suites);

void VrfVerifyCurveOperationsOnly(benchmark::State& state) {
  suite_of(state) == CipherSuite::KT_128_SHA256_P256 ? bare_verify<P256Operations>(state)
                                                     : bare_verify<Edwards25519Operations>(state);
}
BENCHMARK(VrfVerifyCurveOperationsOnly)->Apply(both_suites);

// --- Signature, commitment -------------------------------------------------------------------

void SignatureVerify(benchmark::State& state) {
  const auto key = must(SigningKey::generate(suite_of(state)));
  const auto public_key = must(VerifyingKey::parse(suite_of(state), key.public_key()));
  const Bytes message(200, 0x61);
  const Bytes signature = must(key.sign(message));
  for (auto _ : state) must(public_key.verify(message, signature));
}
BENCHMARK(SignatureVerify)->Apply(both_suites);

void Commitment(benchmark::State& state) {
  const CommitmentValue value{{},
                              make_label("alice@example.com"),
                              Version{7},
                              {Bytes(static_cast<std::size_t>(state.range(0)), 0x61), {}}};
  const WireContext context{CipherSuite::KT_128_SHA256_P256, DeploymentMode::contactMonitoring};
  for (auto _ : state) benchmark::DoNotOptimize(must(commit(value, context)));
}
BENCHMARK(Commitment)->ArgName("value_bytes")->Arg(32)->Arg(1024)->Arg(65536);

// --- Prefix tree -----------------------------------------------------------------------------

std::vector<PrefixLeaf> random_leaves(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<PrefixLeaf> leaves(count);
  for (PrefixLeaf& leaf : leaves) {
    for (std::uint8_t& byte : leaf.vrf_output) byte = static_cast<std::uint8_t>(random());
    leaf.commitment[0] = leaf.vrf_output[0];
  }
  return leaves;
}

// A whole tree at once.
void PrefixTreeBuild(benchmark::State& state) {
  const auto leaves = random_leaves(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) {
    MemoryPrefixNodes nodes;
    benchmark::DoNotOptimize(must(prefix_update(nodes, {}, leaves, {})));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(PrefixTreeBuild)
    ->RangeMultiplier(10)
    ->Range(1'000, 1'000'000)
    ->Unit(benchmark::kMillisecond);

// A batch of 1000 new keys into a tree of the given size.
void PrefixTreeInsertBatch(benchmark::State& state) {
  constexpr std::size_t kBatch = 1'000;
  MemoryPrefixNodes nodes;
  const PrefixChild root = must(
      prefix_update(nodes, {}, random_leaves(static_cast<std::size_t>(state.range(0)), 1), {}));
  const auto batch = random_leaves(kBatch, 2);
  for (auto _ : state) benchmark::DoNotOptimize(must(prefix_update(nodes, root, batch, {})));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(PrefixTreeInsertBatch)
    ->RangeMultiplier(10)
    ->Range(1'000, 1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(20);

// --- Search ----------------------------------------------------------------------------------

// A log with `labels` keys in its prefix tree, one of them alice's with four versions; the others
// are random, which is what VRF outputs look like to a tree. 1000 log entries.
std::shared_ptr<MemoryLog> make_log(CipherSuite suite, std::size_t labels) {
  static std::map<std::pair<CipherSuite, std::size_t>, std::shared_ptr<MemoryLog>> logs;
  auto& log = logs[{suite, labels}];
  if (log) return log;
  Configuration configuration;
  configuration.ciphersuite = suite;
  configuration.max_ahead = configuration.max_behind = 1'000'000;
  configuration.reasonable_monitoring_window = 100'000;
  log = std::make_shared<MemoryLog>(must(MemoryLog::create(
      configuration, must(LogKeys::generate(suite, DeploymentMode::contactMonitoring)))));
  constexpr std::size_t kEntries = 1'000;
  for (std::size_t i = 0; i < kEntries; ++i) {
    std::vector<MemoryLog::Change> changes;
    if (i % 250 == 100) changes.push_back({make_label("alice"), 0, {{Bytes(64, 0x61), {}}}});
    must(log->append(Timestamp{1'000 * (i + 1)}, changes, labels / kEntries));
  }
  return log;
}

void search_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"suite", "labels"});
  for (const int suite : {1, 2}) {
    for (const int labels : {1'000, 10'000, 100'000, 1'000'000}) benchmark->Args({suite, labels});
  }
}

// VRF proofs come from a cache, as a log that stores them would serve them.
void ProveSearch(benchmark::State& state) {
  const auto log = make_log(suite_of(state), static_cast<std::size_t>(state.range(1)));
  const SearchRequest request{std::nullopt, make_label("alice"), std::nullopt};
  must(prove_search(*log, request));
  for (auto _ : state) benchmark::DoNotOptimize(must(prove_search(*log, request)));
  const WireContext context = log->configuration().context();
  state.counters["response_bytes"] =
      static_cast<double>(must(encode(must(prove_search(*log, request)), context)).size());
}
BENCHMARK(ProveSearch)->Apply(search_sizes);

// From bytes to a verified outcome, by a new user.
void VerifySearch(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const auto log = make_log(suite_of(state), static_cast<std::size_t>(state.range(1)));
  const LogConfiguration& configuration = log->configuration();
  const WireContext context = configuration.context();
  const ClientState user(configuration);
  const SearchRequest request = user.search_request(make_label("alice"));
  const SearchResponse honest = must(prove_search(*log, request));
  const Bytes bytes = must(encode(honest, context));
  const Timestamp now = must(log->entry(rightmost(log->size()))).timestamp;
  const HashValue root =
      must(user.verify(request, honest, now)).outcome().version == Version{3}
          ? [&] {
              std::vector<HashValue> heads;
              for (const Subtree& subtree : full_subtrees(log->size()))
                heads.push_back(must(log->log_nodes().node(subtree)));
              return log_root(log->size(), heads);
            }()
          : throw std::runtime_error("not the greatest version");

  Clock::duration whole{0};
  Clock::duration cryptography{0};
  for (auto _ : state) {
    const auto start = Clock::now();
    const auto response = must(decode<SearchResponse>(bytes, context));
    benchmark::DoNotOptimize(must(user.verify(request, response, now)));
    const auto verified = Clock::now();
    for (std::size_t i = 0; i < honest.binary_ladder.size(); ++i) {
      const Bytes alpha = vrf_input(request.label, base_binary_ladder(*honest.version)[i]);
      benchmark::DoNotOptimize(
          must(configuration.vrf_key().verify(alpha, honest.binary_ladder[i].proof)));
    }
    must(configuration.verify_tree_head(honest.full_tree_head.tree_head, root));
    const auto end = Clock::now();
    whole += verified - start;
    cryptography += end - verified;
    state.SetIterationTime(std::chrono::duration<double>(verified - start).count());
  }
  state.counters["response_bytes"] = static_cast<double>(bytes.size());
  state.counters["vrf_verifications"] = static_cast<double>(honest.binary_ladder.size());
  state.counters["ratio_to_crypto"] =
      static_cast<double>(whole.count()) / static_cast<double>(cryptography.count());
}
BENCHMARK(VerifySearch)->Apply(search_sizes)->UseManualTime();

}  // namespace
}  // namespace kt::keytrans
