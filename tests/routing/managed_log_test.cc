#include "routing/managed_log.h"

#include <csignal>
#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "keytrans/codec.h"
#include "keytrans/fork_evidence.h"
#include "keytrans/hash.h"
#include "keytrans/management.h"
#include "log_fixture.h"
#include "names.h"
#include "routing/embedded_log.h"
#include "store/files.h"
#include "store/lmdb_store.h"

namespace kt::routing {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using keytrans::ClientState;
using keytrans::DeploymentMode;
using keytrans::ManagerUpdateRequest;
using keytrans::UpdateRequest;
using keytrans::WireContext;

constexpr log::Kind kManaged{keytrans::CipherSuite::KT_128_SHA256_Ed25519,
                             DeploymentMode::thirdPartyManagement};

// The manager: a log in this process, or the other one beside it, and what goes wrong on the way.
class Manager final : public LogService {
 public:
  enum class Way { open, loses_updates, is_down, garbles };

  asio::awaitable<Result<Bytes>> ask(LogRequest request) override {
    if (const auto* const update = std::get_if<ManagerUpdateRequest>(&request))
      updates.push_back(*update);
    const bool is_update = std::holds_alternative<ManagerUpdateRequest>(request);
    if (way == Way::is_down || (way == Way::loses_updates && is_update)) return lost();
    if (way == Way::garbles) return garbled(std::move(request));
    return log->ask(std::move(request));
  }
  // What parses and does not verify: a byte of the signature is another one.
  asio::awaitable<Result<Bytes>> garbled(LogRequest request) {
    auto answered = co_await log->ask(std::move(request));
    if (answered) answered->at(20) ^= 1U;
    co_return answered;
  }
  static asio::awaitable<Result<Bytes>> lost() {
    co_return fail(Errc::unavailable, "the manager did not answer");
  }

  LogService* log = nullptr;
  Way way = Way::open;
  std::vector<ManagerUpdateRequest> updates;
};

class ManagedLogTest : public ::testing::Test {
 protected:
  ManagedLogTest()
      : key_(must(keytrans::SigningKey::generate(kManaged.suite))),
        fixture_(kManaged, [this](keytrans::Configuration& configuration) {
          configuration.leaf_public_key = key_.public_key();
        }) {
    fixture_.open();
    embedded_ = make_embedded(fixture_.log());
    manager_.log = embedded_.get();
    fs::create_directory(evidence());
    open();
  }
  ~ManagedLogTest() override { log_.reset(); }

  [[nodiscard]] fs::path evidence() const { return directory_.path() / "evidence"; }
  [[nodiscard]] fs::path evidence(const char* what) {
    return evidence() /
           (std::string(what) + "-" + fixture_.log().configuration().id().hex() + ".bin");
  }
  [[nodiscard]] Result<std::unique_ptr<ManagedLog>> try_open(
      std::function<void(std::string_view)> at_step = {}) {
    log_.reset();
    store_.reset();
    store_ = must(store::open_lmdb_store(directory_.path() / "store"));
    auto key = must(keytrans::SigningKey::from_pem(kManaged.suite, must(key_.to_pem()).text()));
    return ManagedLog::open(
        *store_, manager_,
        {fixture_.log().configuration(), std::move(key), evidence(), std::move(at_step)},
        fixture_.clock);
  }
  void open(std::function<void(std::string_view)> at_step = {}) {
    log_ = must(try_open(std::move(at_step)));
    static_cast<void>(follow());
  }

  template <class T>
  T wait(asio::awaitable<T> awaited) {
    auto done = asio::co_spawn(context_, std::move(awaited), asio::use_future);
    context_.restart();
    context_.run();
    return done.get();
  }
  Result<Bytes> ask(LogRequest request) { return wait(log_->ask(std::move(request))); }
  Result<void> follow() { return wait(log_->follow()); }
  [[nodiscard]] ManagerTrouble trouble() const { return log_->state().trouble; }

  // The first version that the value was signed for, when it is sent by who knows `greatest`.
  Version signed_for(const Label& label, std::optional<Version> greatest, const Bytes& value) {
    const std::size_t before = manager_.updates.size();
    static_cast<void>(ask(UpdateRequest{{}, label, greatest, {{value}}}));
    if (manager_.updates.size() != before + 1) throw std::runtime_error("nothing was signed");
    return manager_.updates.back().signed_version;
  }
  template <class Response, class Request>
  auto verified(ClientState& user, const Request& request) {
    const auto context = WireContext::of(user.configuration().wire());
    const auto response = must(keytrans::decode<Response>(must(ask(request)), context));
    return must(user.apply(must(user.verify(request, response, fixture_.clock.now()))));
  }

  asio::io_context context_;  // longer than what calls back into it
  ScratchDirectory directory_;
  keytrans::SigningKey key_;
  log::LogFixture fixture_;
  std::unique_ptr<LogService> embedded_;
  Manager manager_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ManagedLog> log_;
  const Label alice_ = label_of("alice@example.com");
};

TEST_F(ManagedLogTest, UsersVerifyWhatWasSigned) {
  ClientState owner = fixture_.newcomer();
  verified<keytrans::OwnerInitResponse>(owner, owner.owner_init_request(alice_, EntryIndex{0}));
  for (std::uint8_t i = 0; i < 3; ++i) {
    const auto made = verified<keytrans::UpdateResponse>(
        owner, must(owner.update_request(alice_, {{Bytes{i}}, {Bytes{i, i}}})));
    EXPECT_TRUE(made.created);
    EXPECT_EQ(made.skipped, 0U);
    EXPECT_EQ(made.first, Version{i * 2U});
  }
  ClientState contact = fixture_.newcomer();
  EXPECT_EQ(verified<keytrans::SearchResponse>(contact, contact.search_request(alice_)).value,
            (Bytes{2, 2}));
  EXPECT_EQ(trouble(), ManagerTrouble::none);
}

// An owner who asks what is new, and one who missed it.
TEST_F(ManagedLogTest, WhatIsNotNewIsAsTheLogHasIt) {
  must(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}));
  EXPECT_EQ(ask(UpdateRequest{{}, alice_, Version{0}, {}}).error().code, Errc::conflict);
  const auto context = fixture_.log().configuration().context();
  for (const std::vector<keytrans::LabelValue>& values :
       {std::vector<keytrans::LabelValue>{}, {{{2}}}}) {
    const auto missed = must(keytrans::decode<keytrans::UpdateResponse>(
        must(ask(UpdateRequest{{}, alice_, {}, values})), context));
    EXPECT_EQ(missed.values, (std::vector<keytrans::LabelValue>{{{1}}}));
  }
  EXPECT_EQ(ask(ManagerUpdateRequest{{}, alice_, {}, {}, {}}).error().code, Errc::rejected);
}

TEST_F(ManagedLogTest, AValueThatWasLostIsSignedAgainAndAnotherOneForAnotherVersion) {
  manager_.way = Manager::Way::loses_updates;
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(signed_for(alice_, {}, {1}), Version{0});
    EXPECT_EQ(signed_for(alice_, {}, {2}), Version{1});
    EXPECT_EQ(signed_for(label_of("bob@example.com"), {}, {2}), Version{0});
    EXPECT_EQ(signed_for(alice_, {}, {3}), Version{2});
    open();
  }
  manager_.way = Manager::Way::open;
  ClientState owner = fixture_.newcomer();
  verified<keytrans::OwnerInitResponse>(owner, owner.owner_init_request(alice_, EntryIndex{0}));
  const auto made =
      verified<keytrans::UpdateResponse>(owner, must(owner.update_request(alice_, {{{4}}})));
  EXPECT_TRUE(made.created);
  EXPECT_EQ(made.skipped, 3U);
  EXPECT_EQ(made.first, Version{3});
  ClientState contact = fixture_.newcomer();
  EXPECT_EQ(verified<keytrans::SearchResponse>(contact, contact.search_request(alice_)).value,
            Bytes{4});
}

// Random owners, some of whom lie about what they know, a manager that loses most of it, and a
// process that ends between requests.
TEST_F(ManagedLogTest, NoTwoValuesAreSignedForOneVersion) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 400; ++i) {
    const Label label = label_of("user" + std::to_string(random() % 3));
    std::optional<Version> greatest;
    if (random() % 3 != 0) greatest = Version{static_cast<std::uint32_t>(random() % 8)};
    std::vector<keytrans::LabelValue> values(1 + random() % 3);
    for (auto& value : values) value.value = {static_cast<std::uint8_t>(random() % 4)};
    manager_.way = random() % 4 == 0 ? Manager::Way::open : Manager::Way::loses_updates;
    static_cast<void>(ask(UpdateRequest{{}, label, greatest, values}));
    if (random() % 40 == 0) open();
  }
  std::map<std::pair<Label, std::uint32_t>, Bytes> known;
  std::size_t signatures = 0;
  for (const ManagerUpdateRequest& update : manager_.updates) {
    for (std::size_t i = 0; i < update.values.size(); ++i, ++signatures) {
      const Version version{static_cast<std::uint32_t>(update.signed_version.value() + i)};
      must(fixture_.log().configuration().verify_update_value(update.label, version,
                                                              update.values[i]));
      const auto [found, is_new] =
          known.try_emplace({update.label, version.value()}, update.values[i].value);
      EXPECT_EQ(found->second, update.values[i].value) << version.value();
    }
  }
  EXPECT_GT(signatures, 400U);
  EXPECT_GT(known.size(), 20U);
}

// The process ends between two steps, each in turn, with one update under way.
TEST_F(ManagedLogTest, WhateverTheProcessWasAboutToDoWhenItEnded) {
  std::uint32_t label_number = 0;
  for (const char* const step : {"recorded", "signed"}) {
    SCOPED_TRACE(step);
    const Label label = label_of("user" + std::to_string(label_number++));
    // A process has the store and the log of its own.
    log_.reset();
    store_.reset();
    embedded_.reset();
    fixture_.close();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      fixture_.open();
      embedded_ = make_embedded(fixture_.log());
      manager_.log = embedded_.get();
      open([&](std::string_view reached) {
        if (reached == step) _exit(42);
      });
      static_cast<void>(ask(UpdateRequest{{}, label, {}, {{{1}}}}));
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42);
    fixture_.open();
    embedded_ = make_embedded(fixture_.log());
    manager_.log = embedded_.get();
    open();
    // The signature may have gone out.
    EXPECT_EQ(signed_for(label, {}, {2}), Version{1});
    manager_.way = Manager::Way::loses_updates;
    EXPECT_EQ(signed_for(label, {}, {1}), Version{0});
    manager_.way = Manager::Way::open;
  }
}

// What a child tells its parent of a value that it has signed. Written at once or not at all.
struct Told {
  std::uint32_t label;
  std::uint32_t version;
  HashValue value;
};

// A manager to whom nothing gets through but its heads, and who tells what it was sent.
class TellingManager final : public LogService {
 public:
  TellingManager(LogService& log, int channel) : log_(log), channel_(channel) {}

  asio::awaitable<Result<Bytes>> ask(LogRequest request) override {
    const auto* const update = std::get_if<ManagerUpdateRequest>(&request);
    if (update == nullptr) return log_.ask(std::move(request));
    for (std::size_t i = 0; i < update->values.size(); ++i) {
      const Told told{update->label.bytes()[0],
                      static_cast<std::uint32_t>(update->signed_version.value() + i),
                      keytrans::sha256(update->values[i].value)};
      if (write(channel_, &told, sizeof told) != sizeof told) _exit(3);
    }
    return Manager::lost();
  }

 private:
  LogService& log_;
  int channel_;
};

// Kills a process that signs, again and again. What it signed before it was killed, and what the
// next ones sign, is never two values for one version. KT_KILLS in the environment says how often;
// docs/evidence.md has the last full run.
TEST_F(ManagedLogTest, ExpensiveNoTwoValuesAreSignedWhenTheProcessIsKilled) {
  const char* const given = std::getenv("KT_KILLS");
  const long kills = given != nullptr ? std::strtol(given, nullptr, 10) : 10;
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::pair<std::uint32_t, std::uint32_t>, HashValue> known;
  std::size_t total = 0;
  log_.reset();
  store_.reset();
  embedded_.reset();
  fixture_.close();
  for (long kill_number = 0; kill_number < kills; ++kill_number) {
    int channel[2] = {-1, -1};
    ASSERT_EQ(pipe(channel), 0);
    const std::uint64_t child_seed = random();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(channel[0]);
      fixture_.open();
      embedded_ = make_embedded(fixture_.log());
      TellingManager telling(*embedded_, channel[1]);
      manager_.log = &telling;
      open();
      std::mt19937_64 own(child_seed);
      while (true) {
        const Label label = must(Label::create(Bytes{static_cast<std::uint8_t>(own() % 4)}));
        std::optional<Version> greatest;
        if (own() % 3 != 0) greatest = Version{static_cast<std::uint32_t>(own() % 20)};
        std::vector<keytrans::LabelValue> values(1 + own() % 3);
        for (auto& value : values) value.value = {static_cast<std::uint8_t>(own() % 4)};
        static_cast<void>(ask(UpdateRequest{{}, label, greatest, values}));
      }
    }
    close(channel[1]);
    Told told{};
    // It has begun to sign.
    ASSERT_EQ(read(channel[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 50'000));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    do {
      const auto [found, is_new] = known.try_emplace({told.label, told.version}, told.value);
      ASSERT_EQ(found->second, told.value) << told.label << " " << told.version;
      ++total;
    } while (read(channel[0], &told, sizeof told) == sizeof told);
    close(channel[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << WEXITSTATUS(status);
  }
  EXPECT_GT(total, static_cast<std::size_t>(kills));
  std::printf("%ld kills, %zu signatures for %zu versions\n", kills, total, known.size());
  fixture_.open();
}

TEST_F(ManagedLogTest, SignsNothingThatTheLogCannotTake) {
  const auto refused = [&](std::optional<Version> greatest, std::size_t values) {
    const auto answered = ask(
        UpdateRequest{{}, alice_, greatest, std::vector<keytrans::LabelValue>(values, {Bytes{1}})});
    EXPECT_EQ(answered.error().code, Errc::rejected) << answered.error().detail;
    EXPECT_TRUE(manager_.updates.empty());
  };
  refused(Version{0xffffffff}, 1);
  refused(Version{0xfffffffe}, 2);
  manager_.way = Manager::Way::loses_updates;
  // So many that the log could not skip them all.
  int count = 0;
  for (; count < 1'000; ++count) {
    const auto answered = ask(UpdateRequest{
        {}, alice_, {}, {{to_bytes(std::string_view("value " + std::to_string(count)))}}});
    if (answered.error().code == Errc::rejected) break;
  }
  EXPECT_GT(count, 100);
  EXPECT_LT(count, 1'000);
  manager_.updates.clear();
  refused({}, 1);
  // Not for other labels, and not for one of those values.
  EXPECT_EQ(signed_for(label_of("bob@example.com"), {}, {1}), Version{0});
  manager_.way = Manager::Way::open;
  EXPECT_EQ(signed_for(alice_, {}, to_bytes(std::string_view("value 7"))), Version{7});
  EXPECT_EQ(signed_for(alice_, Version{7}, {1}), Version{static_cast<std::uint32_t>(count)});
}

// --- The manager's heads ---------------------------------------------------------------------

TEST_F(ManagedLogTest, FollowsTheHeadsAndGoesOnWhereItWas) {
  must(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}));
  must(follow());
  EXPECT_EQ(log_->state().size, fixture_.log().state().size);
  const auto size = log_->state().size;
  manager_.way = Manager::Way::is_down;
  open();
  EXPECT_EQ(log_->state().size, size);
  // Before the first look nothing is signed, and what is not known is not held against it later.
  EXPECT_EQ(trouble(), ManagerTrouble::unseen);
  EXPECT_EQ(ask(UpdateRequest{{}, alice_, Version{0}, {{{2}}}}).error().code, Errc::unavailable);
  EXPECT_EQ(follow().error().code, Errc::unavailable);
  manager_.way = Manager::Way::open;
  must(follow());
  EXPECT_EQ(trouble(), ManagerTrouble::none);
  manager_.way = Manager::Way::is_down;
  EXPECT_EQ(follow().error().code, Errc::unavailable);
  EXPECT_EQ(trouble(), ManagerTrouble::none);
  EXPECT_TRUE(fs::is_empty(evidence()));
}

TEST_F(ManagedLogTest, SignsNothingWhenTheHeadsWereNotSeenForLong) {
  const std::size_t before = manager_.updates.size();
  fixture_.clock.pass(fixture_.configuration().max_behind + 1);
  EXPECT_EQ(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}).error().code, Errc::unavailable);
  EXPECT_EQ(manager_.updates.size(), before);
  fixture_.wait_for_size(2);
  must(follow());
  must(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}));
}

// Two copies of one log, each of which grows by itself.
class TwoBranches : public ManagedLogTest {
 protected:
  TwoBranches() {
    must(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}));
    must(follow());
    embedded_.reset();
    fixture_.close();
    fs::copy(fixture_.path(), copy_.path() / "log", fs::copy_options::recursive);
    fixture_.open();
    embedded_ = make_embedded(fixture_.log());
    other_log_ = must(log::Log::open(copy_.path() / "log", fixture_.options, fixture_.clock));
    other_ = make_embedded(*other_log_);
    manager_.log = embedded_.get();
  }
  ~TwoBranches() override { log_.reset(); }

  // An entry in each, the same but for the value.
  void grow_both(std::uint32_t version) {
    for (log::Log* const log : {&fixture_.log(), other_log_.get()}) {
      std::optional<Version> greatest;
      if (version > 0) greatest = Version{version - 1};
      const Bytes value{static_cast<std::uint8_t>(log == other_log_.get() ? 1 : 2)};
      std::promise<Result<keytrans::UpdateResponse>> done;
      must(log->submit(must(keytrans::sign_update_request(
                           key_, fixture_.log().configuration().wire(),
                           UpdateRequest{{}, label_of("bob@example.com"), greatest, {{value}}},
                           Version{version})),
                       [&done](auto answer) { done.set_value(std::move(answer)); }));
      must(done.get_future().get());
    }
  }

  ScratchDirectory copy_;
  std::unique_ptr<log::Log> other_log_;
  std::unique_ptr<LogService> other_;
};

class RolledBackLogTest : public TwoBranches {};
class ForkedLogTest : public TwoBranches, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(Sizes, ForkedLogTest, ::testing::Bool());

TEST_P(ForkedLogTest, AForkIsProvedAndNothingIsSignedAnyMore) {
  for (std::uint32_t version = 0; version < 4; ++version) {
    fixture_.clock.pass(fixture_.configuration().reasonable_monitoring_window);
    grow_both(version);
    must(follow());
  }
  EXPECT_TRUE(fs::is_empty(evidence()));
  // Of the same size, and of a greater one.
  const bool is_greater = GetParam();
  if (is_greater) grow_both(4);
  manager_.log = other_.get();
  EXPECT_EQ(follow().error().code, Errc::verification_failed);
  EXPECT_EQ(trouble(), ManagerTrouble::forked);
  EXPECT_NE(log_->state().reason.find("signed two trees"), std::string::npos);
  const auto file = must(store::read_small_file(evidence("fork"), std::size_t{1} << 20));
  const auto proof = must(keytrans::ForkEvidence::parse(file));
  EXPECT_EQ(proof.config, fixture_.log().configuration().wire());
  must(keytrans::verify_fork_evidence(proof));
  // It stays so, whatever the manager shows, and when the process begins anew.
  const std::size_t before = manager_.updates.size();
  manager_.log = embedded_.get();
  for (int times = 0; times < 2; ++times) {
    must(follow());
    EXPECT_EQ(trouble(), ManagerTrouble::forked);
    EXPECT_EQ(ask(UpdateRequest{{}, alice_, Version{0}, {{{3}}}}).error().code, Errc::unavailable);
    open();
  }
  EXPECT_EQ(manager_.updates.size(), before);
  EXPECT_TRUE(ask(keytrans::SearchRequest{{}, alice_, {}}).has_value());
}

TEST_F(ManagedLogTest, WhatDoesNotVerifyIsKept) {
  must(ask(UpdateRequest{{}, alice_, {}, {{{1}}}}));
  manager_.way = Manager::Way::garbles;
  EXPECT_EQ(follow().error().code, Errc::verification_failed);
  EXPECT_EQ(trouble(), ManagerTrouble::unverified);
  EXPECT_FALSE(fs::exists(evidence("fork")));
  // The format of docs/formats.md.
  const Bytes file = must(store::read_small_file(evidence("unverified"), std::size_t{1} << 20));
  keytrans::Decoder io(file);
  std::uint32_t magic = 0;
  std::uint16_t format = 0;
  Timestamp time;
  Bytes reason;
  Bytes state;
  Bytes response;
  io.number("magic", magic);
  io.number("format", format);
  io.number("time", time);
  io.opaque<2>("reason", reason);
  io.opaque<4>("state", state);
  io.opaque<4>("response", response);
  must(std::move(io).finish());
  EXPECT_EQ(magic, 0x4b54554dU);
  EXPECT_EQ(format, 1U);
  EXPECT_EQ(time, fixture_.clock.now());
  // Whoever has the file finds the same.
  const ClientState user = must(ClientState::parse(state));
  const auto again = user.verify(user.distinguished_request(),
                                 must(keytrans::decode<keytrans::DistinguishedResponse>(
                                     response, user.configuration().context())),
                                 time);
  EXPECT_EQ(again.error().detail, std::string(reason.begin(), reason.end()));
  // The next one does not take its place.
  fixture_.clock.pass(1);
  EXPECT_EQ(follow().error().code, Errc::verification_failed);
  EXPECT_EQ(must(store::read_small_file(evidence("unverified"), std::size_t{1} << 20)), file);
  manager_.way = Manager::Way::open;
  must(follow());
  EXPECT_EQ(trouble(), ManagerTrouble::none);
}

TEST_F(RolledBackLogTest, ALogThatBecomesSmallerIsNotTrusted) {
  must(follow());
  must(ask(UpdateRequest{{}, alice_, Version{0}, {{{2}}}}));
  must(follow());
  manager_.log = other_.get();
  EXPECT_EQ(follow().error().code, Errc::verification_failed);
  EXPECT_EQ(trouble(), ManagerTrouble::unverified);
  const std::size_t before = manager_.updates.size();
  EXPECT_EQ(ask(UpdateRequest{{}, alice_, Version{1}, {{{3}}}}).error().code, Errc::unavailable);
  EXPECT_EQ(manager_.updates.size(), before);
  // Reading goes on.
  EXPECT_TRUE(ask(keytrans::SearchRequest{{}, alice_, {}}).has_value());
  manager_.log = embedded_.get();
  must(follow());
  EXPECT_EQ(trouble(), ManagerTrouble::none);
}

TEST_F(ManagedLogTest, KnowsWhatItMayOpen) {
  log_.reset();
  auto another = must(keytrans::SigningKey::generate(kManaged.suite));
  const auto wrong_key = ManagedLog::open(
      *store_, manager_, {fixture_.log().configuration(), std::move(another), evidence()});
  EXPECT_EQ(wrong_key.error().code, Errc::rejected);
  log::LogFixture unmanaged;
  unmanaged.open();
  auto key = must(keytrans::SigningKey::from_pem(kManaged.suite, must(key_.to_pem()).text()));
  const auto wrong_mode = ManagedLog::open(
      *store_, manager_, {unmanaged.log().configuration(), std::move(key), evidence()});
  EXPECT_EQ(wrong_mode.error().code, Errc::rejected);

  const auto table = must(store_->table(fixture_.log().configuration().id().hex(), "manager"));
  store::Batch batch;
  batch.put(table, to_bytes(std::string_view("state")), {1, 2, 3});
  ASSERT_EQ(must(store_->commit(batch)), store::Committed::ok);
  EXPECT_EQ(try_open().error().code, Errc::corrupt);
}

}  // namespace
}  // namespace kt::routing
