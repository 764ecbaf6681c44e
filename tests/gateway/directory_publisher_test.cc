#include "directory_publisher.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "federation/directory_succession.h"
#include "keytrans/client_state.h"
#include "keytrans/prover.h"
#include "log_program.h"
#include "names.h"
#include "routing/embedded_log.h"

namespace kt::gateway {
namespace {

using federation::DirectoryDocument;
using federation::Epoch;

constexpr std::uint64_t kDay = std::uint64_t{24} * 60 * 60 * 1000;

class MachineClockAhead final : public log::Clock {
 public:
  std::uint64_t ahead = 0;

  [[nodiscard]] Timestamp now() const override {
    return Timestamp{log::system_clock().now().value() + ahead};
  }
  [[nodiscard]] std::chrono::milliseconds elapsed() const override {
    return log::system_clock().elapsed();
  }
};

// Three logs, of which a domain has those that a test names.
class Publishing : public LogProgram {
 protected:
  void SetUp() override {
    for (const char* const name : {"a", "b", "c"}) {
      create(name);
      open(name);
    }
    restart();
    domain_.name = domain_of("example.com");
    domain_.label_rule = federation::LabelRule::ascii_lower;
    domain_.url = must(federation::parse_url("https://kt.example.com"));
    domain_.logs = {"a"};
  }
  void TearDown() override {
    if (publisher_) publisher_->stop();
  }

  void open(const std::string& name) {
    auto log = must(log::Log::open(path(name)));
    wait_until([&] { return log->state().size > TreeSize{0}; }, "the log does not begin");
    logs_.emplace_back(name, std::move(log));
  }
  void restart() { publisher_ = must(DirectoryPublisher::create(path("state"), clock_)); }

  [[nodiscard]] Result<std::shared_ptr<const Hosting>> hosting() const {
    std::vector<HostedLog> hosted;
    for (const auto& [name, log] : logs_)
      hosted.push_back(
          {name, path(name), std::nullopt, std::nullopt, log.get(), routing::make_embedded(*log)});
    GatewayConfiguration configuration;
    configuration.domains = {domain_};
    return Hosting::create(configuration, std::move(hosted));
  }
  Result<bool> publish() { return publisher_->publish(*must(hosting()), domain_); }
  // Publishes a document that there was not before.
  DirectoryDocument published() {
    EXPECT_TRUE(must(publish()));
    return publisher_->published()->at(*domain_.name);
  }

  [[nodiscard]] log::Log& log(std::string_view name) const {
    for (const auto& [each, log] : logs_) {
      if (each == name) return *log;
    }
    throw std::runtime_error("there is no such log");
  }
  // What a user who verifies everything finds under kt:directory, and its version.
  [[nodiscard]] std::pair<Version, federation::DirectoryEntry> found_in(
      std::string_view name) const {
    keytrans::ClientState user(log(name).configuration());
    const auto request = user.search_request(label_of(federation::kDirectoryLabel));
    const auto response = must(keytrans::prove_search(*must(log(name).view()), request));
    const auto found =
        must(user.apply(must(user.verify(request, response, log::system_clock().now()))));
    return {found.version, must(federation::DirectoryEntry::decode(found.value))};
  }
  void write_entry(std::string_view name, std::optional<Version> greatest, const Bytes& value) {
    std::promise<Result<keytrans::UpdateResponse>> promise;
    must(log(name).submit(
        keytrans::UpdateRequest{
            std::nullopt, label_of(federation::kDirectoryLabel), greatest, {{value}}},
        [&promise](auto answer) { promise.set_value(std::move(answer)); }));
    must(promise.get_future().get());
  }
  // A document that says what is wanted, as it is on disk when the process has died.
  DirectoryDocument left_behind(std::uint64_t epoch, const std::string& url) {
    const auto& configuration = log("a").configuration();
    const auto key = must(log::load_signature_key(path("a"), configuration));
    const Timestamp now = clock_.now();
    const federation::Directory directory{*domain_.name,
                                          Epoch{epoch},
                                          Timestamp{now.value() - DirectoryPublisher::kClockSkewMs},
                                          Timestamp{now.value() + DirectoryPublisher::kLifetimeMs},
                                          domain_.label_rule,
                                          must(federation::parse_url(url)),
                                          federation::SinglePolicy{configuration.id()},
                                          {{configuration, "a", federation::LogState::active,
                                            must(federation::parse_url(url + "/kt/v1/logs/a"))}}};
    const federation::DirectorySigner signers[] = {{configuration.id(), &key}};
    auto document = must(DirectoryDocument::sign(directory, signers));
    must(must(DirectoryFiles::open(path("state"))).put_next(document));
    return document;
  }

  MachineClockAhead clock_;
  std::vector<std::pair<std::string, std::unique_ptr<log::Log>>> logs_;
  std::unique_ptr<DirectoryPublisher> publisher_;
  DomainConfiguration domain_;
};

TEST_F(Publishing, WhatIsPublishedIsInTheLogAndStaysAsItIs) {
  const DirectoryDocument document = published();
  const federation::Directory& directory = document.directory();
  EXPECT_EQ(directory.epoch, Epoch{1});
  EXPECT_TRUE(directory.is_in_force(clock_.now()));
  EXPECT_EQ(directory.url.text(), "https://kt.example.com");
  ASSERT_EQ(directory.logs.size(), 1U);
  EXPECT_EQ(directory.logs[0].url.text(), "https://kt.example.com/kt/v1/logs/a");
  EXPECT_EQ(found_in("a"), std::pair(Version{0}, document.entry()));

  EXPECT_FALSE(must(publish()));
  EXPECT_EQ(found_in("a").first, Version{0});
  restart();
  EXPECT_EQ(published().text(), document.text());
  EXPECT_EQ(found_in("a").first, Version{0});
}

TEST_F(Publishing, WhatChangesIsPublishedAndFollowsAtOnce) {
  const DirectoryDocument before = published();
  domain_.policy = DomainPolicy::sharded;
  domain_.logs = {"a", "b"};
  const DirectoryDocument after = published();
  EXPECT_EQ(after.directory().epoch, Epoch{2});
  EXPECT_EQ(found_in("a"), std::pair(Version{1}, after.entry()));
  EXPECT_EQ(found_in("b"), std::pair(Version{0}, after.entry()));
  const auto known = must(federation::follow({before, std::nullopt}, after, clock_.now()));
  EXPECT_EQ(known.current.entry(), after.entry());
}

TEST_F(Publishing, ALogThatWasBeforeVouchesForTheOneThatTakesItsPlace) {
  const DirectoryDocument before = published();
  domain_.logs = {"b"};
  const DirectoryDocument after = published();
  const auto known = must(federation::follow({before, std::nullopt}, after, clock_.now()));
  EXPECT_EQ(known.current.entry(), after.entry());
  EXPECT_FALSE(known.held.has_value());
}

TEST_F(Publishing, ADocumentIsRenewedInTime) {
  const DirectoryDocument before = published();
  clock_.ahead = 14 * kDay;
  EXPECT_FALSE(must(publish()));
  clock_.ahead = 15 * kDay;
  const DirectoryDocument after = published();
  EXPECT_EQ(after.directory().epoch, Epoch{2});
  EXPECT_GT(after.directory().expires, before.directory().expires);
  // A clock that was wrong.
  clock_.ahead = 0;
  EXPECT_EQ(published().directory().epoch, Epoch{3});
}

TEST_F(Publishing, WhatWasUnderWayIsFinished) {
  const DirectoryDocument left = left_behind(1, "https://kt.example.com");
  const DirectoryDocument after = published();
  EXPECT_EQ(after.text(), left.text());
  EXPECT_EQ(found_in("a").second, left.entry());
  restart();
  EXPECT_EQ(published().text(), left.text());
}

TEST_F(Publishing, WhatWasUnderWayAndIsNotWantedIsGoneBeyond) {
  published();
  const DirectoryDocument left = left_behind(2, "https://elsewhere.example.com");
  restart();
  const DirectoryDocument after = published();
  EXPECT_EQ(after.directory().epoch, Epoch{3});
  EXPECT_EQ(after.directory().url, *domain_.url);
  EXPECT_EQ(found_in("a"), std::pair(Version{1}, after.entry()));
}

TEST_F(Publishing, AnEpochThatALogHasIsNotUsedAgain) {
  published();
  std::filesystem::remove_all(path("state"));
  restart();
  EXPECT_EQ(published().directory().epoch, Epoch{2});

  write_entry("a", Version{1}, must(federation::DirectoryEntry{Epoch{7}, {}}.encode()));
  EXPECT_EQ(published().directory().epoch, Epoch{8});
  // What is no entry is none.
  write_entry("a", Version{3}, Bytes{1, 2, 3});
  EXPECT_FALSE(must(publish()));
  EXPECT_EQ(found_in("a").first, Version{5});

  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  write_entry("a", Version{5}, must(federation::DirectoryEntry{Epoch{kLast}, {}}.encode()));
  const auto refused = publish();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::rejected);
}

TEST_F(Publishing, ADamagedFileStopsItAndNothingIsPublished) {
  published();
  const std::string file = path("state") + "/example.com.json";
  std::string text = read_file(file);
  text[text.size() / 2] ^= 1;
  write_file(file, text);
  restart();
  const auto refused = publish();
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail.find("example.com.json"), std::string::npos);
  EXPECT_TRUE(publisher_->published()->empty());
}

TEST_F(Publishing, WhatIsNotConfiguredIsWithdrawn) {
  published();
  publisher_->withdraw_others(*must(hosting()));
  EXPECT_EQ(publisher_->published()->size(), 1U);
  domain_.url = std::nullopt;
  publisher_->withdraw_others(*must(hosting()));
  EXPECT_TRUE(publisher_->published()->empty());
}

TEST_F(Publishing, ALogThatTakesNoUpdatesIsNotWaitedForWhenTheGatewayEnds) {
  log::LogOptions options;
  options.padding.interval = std::chrono::minutes(10);
  options.padding.pairs = 1;
  create("padded");
  logs_.emplace_back("padded", must(log::Log::open(path("padded"), options)));
  wait_until([&] { return log("padded").state().size > TreeSize{0}; }, "the log does not begin");
  domain_.logs = {"padded"};
  Result<bool> outcome = true;
  std::thread waiting([&] { outcome = publish(); });
  wait_until([&] { return log("padded").state().waiting > 0; }, "nothing is asked of the log");
  publisher_->stop();
  waiting.join();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, Errc::unavailable);
  EXPECT_TRUE(publisher_->published()->empty());
}

TEST_F(Publishing, WhatWasPublishedIsThereAtOnceAfterAStart) {
  const DirectoryDocument before = published();
  restart();
  EXPECT_TRUE(publisher_->published()->empty());
  publisher_->restore(*must(hosting()));
  EXPECT_EQ(publisher_->published()->at(*domain_.name).text(), before.text());
  EXPECT_FALSE(must(publish()));
}

// What restore() makes of a document that is not what it was.
TEST_F(Publishing, WhatIsNoLongerTrueIsNotThereAtOnce) {
  const auto expect_nothing = [this] {
    restart();
    publisher_->restore(*must(hosting()));
    EXPECT_TRUE(publisher_->published()->empty());
  };
  expect_nothing();
  published();
  domain_.logs = {"b"};
  expect_nothing();
  domain_.logs = {"a"};
  clock_.ahead = DirectoryPublisher::kLifetimeMs;
  expect_nothing();
  clock_.ahead = 0;
  // The state is an older one than what was published.
  const auto [version, entry] = found_in("a");
  write_entry("a", version,
              must(federation::DirectoryEntry{Epoch{entry.epoch.value() + 1}, {}}.encode()));
  expect_nothing();
  domain_.url.reset();
  expect_nothing();
}

// A log may have the hash of the next one already.
TEST_F(Publishing, WhatIsAboutToBePublishedDoesNotHideWhatIs) {
  const DirectoryDocument before = published();
  const auto [version, entry] = found_in("a");
  const DirectoryDocument next =
      left_behind(entry.epoch.value() + 1, "https://other.kt.example.com");
  write_entry("a", version, must(next.entry().encode()));
  restart();
  publisher_->restore(*must(hosting()));
  EXPECT_EQ(publisher_->published()->at(*domain_.name).text(), before.text());
}

}  // namespace
}  // namespace kt::gateway
