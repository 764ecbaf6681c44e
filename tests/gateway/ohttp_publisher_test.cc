// The keys of Oblivious HTTP from the first one on, with a clock that the test sets.
#include "ohttp_publisher.h"

#include <set>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "keytrans/client_state.h"
#include "keytrans/prover.h"
#include "log_program.h"
#include "names.h"
#include "reserved_entry.h"
#include "routing/embedded_log.h"

namespace kt::gateway {
namespace {

using federation::KeyConfig;
using federation::OhttpEncoding;
using federation::OhttpKeysEntry;
using std::chrono::hours;
using std::chrono::milliseconds;

class SetClock final : public log::Clock {
 public:
  milliseconds ahead{0};

  [[nodiscard]] Timestamp now() const override {
    return Timestamp{1'700'000'000'000 + static_cast<std::uint64_t>(ahead.count())};
  }
  [[nodiscard]] milliseconds elapsed() const override { return ahead; }
};

constexpr milliseconds kRotation = hours(24);
constexpr milliseconds kOverlap = hours(1);

class OhttpPublishing : public LogProgram {
 protected:
  void SetUp() override {
    create("a");
    log_ = must(log::Log::open(path("a")));
    wait_until([&] { return log_->state().size > TreeSize{0}; }, "the log does not begin");
    DomainConfiguration domain;
    domain.name = domain_of("example.com");
    domain.url = must(federation::parse_url("https://kt.example.com"));
    domain.logs = {"a"};
    GatewayConfiguration configuration;
    configuration.domains = {domain};
    hosting_ = must(Hosting::create(configuration, {{"a", path("a"), std::nullopt, std::nullopt,
                                                     log_.get(), routing::make_embedded(*log_)}}));
    restart();
  }
  void TearDown() override {
    if (publisher_) publisher_->stop();
  }

  void restart() {
    publisher_ = must(OhttpPublisher::create(path("ohttp"), configuration_, clock_));
  }
  milliseconds step() { return must(publisher_->step(*hosting_)); }
  // Lets time pass until there is something to do, and does it.
  void go_on() {
    clock_.ahead += next_;
    next_ = step();
  }

  // The identifiers of the keys that are published, the active one first.
  [[nodiscard]] std::vector<int> published_ids() const {
    std::vector<int> ids;
    for (const KeyConfig& config :
         must(federation::decode_key_configs(publisher_->published()->list)))
      ids.push_back(config.key_id);
    return ids;
  }
  // Those with which requests are opened.
  [[nodiscard]] std::vector<int> opening_ids() const {
    std::vector<int> ids;
    for (const auto& key : publisher_->published()->keys) ids.push_back(key->config().key_id);
    return ids;
  }
  [[nodiscard]] OhttpKeysEntry logged() const {
    const auto value = must(read_reserved(hosting_->logs().at(0), label_of("kt:ohttp-keys")));
    return must(OhttpKeysEntry::decode(value.value().value));
  }
  [[nodiscard]] std::set<std::string> key_files() const {
    std::set<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(path("ohttp")))
      names.insert(each.path().filename());
    return names;
  }
  [[nodiscard]] bool opens(const Bytes& message) const {
    return publisher_->published()->open(message, OhttpEncoding::whole).has_value();
  }
  // A request to the key that is preferred now.
  [[nodiscard]] Bytes request() const {
    const auto config = must(federation::decode_key_config(publisher_->published()->preferred));
    return must(federation::seal_ohttp_request(config, to_bytes("request"))).message;
  }
  void expect_logged() const { EXPECT_TRUE(logged().has(publisher_->published()->list)); }

  SetClock clock_;
  OhttpConfiguration configuration_{true, kRotation, kOverlap, 1024};
  std::unique_ptr<log::Log> log_;
  std::shared_ptr<const Hosting> hosting_;
  std::unique_ptr<OhttpPublisher> publisher_;
  milliseconds next_{0};
};

TEST_F(OhttpPublishing, TheFirstKeyIsInUseAtOnce) {
  EXPECT_TRUE(publisher_->published()->keys.empty());
  EXPECT_TRUE(publisher_->published()->list.empty());
  EXPECT_EQ(step(), milliseconds(hours(1)));
  EXPECT_EQ(published_ids(), std::vector{0});
  EXPECT_EQ(publisher_->published()->max_age, std::chrono::minutes(30));
  expect_logged();
  EXPECT_TRUE(opens(request()));
  EXPECT_EQ(key_files(), (std::set<std::string>{"0.key", "index"}));
  for (const char* const file : {"ohttp/0.key", "ohttp/index"}) {
    struct stat status {};
    ASSERT_EQ(::stat(path(file).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U) << file;
  }
  const Bytes list = publisher_->published()->list;
  const auto version =
      must(read_reserved(hosting_->logs().at(0), label_of("kt:ohttp-keys")))->version;
  step();
  EXPECT_EQ(publisher_->published()->list, list);
  EXPECT_EQ(must(read_reserved(hosting_->logs().at(0), label_of("kt:ohttp-keys")))->version,
            version);
}

// Through two rotations, with a restart after every step.
TEST_F(OhttpPublishing, AKeyIsKnownBeforeItIsUsedAndWorksAfter) {
  next_ = step();
  const Bytes to_first = request();
  clock_.ahead = kRotation - kOverlap - milliseconds(1);
  EXPECT_EQ(step(), milliseconds(1));
  EXPECT_EQ(published_ids(), std::vector{0});

  clock_.ahead = kRotation - kOverlap;
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_EQ(step(), milliseconds(kOverlap));
    EXPECT_EQ(published_ids(), (std::vector{0, 1}));
    expect_logged();
    const Bytes before = publisher_->published()->list;
    restart();
    EXPECT_TRUE(publisher_->published()->keys.empty());
    step();
    EXPECT_EQ(publisher_->published()->list, before);
  }

  const Bytes list_before = publisher_->published()->list;
  clock_.ahead = kRotation;
  EXPECT_EQ(step(), milliseconds(kOverlap));
  EXPECT_EQ(published_ids(), std::vector{1});
  EXPECT_EQ(opening_ids(), (std::vector{0, 1}));
  expect_logged();
  EXPECT_TRUE(logged().has(list_before)) << "somebody may have it still";
  EXPECT_TRUE(opens(to_first));
  EXPECT_TRUE(opens(request()));

  clock_.ahead = kRotation + kOverlap;
  step();
  EXPECT_EQ(opening_ids(), std::vector{1});
  EXPECT_FALSE(opens(to_first));
  EXPECT_FALSE(logged().has(list_before));
  expect_logged();
  EXPECT_EQ(key_files(), (std::set<std::string>{"1.key", "index"}));

  clock_.ahead = 2 * kRotation;
  restart();
  step();
  EXPECT_EQ(published_ids(), (std::vector{1, 2}));
  EXPECT_EQ(publisher_->counters().rotations, 1U);
}

TEST_F(OhttpPublishing, NoListIsServedThatTheLogsDoNotHave) {
  std::set<Bytes> lists;
  for (int steps = 0; steps < 200; ++steps) {
    go_on();
    expect_logged();
    lists.insert(publisher_->published()->list);
    EXPECT_LE(opening_ids().size(), OhttpKeyFiles::kMaxKeys);
    EXPECT_TRUE(opens(request()));
  }
  EXPECT_GT(lists.size(), 10U);
}

TEST_F(OhttpPublishing, IdentifiersComeAgainOnlyAfterAllOthers) {
  configuration_.rotation = milliseconds(2'000);
  configuration_.overlap = milliseconds(1'000);
  restart();
  next_ = step();
  int last = 0;
  int rotations = 0;
  while (rotations < 5) {
    go_on();
    const int now = opening_ids().back();
    if (now == last) continue;
    EXPECT_EQ(now, (last + 1) % 256);
    last = now;
    ++rotations;
  }
}

TEST_F(OhttpPublishing, ARotationCanBeAskedForOneAtATime) {
  step();
  EXPECT_TRUE(publisher_->request_rotation());
  EXPECT_TRUE(publisher_->is_asked());
  EXPECT_EQ(step(), milliseconds(kOverlap));
  EXPECT_FALSE(publisher_->is_asked());
  EXPECT_EQ(published_ids(), (std::vector{0, 1}));
  EXPECT_FALSE(publisher_->request_rotation());
  clock_.ahead = kOverlap;
  step();
  EXPECT_EQ(published_ids(), std::vector{1});
  EXPECT_TRUE(publisher_->request_rotation());
  step();
  EXPECT_EQ(published_ids(), (std::vector{1, 2}));
  EXPECT_EQ(opening_ids(), (std::vector{0, 1, 2}));
}

// A clock that was put back, and forward by a year.
TEST_F(OhttpPublishing, AClockThatJumpsLeavesAKeyInUse) {
  step();
  clock_.ahead = kRotation;
  step();
  clock_.ahead = -hours(1000);
  step();
  EXPECT_FALSE(published_ids().empty());
  EXPECT_TRUE(opens(request()));
  clock_.ahead = hours(24 * 365);
  step();
  expect_logged();
  EXPECT_TRUE(opens(request()));
}

TEST_F(OhttpPublishing, WhatWasLeftUnfinishedIsErased) {
  step();
  publisher_.reset();
  // As if the process had died after it had made a key, and before the index had it.
  write_file(path("ohttp/9.key"), std::string(32, 'k'));
  write_file(path("ohttp/index.new"), "half");
  restart();
  EXPECT_EQ(key_files(), (std::set<std::string>{"0.key", "index", "index.new"}));
  EXPECT_TRUE(publisher_->request_rotation());
  step();
  EXPECT_EQ(published_ids(), (std::vector{0, 1}));
  EXPECT_EQ(key_files(), (std::set<std::string>{"0.key", "1.key", "index"}));
}

TEST_F(OhttpPublishing, DamagedKeysAreNotUsed) {
  step();
  publisher_.reset();
  const auto open = [&] { return OhttpPublisher::create(path("ohttp"), configuration_, clock_); };
  const std::string index = read_file(path("ohttp/index"));
  for (std::size_t size = 0; size < index.size(); ++size) {
    write_file(path("ohttp/index"), index.substr(0, size));
    std::filesystem::permissions(path("ohttp/index"), std::filesystem::perms(0600));
    // Keys that it does not name would be erased.
    ASSERT_EQ(open().error().code, Errc::corrupt) << size;
  }
  write_file(path("ohttp/index"), index + "x");
  EXPECT_EQ(open().error().code, Errc::corrupt);
  // The next key would have the identifier of the one in use, and could never be made.
  std::string used_again = index;
  used_again[1] = used_again[3];
  write_file(path("ohttp/index"), used_again);
  EXPECT_EQ(open().error().code, Errc::corrupt);
  write_file(path("ohttp/index"), index);
  EXPECT_TRUE(open());

  std::filesystem::permissions(path("ohttp/0.key"), std::filesystem::perms(0640));
  EXPECT_EQ(open().error().code, Errc::rejected);
  std::filesystem::permissions(path("ohttp/0.key"), std::filesystem::perms(0600));
  write_file(path("ohttp/0.key"), "short");
  EXPECT_EQ(open().error().code, Errc::corrupt);
  std::filesystem::remove(path("ohttp/0.key"));
  EXPECT_EQ(open().error().code, Errc::corrupt);
}

}  // namespace
}  // namespace kt::gateway
