#include "federation/discovery.h"

#include <mutex>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "directory_world.h"
#include "dns_server.h"

namespace kt::federation {
namespace {

constexpr std::uint64_t kMinuteMs = 60'000;
constexpr std::uint64_t kHourMs = 60 * kMinuteMs;
constexpr std::uint64_t kDayMs = 24 * kHourMs;

// The web server of a domain, which answers each connection once, with what it has then.
class Published {
 public:
  Published()
      : thread_([this] {
          while (true) {
            const LoopbackConnection connection = listener_.accept();
            {
              const std::lock_guard lock(mutex_);
              if (is_over_) return;
              ++connections_;
            }
            static_cast<void>(connection.read_until("\r\n\r\n"));
            const std::lock_guard lock(mutex_);
            connection.write(answer_);
          }
        }) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;
  ~Published() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    try {
      const auto last = LoopbackConnection::to(listener_.port());
    } catch (const std::exception&) {
      std::abort();
    }
    thread_.join();
  }

  void answers(const std::string& status, const std::string& body, const std::string& fields = "") {
    const std::lock_guard lock(mutex_);
    answer_ = "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n" + fields +
              "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
              body;
  }
  void has(const DirectoryDocument& document) { answers("200 OK", document.text()); }
  [[nodiscard]] int connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

 private:
  mutable std::mutex mutex_;
  std::string answer_;
  int connections_ = 0;
  bool is_over_ = false;
  LoopbackListener listener_;
  std::thread thread_;
};

class MemoryStore final : public DiscoveryStore {
 public:
  std::map<Domain, Bytes> records;
  bool is_full = false;

  Result<std::map<Domain, Bytes>> load() override { return records; }
  boost::asio::awaitable<Result<std::optional<Bytes>>> get(Domain domain) override {
    const auto found = records.find(domain);
    if (found == records.end()) co_return std::nullopt;
    co_return std::optional<Bytes>(found->second);
  }
  boost::asio::awaitable<Result<void>> put(Domain domain, std::optional<Bytes> before,
                                           Bytes record) override {
    if (is_full) co_return fail(Errc::unavailable, "there is no room");
    const auto found = records.find(domain);
    if (found == records.end() ? before.has_value() : before != found->second)
      co_return fail(Errc::conflict, "somebody else was faster");
    records.insert_or_assign(domain, std::move(record));
    co_return Result<void>();
  }
  boost::asio::awaitable<Result<void>> erase(Domain domain) override {
    records.erase(domain);
    co_return Result<void>();
  }
};

DirectoryDocument document_of(int log_number, std::uint64_t epoch,
                              const std::string& domain = "example.com",
                              std::initializer_list<int> others = {}) {
  const KeyedLog log = numbered_log(log_number);
  std::vector<KeyedLog> more;
  for (const int other : others) more.push_back(numbered_log(other));
  std::vector<DirectorySigner> signers{signer(log)};
  for (const KeyedLog& each : more) signers.push_back(signer(each));
  Directory directory = single_directory(log, epoch);
  directory.domain = domain_of(domain);
  directory.expires = Timestamp{kNotBefore.value() + 30 * kDayMs};
  return must(DirectoryDocument::sign(directory, signers));
}

using FoundDomain = Result<std::shared_ptr<const DiscoveredDomain>>;

class DiscoveryTest : public ::testing::Test {
 protected:
  DiscoveryTest() {
    options_.now = [this] { return now_; };
    options_.url_of = [this](const Domain& domain) {
      return Url{false, "kt." + domain.text(), published_.port(), ""};
    };
    options_.alarm = [this](const Domain& domain, DiscoveryAlarm alarm) {
      alarms_.push_back(domain.text() + " " + std::string(to_string(alarm)));
    };
    options_.rules.addresses = AddressRules({must(parse_network("127.0.0.1"))});
    has_records({"v=KT1; id=1"});
    published_.has(document_of(1, 3));
  }

  // What the domains' DNS has from now on.
  void has_records(const std::vector<std::string>& texts, std::uint16_t flags = kDnsResponse,
                   const std::string& domain = "example.com") {
    const std::lock_guard lock(mutex_);
    zone_.flags = flags;
    std::erase_if(zone_.records, [&](const DnsRecord& record) {
      return record.owner == dns_name("_kt." + domain) || record.owner == dns_name("kt." + domain);
    });
    for (const std::string& text : texts)
      zone_.records.push_back(txt_record("_kt." + domain, text, 600));
    zone_.records.push_back(a_record("kt." + domain, {127, 0, 0, 1}));
  }
  void is_silent(bool is_silent) {
    const std::lock_guard lock(mutex_);
    is_silent_ = is_silent;
  }
  void later(std::uint64_t ms) { now_ = Timestamp{now_.value() + ms}; }

  void restart() {
    discovery_.reset();
    resolver_.reset();
    ResolverOptions resolver;
    resolver.servers = {server_.endpoint()};
    resolver.patience = std::chrono::milliseconds(50);
    resolver_ = must(Resolver::create(context_.get_executor(), resolver));
    discovery_ = must(Discovery::open(context_.get_executor(), *resolver_, store_, options_));
  }
  std::vector<FoundDomain> find_all(const std::vector<std::string>& domains) {
    if (discovery_ == nullptr) restart();
    std::vector<std::future<FoundDomain>> asked;
    for (const std::string& domain : domains)
      asked.push_back(boost::asio::co_spawn(context_, discovery_->find(domain_of(domain)),
                                            boost::asio::use_future));
    context_.restart();
    context_.run();
    std::vector<FoundDomain> found;
    for (auto& each : asked) found.push_back(each.get());
    return found;
  }
  FoundDomain find(const std::string& domain = "example.com") { return find_all({domain}).at(0); }
  [[nodiscard]] std::uint64_t epoch() { return must(find())->document.directory().epoch.value(); }
  Errc refusal(const std::string& domain = "example.com") {
    const auto found = find(domain);
    EXPECT_FALSE(found.has_value());
    return found ? Errc::corrupt : found.error().code;
  }
  [[nodiscard]] std::size_t hints_asked() const {
    std::size_t count = 0;
    for (const DnsAsked& asked : server_.asked()) count += asked.type == kTypeTxt ? 1 : 0;
    return count;
  }

  Timestamp now_{kNotBefore.value() + kHourMs};
  DiscoveryOptions options_;
  Published published_;
  MemoryStore store_;
  std::vector<std::string> alarms_;
  std::unique_ptr<Discovery> discovery_;

 private:
  std::mutex mutex_;
  DnsZone zone_;
  bool is_silent_ = false;

 protected:
  DnsServer server_{[this](const DnsAsked& asked) -> std::optional<Bytes> {
    const std::lock_guard lock(mutex_);
    if (is_silent_) return std::nullopt;
    return zone_.answer(asked);
  }};
  boost::asio::io_context context_;
  std::unique_ptr<Resolver> resolver_;
};

using Discovers = DiscoveryTest;

TEST_F(Discovers, ADocumentOnceForAWhile) {
  EXPECT_EQ(epoch(), 3U);
  later(kMinuteMs);
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(hints_asked(), 1U);
  EXPECT_EQ(published_.connections(), 1);
  EXPECT_EQ(discovery_->counts().known, 1U);
}

TEST_F(Discovers, ANewDocumentByItsHint) {
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(1, 4));
  later(11 * kMinuteMs);
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(hints_asked(), 2U);
  EXPECT_EQ(published_.connections(), 1);
  has_records({"v=KT1; id=2"});
  later(11 * kMinuteMs);
  EXPECT_EQ(epoch(), 4U);
  EXPECT_EQ(published_.connections(), 2);
}

TEST_F(Discovers, ANewDocumentWithoutAHintInADay) {
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(1, 4));
  later(25 * kHourMs);
  EXPECT_EQ(epoch(), 4U);
}

// Nobody asks for the hint of a domain that is pinned; what follows what is as ever.
TEST_F(Discovers, WhatIsPinnedWithoutAHint) {
  is_silent(true);
  DiscoveryRules rules = options_.rules;
  rules.pinned = Url{false, "127.0.0.1", published_.port(), ""};
  options_.special.emplace(domain_of("example.com"), rules);
  options_.url_of = [](const Domain& domain) { return Url{true, domain.text(), 1, ""}; };
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(1, 4));
  later(4 * kMinuteMs);
  EXPECT_EQ(epoch(), 3U);
  later(2 * kMinuteMs);
  EXPECT_EQ(epoch(), 4U);
  published_.has(document_of(1, 3));
  later(6 * kMinuteMs);
  EXPECT_EQ(epoch(), 4U);
  EXPECT_EQ(alarms_, std::vector<std::string>{"example.com refused"});
  EXPECT_EQ(hints_asked(), 0U);
}

TEST_F(Discovers, OnceForAllWhoWait) {
  for (const auto& found : find_all({"example.com", "example.com", "example.com"}))
    EXPECT_TRUE(found.has_value());
  EXPECT_EQ(hints_asked(), 1U);
  EXPECT_EQ(published_.connections(), 1);
}

TEST_F(Discovers, ThatADomainHasNoLog) {
  has_records({});
  EXPECT_EQ(refusal(), Errc::not_found);
  later(30'000);
  EXPECT_EQ(refusal(), Errc::not_found);
  EXPECT_EQ(hints_asked(), 1U);
  EXPECT_EQ(published_.connections(), 0);
  has_records({"v=KT1; id=1"});
  later(2 * kMinuteMs);
  EXPECT_EQ(epoch(), 3U);
}

// A name server that fails, or says nothing, has not said that there is no log.
TEST_F(Discovers, NothingWhereNobodyAnswers) {
  has_records({"v=KT1; id=1"}, kDnsResponse | kDnsServerFailure);
  EXPECT_EQ(refusal(), Errc::unavailable);
  // It is not asked again at once.
  has_records({"v=KT1; id=1"});
  EXPECT_EQ(refusal(), Errc::unavailable);
  EXPECT_EQ(hints_asked(), 1U);
  later(2'000);
  EXPECT_EQ(epoch(), 3U);
  is_silent(true);
  EXPECT_EQ(refusal("example.net"), Errc::unavailable);
  EXPECT_EQ(alarms_, std::vector<std::string>());
}

TEST_F(Discovers, KeepsWhatItKnowsUntilThatExpires) {
  EXPECT_EQ(epoch(), 3U);
  is_silent(true);
  later(kDayMs);
  EXPECT_EQ(epoch(), 3U);
  later(28 * kDayMs);
  EXPECT_EQ(epoch(), 3U);
  later(kDayMs);
  EXPECT_EQ(refusal(), Errc::unavailable);
}

// Whoever can take away a record cannot make a domain one without a log.
TEST_F(Discovers, AHintThatWasTakenAway) {
  EXPECT_EQ(epoch(), 3U);
  has_records({});
  later(kHourMs);
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(alarms_, std::vector<std::string>{"example.com withdrawn"});
  EXPECT_EQ(discovery_->counts().withdrawn, 1U);
  later(30 * kDayMs);
  EXPECT_EQ(refusal(), Errc::unavailable);
  restart();
  EXPECT_EQ(refusal(), Errc::unavailable);
  EXPECT_EQ(published_.connections(), 1);
}

TEST_F(Discovers, NothingByTwoHints) {
  has_records({"v=KT1; id=1", "v=KT1; id=2"});
  EXPECT_EQ(refusal(), Errc::malformed);
  EXPECT_EQ(alarms_, std::vector<std::string>{"example.com refused"});
  EXPECT_EQ(published_.connections(), 0);
  EXPECT_EQ(discovery_->counts().refused, 1U);
}

TEST_F(Discovers, NothingAtAForbiddenAddress) {
  options_.rules.addresses = AddressRules();
  EXPECT_EQ(refusal(), Errc::rejected);
  EXPECT_EQ(published_.connections(), 0);
}

// The name led to a permitted address first, and leads to this machine now.
TEST_F(Discovers, NothingWhereANameIsMoved) {
  EXPECT_EQ(epoch(), 3U);
  options_.rules.addresses = AddressRules();
  restart();
  has_records({"v=KT1; id=2"});
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(published_.connections(), 1);
  EXPECT_EQ(alarms_, std::vector<std::string>{"example.com refused"});
}

TEST_F(Discovers, NothingByARedirectOrAnythingElse) {
  published_.answers("302 Found", "",
                     "Location: http://127.0.0.1:" + std::to_string(published_.port()) + "/\r\n");
  EXPECT_EQ(refusal(), Errc::malformed);
  EXPECT_EQ(published_.connections(), 1);
  // A hint without a document does not say that there is no log.
  later(2 * kHourMs);
  published_.answers("404 Not Found", "");
  EXPECT_EQ(refusal(), Errc::malformed);
  later(2 * kHourMs);
  published_.answers("200 OK", std::string(DirectoryDocument::kMaxSize + 1, ' '));
  EXPECT_EQ(refusal(), Errc::malformed);
  later(2 * kHourMs);
  published_.answers("503 Later", "");
  EXPECT_EQ(refusal(), Errc::unavailable);
  later(2 * kHourMs);
  published_.has(document_of(1, 3, "example.net"));
  EXPECT_EQ(refusal(), Errc::verification_failed);
}

TEST_F(Discovers, NoDocumentThatIsNotInForce) {
  now_ = Timestamp{kNotBefore.value() - 1};
  EXPECT_EQ(refusal(), Errc::rejected);
}

TEST_F(Discovers, NoEpochThatGoesBack) {
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(1, 2));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(epoch(), 3U);
  restart();
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(alarms_, (std::vector<std::string>{"example.com refused", "example.com refused"}));
}

TEST_F(Discovers, NoSecondDocumentOfAnEpoch) {
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(2, 3));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(must(find())->document.text(), document_of(1, 3).text());
  EXPECT_EQ(alarms_, std::vector<std::string>{"example.com refused"});
}

TEST_F(Discovers, ALogThatNobodyVouchesForIsHeldDown) {
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(2, 4));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(discovery_->counts().held_down, 1U);
  // It is held as long whatever happens to the process.
  later(71 * kHourMs);
  restart();
  EXPECT_EQ(epoch(), 3U);
  EXPECT_EQ(discovery_->counts().held_down, 1U);
  later(kHourMs + kMinuteMs);
  EXPECT_EQ(epoch(), 4U);
  EXPECT_EQ(discovery_->counts().held_down, 0U);
  EXPECT_EQ(alarms_.front(), "example.com held_down");
  EXPECT_EQ(alarms_.back(), "example.com none");
}

TEST_F(Discovers, ALogThatAFormerOneVouchesForAtOnce) {
  EXPECT_EQ(epoch(), 3U);
  published_.has(document_of(2, 4, "example.com", {1}));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(epoch(), 4U);
  EXPECT_TRUE(alarms_.empty());
}

TEST_F(Discovers, NothingThatItCannotKeep) {
  store_.is_full = true;
  EXPECT_EQ(refusal(), Errc::unavailable);
  store_.is_full = false;
  later(kMinuteMs);
  EXPECT_EQ(epoch(), 3U);
  store_.is_full = true;
  published_.has(document_of(1, 4));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(epoch(), 3U);
}

// As when a gateway was told to reload, and the one before is still at it.
TEST_F(Discovers, NothingOverWhatAnotherOneHasKept) {
  EXPECT_EQ(epoch(), 3U);
  const auto older = store_.records;
  published_.has(document_of(1, 5));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(epoch(), 5U);
  const auto newer = store_.records;
  store_.records = older;
  restart();
  store_.records = newer;
  published_.has(document_of(1, 4));
  // Its own is a lower one, which it may believe, but not keep.
  EXPECT_EQ(must(find())->document.directory().epoch.value(), 5U);
  EXPECT_EQ(store_.records, newer);
}

TEST_F(Discovers, WhatIsAuthenticWhereItHasToBe) {
  options_.special[domain_of("example.com")] = options_.rules;
  options_.special[domain_of("example.com")].needs_dnssec = true;
  EXPECT_EQ(refusal(), Errc::rejected);
  EXPECT_EQ(published_.connections(), 0);
  has_records({"v=KT1; id=1"}, kDnsResponse | kDnsAuthentic);
  later(2 * kHourMs);
  EXPECT_TRUE(must(find())->is_authentic);
}

// What was believed before the operator required more is no answer any more.
TEST_F(Discovers, WhatHasBecomeTooLittleIsNoAnswer) {
  EXPECT_FALSE(must(find())->is_authentic);
  options_.special[domain_of("example.com")] = options_.rules;
  options_.special[domain_of("example.com")].needs_dnssec = true;
  restart();
  EXPECT_EQ(refusal(), Errc::rejected);
  has_records({"v=KT1; id=1"}, kDnsResponse | kDnsAuthentic);
  later(2 * kHourMs);
  EXPECT_EQ(epoch(), 3U);
}

TEST_F(Discovers, AsManyDomainsAsItMay) {
  options_.domains = 1;
  EXPECT_EQ(epoch(), 3U);
  has_records({"v=KT1; id=1"}, kDnsResponse, "example.net");
  published_.has(document_of(1, 1, "example.net"));
  EXPECT_EQ(refusal("example.net"), Errc::unavailable);
  EXPECT_EQ(store_.records.size(), 1U);
  // The other one has had no document for a month.
  later(65 * kDayMs);
  Directory directory = single_directory(numbered_log(1), 1);
  directory.domain = domain_of("example.net");
  directory.expires = Timestamp{now_.value() + kDayMs};
  const KeyedLog log = numbered_log(1);
  const DirectorySigner signers[] = {signer(log)};
  published_.has(must(DirectoryDocument::sign(directory, signers)));
  EXPECT_TRUE(find("example.net").has_value());
  EXPECT_EQ(store_.records.size(), 1U);
  EXPECT_EQ(discovery_->counts().known, 1U);
}

TEST_F(Discovers, AsManyBytesAsItMay) {
  options_.bytes = document_of(1, 3).text().size();
  EXPECT_EQ(epoch(), 3U);
  has_records({"v=KT1; id=1"}, kDnsResponse, "example.net");
  published_.has(document_of(1, 1, "example.net"));
  EXPECT_EQ(refusal("example.net"), Errc::unavailable);
  // One document in the place of another takes no more.
  published_.has(document_of(1, 4));
  has_records({"v=KT1; id=2"});
  later(kHourMs);
  EXPECT_EQ(epoch(), 4U);
}

TEST_F(Discovers, AsManyUnknownDomainsAsItMay) {
  options_.unknown_domains = 2;
  const auto ask = [this](int i) {
    EXPECT_EQ(refusal("n" + std::to_string(i) + ".example.net"), Errc::not_found);
  };
  for (int i = 0; i < 5; ++i) ask(i);
  const std::size_t asked = hints_asked();
  EXPECT_EQ(asked, 5U);
  ask(4);
  EXPECT_EQ(hints_asked(), asked);
  // Of the others one is known still.
  for (int i = 0; i < 4; ++i) ask(i);
  EXPECT_GE(hints_asked(), asked + 3);
}

TEST_F(Discovers, AsMuchAtATimeAsItMay) {
  options_.lookups = 1;
  const auto found = find_all({"example.com", "example.net"});
  EXPECT_TRUE(found.at(0).has_value());
  ASSERT_FALSE(found.at(1).has_value());
  EXPECT_EQ(found.at(1).error().code, Errc::unavailable);
  EXPECT_EQ(refusal("example.net"), Errc::not_found);
}

TEST_F(Discovers, NotWithAStoreThatIsDamaged) {
  store_.records[domain_of("example.com")] = {0, 1, 2};
  ResolverOptions resolver;
  resolver.servers = {server_.endpoint()};
  resolver_ = must(Resolver::create(context_.get_executor(), resolver));
  const auto opened = Discovery::open(context_.get_executor(), *resolver_, store_, options_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace kt::federation
