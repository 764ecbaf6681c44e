// A log whose process dies, at any instant.
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "log/fsck.h"
#include "log/statistics.h"
#include "log_fixture.h"

namespace kt::log {
namespace {

constexpr std::uint32_t kLabels = 8;

Label label_of(std::uint32_t number) { return make_label("user" + std::to_string(number)); }

Bytes value_of(std::uint32_t label, std::uint32_t version) {
  return to_bytes("value " + std::to_string(label) + "/" + std::to_string(version));
}

// What a child tells its parent of an update it was answered.
struct Acknowledged {
  std::uint32_t label;
  std::uint32_t version;
};

// How many versions each label has.
std::map<std::uint32_t, std::uint32_t> count_versions(Log& log) {
  std::map<std::uint32_t, std::uint32_t> counts;
  const auto view = must(log.view());
  const TreeSize size = must(view->tree_head()).tree_size;
  for (std::uint32_t label = 0; label < kLabels; ++label) {
    const auto greatest = must(view->greatest_version(label_of(label), rightmost(size)));
    counts[label] = greatest ? greatest->value() + 1 : 0;
  }
  return counts;
}

// Keeps `kCallers` updates in flight, each of a label of its own, until it is killed.
[[noreturn]] void update_until_killed(const std::filesystem::path& path, int acknowledgements) {
  LogOptions options;
  options.commit_window = std::chrono::milliseconds(5);
  auto log = must(Log::open(path, options));
  while (must(log->view())->tree_head().has_value() == false)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto counts = count_versions(*log);
  std::vector<std::thread> callers;
  for (std::uint32_t label = 0; label < kLabels; ++label) {
    callers.emplace_back([&, label] {
      for (std::uint32_t version = counts.at(label);; ++version) {
        std::promise<bool> done;
        std::optional<Version> greatest;
        if (version > 0) greatest = Version{version - 1};
        must(log->submit(
            keytrans::UpdateRequest{
                std::nullopt, label_of(label), greatest, {{value_of(label, version)}}},
            [&done](Result<keytrans::UpdateResponse> answer) {
              done.set_value(answer.has_value() && answer->values.empty());
            }));
        if (!done.get_future().get()) _exit(2);
        const Acknowledged told{label, version};
        if (write(acknowledgements, &told, sizeof told) != sizeof told) _exit(3);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  _exit(4);
}

void expect_sound(const std::filesystem::path& path, const FsckOptions& options = {}) {
  const FsckReport report = must(fsck(path, options));
  EXPECT_EQ(report.faults, std::vector<std::string>());
}

// Kills a process that updates a log, again and again, and looks at what it leaves.
void kill_and_look(int times) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ScratchDirectory directory;
  const auto path = directory.path() / "log";
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_P256;
  configuration.max_ahead = configuration.max_behind = 86'400'000;
  configuration.reasonable_monitoring_window = 50;
  must(create_log(path, configuration));

  std::map<std::uint32_t, std::uint32_t> acknowledged;  // versions of each label
  std::optional<ClientState> follower;
  std::size_t total = 0;
  for (int i = 0; i < times; ++i) {
    int channel[2] = {-1, -1};
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(channel[0]);
      update_until_killed(path, channel[1]);
    }
    close(channel[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + random() % 150'000));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    for (Acknowledged told{}; read(channel[0], &told, sizeof told) == sizeof told; ++total) {
      ASSERT_EQ(told.version, acknowledged[told.label]);
      ++acknowledged[told.label];
    }
    close(channel[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << WEXITSTATUS(status);
    expect_sound(path, {.vrfs = i + 1 == times});

    const auto start = std::chrono::steady_clock::now();
    auto opened = Log::open(path);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
    Log& log = **opened;
    while (log.state().size == TreeSize{0})
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!follower) follower.emplace(log.configuration());
    const auto counts = count_versions(log);
    for (std::uint32_t label = 0; label < kLabels; ++label) {
      // What was not acknowledged may be there; what was has to be.
      ASSERT_GE(counts.at(label), acknowledged[label]);
      acknowledged[label] = counts.at(label);
      if (counts.at(label) == 0) continue;
      const auto request = follower->search_request(label_of(label));
      const auto response = must(keytrans::prove_search(*must(log.view()), request));
      const auto found =
          must(follower->apply(must(follower->verify(request, response, system_clock().now()))));
      ASSERT_EQ(found.version.value() + 1, counts.at(label));
      ASSERT_EQ(found.value, value_of(label, found.version.value()));
    }
  }
  EXPECT_GT(total, 0U);
  std::cout << "  " << times << " kills, " << total << " updates acknowledged, none lost\n";
}

// The process ends between two durable steps, each in turn, with one update under way.
TEST(LogCrash, BetweenAnyTwoDurableSteps) {
  for (const char* const step : {"made", "committed", "noted"}) {
    SCOPED_TRACE(step);
    LogFixture fixture;
    const Label label = label_of(0);
    fixture.open();
    must(fixture.update(label, std::nullopt, {value_of(0, 0)}));
    ClientState user = fixture.newcomer();
    fixture.search(user, label);
    fixture.close();

    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::atomic<bool> armed = false;
      fixture.options.at_step = [&](std::string_view reached) {
        if (armed && reached == step) _exit(42);
      };
      fixture.open();
      armed = true;
      static_cast<void>(fixture.update(label, Version{0}, {value_of(0, 1)}));
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42);
    expect_sound(fixture.path());

    fixture.open();
    const bool is_durable = std::string_view(step) != "made";
    const auto found = fixture.search(user, label);
    EXPECT_EQ(found.version, Version{is_durable ? 1U : 0U});
    // The caller, who was not answered, asks again and is told or gets its way.
    const auto again = must(fixture.update(label, Version{0}, {value_of(0, 1)}));
    EXPECT_EQ(again.values.empty(), !is_durable);
    EXPECT_EQ(fixture.search(user, label).value, value_of(0, 1));
  }
}

// The same for what erases a label, and for the entry that removes it.
void erase_and_die(DeploymentMode mode, std::string_view step, bool is_removing) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, mode});
  const Label erased = label_of(0);
  const Label other = label_of(1);
  fixture.open();
  must(fixture.update(erased, std::nullopt, {value_of(0, 0), value_of(0, 1)}));
  must(fixture.update(other, std::nullopt, {value_of(1, 0)}));
  fixture.audit();
  ClientState user = fixture.newcomer();
  fixture.search(user, other);
  if (is_removing) must(fixture.log().erase({erased}));
  fixture.close();
  fixture.clock.pass(20'000);

  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::atomic<bool> armed = false;
    fixture.options.at_step = [&](std::string_view reached) {
      if (armed && reached == step) _exit(42);
    };
    fixture.open();
    armed = true;
    if (is_removing) {
      static_cast<void>(fixture.update(other, Version{0}, {value_of(1, 1)}));
    } else {
      static_cast<void>(fixture.log().erase({erased}));
    }
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 42);
  expect_sound(fixture.path());

  const bool is_durable = step != "made";
  const Statistics left = must(read_statistics(fixture.path()));
  EXPECT_EQ(left.erased_labels, is_removing == is_durable ? 0U : 1U);
  EXPECT_EQ(left.pseudonyms, is_removing && is_durable ? 1U : 0U);
  fixture.open();
  fixture.audit();
  Version greatest{is_removing && is_durable ? 1U : 0U};
  EXPECT_EQ(fixture.search(user, other).version, greatest);
  // It goes on from there to its end.
  if (!is_removing) {
    EXPECT_EQ(must(fixture.log().erase({erased})), is_durable ? 0U : 2U);
  }
  fixture.clock.pass(20'000);
  must(fixture.update(other, greatest, {value_of(1, 2)}));
  fixture.audit();
  EXPECT_EQ(fixture.search(user, other).value, value_of(1, 2));
  fixture.close();
  const Statistics done = must(read_statistics(fixture.path()));
  EXPECT_EQ(done.labels, 1U);
  EXPECT_EQ(done.erased_labels, 0U);
  EXPECT_EQ(done.pseudonyms, 1U);
  expect_sound(fixture.path());
}

TEST(LogCrash, WhileALabelIsErasedOrRemoved) {
  for (const auto mode : {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyAuditing}) {
    for (const char* const step : {"made", "committed", "noted"}) {
      for (const bool is_removing : {false, true}) {
        SCOPED_TRACE(step + std::string(is_removing ? " removing" : " erasing") + ", mode " +
                     std::to_string(static_cast<int>(mode)));
        erase_and_die(mode, step, is_removing);
      }
    }
  }
}

// KT_KILLS in the environment says how often; docs/evidence.md has the last full run.
TEST(LogExpensive, NothingAcknowledgedIsLostWhenTheProcessIsKilled) {
  const char* const given = std::getenv("KT_KILLS");
  kill_and_look(given != nullptr ? static_cast<int>(std::strtol(given, nullptr, 10)) : 20);
}

}  // namespace
}  // namespace kt::log
