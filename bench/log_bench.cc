// What a log on disk costs: searches by new users, durable updates beside the VRFs they need, bytes
// on disk, and the time from a restart to the first answer.
//
// build/release/bench/log_bench --benchmark_format=json
//
// Labels are loaded as users would send them, so a log of many takes its time to make:
// KT_BENCH_LABELS in the environment is the greatest number (default 100000). The logs that are
// searched are made in the directory KT_BENCH_LOGS and left there, to be searched again by another
// build; without it, they and all others are below TMPDIR, and removed. On a file system in memory,
// commits cost nothing. KT_BENCH_CACHE is LogOptions::read_cache.

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

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

std::uint64_t most_labels() { return from_environment("KT_BENCH_LABELS", 100'000); }

LogOptions log_options() {
  LogOptions options;
  options.queue_limit = 100'000;
  options.read_cache = from_environment("KT_BENCH_CACHE", options.read_cache);
  return options;
}

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// A directory that is removed with this object.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "ktgate-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// An open log.
class BenchLog {
 public:
  // Makes one.
  BenchLog(std::filesystem::path path, CipherSuite suite) : path_(std::move(path)) {
    keytrans::Configuration configuration;
    configuration.ciphersuite = suite;
    configuration.max_ahead = configuration.max_behind = 86'400'000;
    configuration.reasonable_monitoring_window = 86'400'000;
    must(create_log(path_, configuration));
    open();
  }
  // Opens one that has so many labels.
  BenchLog(std::filesystem::path path, std::uint64_t labels)
      : path_(std::move(path)), labels_(labels) {
    open();
  }

  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] std::uint64_t labels() const { return labels_; }
  void close() { log_.reset(); }
  void open() { log_ = must(Log::open(path_, options_)); }

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
  std::filesystem::path path_;
  LogOptions options_ = log_options();
  std::unique_ptr<Log> log_;
  std::uint64_t labels_ = 0;
};

// A log of so many labels, loaded with so many updates under way, made once.
BenchLog& log_of(std::uint64_t labels, std::uint64_t callers) {
  static const TemporaryDirectory temporary;
  static std::map<std::filesystem::path, std::unique_ptr<BenchLog>> logs;
  const char* const kept = std::getenv("KT_BENCH_LOGS");
  const auto path = std::filesystem::path(kept != nullptr ? kept : temporary.path()) /
                    (std::to_string(labels) + "-" + std::to_string(callers));
  auto& log = logs[path];
  if (!log && !std::filesystem::exists(path)) {
    // One whose loading is interrupted does not get the name.
    const TemporaryDirectory loading(path.parent_path());
    BenchLog made(loading.path() / "log", CipherSuite::KT_128_SHA256_P256);
    made.add(labels, callers);
    made.close();
    std::filesystem::rename(loading.path() / "log", path);
  }
  if (!log) log = std::make_unique<BenchLog>(path, labels);
  return *log;
}
BenchLog& log_of(const benchmark::State& state) {
  return log_of(static_cast<std::uint64_t>(state.range(0)),
                static_cast<std::uint64_t>(state.range(1)));
}

// The first one has about as many entries as one of a million labels: so many prefix trees are
// looked into by a search.
void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"labels", "callers"});
  benchmark->Args({10'000, 10});
  const std::uint64_t most = most_labels();
  for (std::uint64_t labels = 10'000; labels < most; labels *= 10)
    benchmark->Args({static_cast<std::int64_t>(labels), 2'000});
  benchmark->Args({static_cast<std::int64_t>(most), 2'000});
}

// --- Searches --------------------------------------------------------------------------------

// A greatest-version search by a new user for a label at random: snapshot, proof, nothing encoded.
// The column CPU has what the thread took for it, whatever else the machine did.
void Search(benchmark::State& state) {
  BenchLog& log = log_of(state);
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
  state.counters["entries"] = static_cast<double>(log.log().state().size.value());
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
  const TemporaryDirectory directory;
  BenchLog log(directory.path() / "log", suite);
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
  BenchLog& log = log_of(state);
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
