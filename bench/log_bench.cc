// What a log on disk costs: searches by new users, durable updates beside the VRFs they need, bytes
// on disk, and the time from a restart to the first answer.
//
// build/release/bench/log_bench --benchmark_format=json
//
// Labels are loaded as users would send them, so a log of many takes its time to make:
// KT_BENCH_LABELS in the environment is the greatest number (default 100000). The database is below
// TMPDIR; on a file system in memory, commits cost nothing.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "keytrans/commitment.h"
#include "keytrans/prover.h"
#include "log/log.h"

namespace kt::log {
namespace {

using keytrans::CipherSuite;
using Clock = std::chrono::steady_clock;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().detail);
}

Label label_of(std::uint64_t number) {
  return must(Label::create("user" + std::to_string(number) + "@example.com"));
}

std::uint64_t most_labels() {
  const char* const given = std::getenv("KT_BENCH_LABELS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 100'000;
}

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// A log in a directory of its own.
class BenchLog {
 public:
  explicit BenchLog(CipherSuite suite) {
    std::string name = (std::filesystem::temp_directory_path() / "ktgate-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    keytrans::Configuration configuration;
    configuration.ciphersuite = suite;
    configuration.max_ahead = configuration.max_behind = 86'400'000;
    configuration.reasonable_monitoring_window = 86'400'000;
    must(create_log(path(), configuration));
    options_.queue_limit = 100'000;
    open();
  }
  BenchLog(const BenchLog&) = delete;
  BenchLog& operator=(const BenchLog&) = delete;
  ~BenchLog() {
    log_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] std::uint64_t labels() const { return labels_; }
  void close() { log_.reset(); }
  void open() { log_ = must(Log::open(path(), options_)); }

  // Adds `count` labels, keeping `callers` updates under way. Values have 64 bytes.
  void add(std::uint64_t count, std::uint64_t callers) {
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t under_way = 0;
    bool failed = false;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return under_way < callers; });
      ++under_way;
      lock.unlock();
      must(log_->submit(
          keytrans::UpdateRequest{
              std::nullopt, label_of(labels_++), std::nullopt, {{Bytes(64, 0x61)}}},
          [&](const Result<keytrans::UpdateResponse>& answer) {
            const std::lock_guard held(mutex);
            failed = failed || !answer.has_value();
            --under_way;
            changed.notify_all();
          }));
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return under_way == 0; });
    if (failed) throw std::runtime_error("an update was refused");
  }

 private:
  [[nodiscard]] std::filesystem::path path() const { return directory_ / "log"; }

  std::filesystem::path directory_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
  std::uint64_t labels_ = 0;
};

// A log of so many labels, made once.
BenchLog& log_of(std::uint64_t labels) {
  static std::map<std::uint64_t, std::unique_ptr<BenchLog>> logs;
  auto& log = logs[labels];
  if (!log) {
    log = std::make_unique<BenchLog>(CipherSuite::KT_128_SHA256_P256);
    log->add(labels, 2'000);
  }
  return *log;
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("labels");
  for (std::uint64_t labels = 10'000; labels <= most_labels(); labels *= 10)
    benchmark->Arg(static_cast<std::int64_t>(labels));
}

// --- Searches --------------------------------------------------------------------------------

// A greatest-version search by a new user for a label at random: snapshot, proof, nothing encoded.
void Search(benchmark::State& state) {
  BenchLog& log = log_of(static_cast<std::uint64_t>(state.range(0)));
  std::mt19937_64 random(1);
  std::vector<double> taken;
  for (auto _ : state) {
    const keytrans::SearchRequest request{std::nullopt, label_of(random() % log.labels()),
                                          std::nullopt};
    const auto start = Clock::now();
    const auto view = must(log.log().view());
    benchmark::DoNotOptimize(must(keytrans::prove_search(*view, request)));
    const double time = seconds(Clock::now() - start);
    state.SetIterationTime(time);
    taken.push_back(time);
  }
  std::sort(taken.begin(), taken.end());
  state.counters["per_second"] = benchmark::Counter(
      static_cast<double>(taken.size()) / std::accumulate(taken.begin(), taken.end(), 0.0));
  state.counters["p50_us"] = taken[taken.size() / 2] * 1e6;
  state.counters["p99_us"] = taken[taken.size() * 99 / 100] * 1e6;
  state.counters["disk_bytes_per_label"] =
      static_cast<double>(log.log().state().usage.used) / static_cast<double>(log.labels());
}
BENCHMARK(Search)->Apply(sizes)->UseManualTime()->Unit(benchmark::kMicrosecond);

// --- Updates ---------------------------------------------------------------------------------

// VRFs a second, on all processors.
double vrf_rate(CipherSuite suite) {
  const auto key = must(keytrans::VrfPrivateKey::generate(suite));
  const unsigned threads = std::max(std::thread::hardware_concurrency(), 1U);
  constexpr std::uint32_t kEach = 2'000;
  const auto start = Clock::now();
  std::vector<std::thread> running;
  for (unsigned thread = 0; thread < threads; ++thread) {
    running.emplace_back([&key, thread] {
      for (std::uint32_t i = 0; i < kEach; ++i)
        benchmark::DoNotOptimize(
            must(key.prove(keytrans::vrf_input(label_of(thread), Version{i}))));
    });
  }
  for (std::thread& thread : running) thread.join();
  return threads * kEach / seconds(Clock::now() - start);
}

// First versions of new labels, each of which takes two VRFs: its own, and that of the version its
// search ladder looks up above it. The rate of VRFs alone is measured before and after.
void DurableUpdates(benchmark::State& state) {
  const auto suite = static_cast<CipherSuite>(state.range(0));
  const auto callers = static_cast<std::uint64_t>(state.range(1));
  const std::uint64_t count = callers == 1 ? 100 : 20'000;
  BenchLog log(suite);
  double rate = 0;
  double vrfs = 0;
  for (auto _ : state) {
    const double before = vrf_rate(suite);
    const auto start = Clock::now();
    log.add(count, callers);
    const double time = seconds(Clock::now() - start);
    state.SetIterationTime(time);
    vrfs = (before + vrf_rate(suite)) / 2;
    rate = static_cast<double>(count) / time;
  }
  state.counters["updates_per_second"] = rate;
  state.counters["ratio_to_vrfs"] = 2 * rate / vrfs;
  state.counters["disk_bytes_per_update"] =
      static_cast<double>(log.log().state().usage.used) / static_cast<double>(log.labels());
}
BENCHMARK(DurableUpdates)
    ->ArgNames({"suite", "callers"})
    ->ArgsProduct({{1, 2}, {1, 100, 10'000}})
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// --- Restart ---------------------------------------------------------------------------------

void OpenToFirstAnswer(benchmark::State& state) {
  BenchLog& log = log_of(static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    log.close();
    state.ResumeTiming();
    log.open();
    const auto view = must(log.log().view());
    benchmark::DoNotOptimize(
        must(keytrans::prove_search(*view, {std::nullopt, label_of(0), std::nullopt})));
  }
}
BENCHMARK(OpenToFirstAnswer)->Apply(sizes)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kt::log
