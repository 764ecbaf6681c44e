// A log on disk: many callers at once, a restart, a user who comes back, and an old copy.
//
//   durable_log [directory]     (default: one under /tmp, removed at the end)
//
// Exits with 0 only if every step came out as it must.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "keytrans/client_state.h"
#include "keytrans/prover.h"
#include "log/log.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

constexpr std::uint64_t kMinute = 60'000;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr unsigned kUsers = 200;

Result<Label> label_of(unsigned user) {
  return Label::create("user" + std::to_string(user) + "@example.com");
}
Bytes key_of(unsigned user) { return to_bytes("the key of user " + std::to_string(user)); }

Configuration configuration() {
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_P256;
  configuration.mode = DeploymentMode::contactMonitoring;
  configuration.max_ahead = kMinute;
  configuration.max_behind = kHour;
  configuration.reasonable_monitoring_window = 24 * kHour;
  return configuration;
}

// Everyone publishes a first key, all at once.
Result<void> publish_all(log::Log& log) {
  std::vector<std::future<Result<UpdateResponse>>> answers;
  for (unsigned user = 0; user < kUsers; ++user) {
    KT_TRY(Label label, label_of(user));
    auto promise = std::make_shared<std::promise<Result<UpdateResponse>>>();
    answers.push_back(promise->get_future());
    KT_TRY(log.submit(
        UpdateRequest{std::nullopt, std::move(label), std::nullopt, {{key_of(user)}}},
        [promise](Result<UpdateResponse> answer) { promise->set_value(std::move(answer)); }));
  }
  for (auto& answer : answers) KT_TRY(answer.get());
  const log::LogState state = log.state();
  std::printf("  %u updates are durable, in %llu log entries\n", kUsers,
              static_cast<unsigned long long>(state.size.value()));
  return {};
}

Result<void> look_up(const log::Log& log, ClientState& state, unsigned user) {
  KT_TRY(Label label, label_of(user));
  const SearchRequest request = state.search_request(std::move(label));
  KT_TRY(const auto view, log.view());
  KT_TRY(const SearchResponse response, prove_search(*view, request));
  KT_TRY(auto verified, state.verify(request, response, log::system_clock().now()));
  KT_TRY(const SearchOutcome found, state.apply(std::move(verified)));
  if (found.value != key_of(user))
    return fail(Errc::verification_failed, "another key was found than was published");
  std::printf("  user %u found and verified in a tree of %llu entries\n", user,
              static_cast<unsigned long long>(state.last()->value()));
  return {};
}

Result<void> run(const std::filesystem::path& directory) {
  const auto path = directory / "example.log";
  const auto backup = directory / "backup";
  KT_TRY(const LogId id, log::create_log(path, configuration()));
  std::printf("A new log in %s\n  LogId %s\n", path.c_str(), id.hex().c_str());

  Bytes stored;
  {
    KT_TRY(const auto log, log::Log::open(path));
    KT_TRY(publish_all(*log));
    ClientState bob(log->configuration());
    KT_TRY(look_up(*log, bob, 7));
    KT_TRY(stored, bob.serialize());
    std::printf("  a second process that opens it: %s\n",
                log::Log::open(path).error().detail.c_str());
  }
  std::filesystem::copy(path / "database", backup, std::filesystem::copy_options::recursive);

  std::printf("After a restart, Bob comes back with what he stored\n");
  {
    KT_TRY(const auto log, log::Log::open(path));
    KT_TRY(ClientState bob, ClientState::parse(stored));
    std::promise<Result<UpdateResponse>> promise;
    KT_TRY(Label label, label_of(kUsers));
    KT_TRY(log->submit(
        UpdateRequest{std::nullopt, std::move(label), std::nullopt, {{key_of(kUsers)}}},
        [&promise](Result<UpdateResponse> answer) { promise.set_value(std::move(answer)); }));
    KT_TRY(promise.get_future().get());
    KT_TRY(look_up(*log, bob, kUsers));
    KT_TRY(look_up(*log, bob, 7));
  }

  std::printf("Someone restores the copy that was made before\n");
  std::filesystem::remove_all(path / "database");
  std::filesystem::rename(backup, path / "database");
  const auto refused = log::Log::open(path);
  if (refused) return fail(Errc::verification_failed, "an old copy was served");
  std::printf("  refused: %s\n", refused.error().detail.c_str());
  std::printf("Everything came out as it must.\n");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: durable_log [directory]\n");
    return 2;
  }
  std::string scratch = (std::filesystem::temp_directory_path() / "ktgate-XXXXXX").string();
  const bool is_scratch = argc == 1;
  if (is_scratch && mkdtemp(scratch.data()) == nullptr) {
    std::perror("durable_log: mkdtemp");
    return 1;
  }
  const auto result = run(is_scratch ? scratch : argv[1]);
  if (is_scratch) std::filesystem::remove_all(scratch);
  if (result) return 0;
  std::fprintf(stderr, "durable_log: %s: %s\n", std::string(to_string(result.error().code)).c_str(),
               result.error().detail.c_str());
  return 1;
}
