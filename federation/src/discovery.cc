#include "federation/discovery.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "discovery_record.h"
#include "keytrans/random.h"

namespace kt::federation {
namespace {

namespace asio = boost::asio;
using Found = Result<std::shared_ptr<const DiscoveredDomain>>;
using TimePoint = Resolver::Time;

constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

// How long an answer of DNS is kept, whatever its TTL.
constexpr std::uint64_t kLeastHint = kMinute;
constexpr std::uint64_t kGreatestHint = kDay;
constexpr std::uint64_t kGreatestAbsence = kHour;
// How old a document may get whose hint stays the same.
constexpr std::uint64_t kGreatestAge = kDay;
// Of a domain that is pinned, whose hint nobody asks for.
constexpr std::uint64_t kPinnedAge = 5 * kMinute;
constexpr const char* kPinnedId = "pinned";
// How long until what failed is tried again: what nobody answered, doubled each time; what cannot
// be believed, of a domain that is known, and of any other.
constexpr std::uint64_t kFirstPause = kSecond;
constexpr std::uint64_t kGreatestPause = 5 * kMinute;
constexpr std::uint64_t kPauseOfKnown = 2 * kMinute;
constexpr std::uint64_t kPauseOfUnknown = kHour;
// How long a domain has to be without a document in force until it may be forgotten.
constexpr std::uint64_t kForgotten = 30 * kDay;

constexpr std::array kAlarms{DiscoveryAlarm::none, DiscoveryAlarm::held_down,
                             DiscoveryAlarm::withdrawn, DiscoveryAlarm::refused};

// What the domain's DNS says.
struct Hint {
  std::optional<std::string> id;  // nothing when there is no hint
  bool is_authentic;
  std::uint64_t ttl;  // milliseconds
};

// A look at a domain that is under way, for those who wait for it.
struct Look {
  explicit Look(const asio::any_io_executor& executor)
      : over(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer over;  // is cancelled
};

struct Entry {
  std::optional<DiscoveryRecord> record;
  std::shared_ptr<const DiscoveredDomain> current;  // of the record
  std::optional<Error> error;                       // of the last look
  Timestamp next_look;
  unsigned failures = 0;  // in a row
  DiscoveryAlarm alarm = DiscoveryAlarm::none;
  std::shared_ptr<Look> look;

  // A clock that was wrong does not put a look off for ever.
  [[nodiscard]] bool is_due(Timestamp now) const {
    return now >= next_look || elapsed_ms(now, next_look) > kDay;
  }
};

std::string hint_name(const Domain& domain) { return "_kt." + domain.text(); }

// Less by up to a tenth, so that what was learned at one time is not looked for at one time.
std::uint64_t with_jitter(std::uint64_t pause) {
  const auto random = keytrans::random_bytes<2>();
  if (!random) return pause;
  const std::uint64_t part = std::uint64_t{(*random)[0]} << 8U | (*random)[1];
  return pause - pause / 10 * part / 65536;
}

class TheDiscovery final : public Discovery {
 public:
  TheDiscovery(asio::any_io_executor executor, Resolver& resolver, DiscoveryStore& store,
               DiscoveryOptions options)
      : executor_(std::move(executor)),
        resolver_(resolver),
        store_(store),
        options_(std::move(options)) {}

  Result<void> load();
  asio::awaitable<Found> find(Domain domain) override;
  [[nodiscard]] Counts counts() const override {
    return {known_, alarms_.at(1), alarms_.at(2), alarms_.at(3)};
  }

 private:
  // Ends a look, however it ends.
  class Looking {
   public:
    Looking(TheDiscovery& discovery, Domain domain);
    Looking(const Looking&) = delete;
    Looking& operator=(const Looking&) = delete;
    ~Looking();

   private:
    TheDiscovery& discovery_;
    const Domain domain_;
    std::shared_ptr<Look> look_;
  };

  [[nodiscard]] const DiscoveryRules& rules_of(const Domain& domain) const;
  [[nodiscard]] bool is_usable(const Domain& domain, Timestamp now) const;
  [[nodiscard]] Found answer(const Domain& domain) const;
  void forget_unknown();
  Result<std::optional<Domain>> find_room(const Domain& domain, std::size_t size,
                                          Timestamp now) const;

  asio::awaitable<void> look(Domain domain);
  asio::awaitable<Result<Hint>> ask_hint(Domain domain, TimePoint deadline);
  asio::awaitable<Result<DirectoryDocument>> fetch(Domain domain, TimePoint deadline);
  asio::awaitable<Result<void>> keep(Domain domain, DiscoveryRecord record);
  asio::awaitable<Result<void>> read_again(Domain domain);
  asio::awaitable<Result<void>> make_room(Domain domain, std::size_t size);

  void set_record(const Domain& domain, DiscoveryRecord record);
  void forget(const Domain& domain);
  void set_alarm(const Domain& domain, DiscoveryAlarm alarm);
  void note_failure(const Domain& domain, Error error);
  void note_absence(const Domain& domain, std::uint64_t ttl);
  void note_success(const Domain& domain, std::uint64_t ttl, DiscoveryAlarm alarm);

  asio::any_io_executor executor_;
  Resolver& resolver_;
  DiscoveryStore& store_;
  DiscoveryOptions options_;
  std::map<Domain, Entry> entries_;  // one that is looked at stays
  std::size_t bytes_ = 0;            // of the documents
  std::size_t looks_ = 0;
  std::atomic<std::uint64_t> known_ = 0;
  std::array<std::atomic<std::uint64_t>, kAlarms.size()> alarms_{};
};

TheDiscovery::Looking::Looking(TheDiscovery& discovery, Domain domain)
    : discovery_(discovery),
      domain_(std::move(domain)),
      look_(std::make_shared<Look>(discovery.executor_)) {
  ++discovery_.looks_;
  discovery_.entries_[domain_].look = look_;
}

TheDiscovery::Looking::~Looking() {
  --discovery_.looks_;
  discovery_.entries_.at(domain_).look = nullptr;
  look_->over.cancel();
}

Result<void> TheDiscovery::load() {
  KT_TRY(const auto stored, store_.load());
  for (const auto& [domain, bytes] : stored) {
    KT_TRY(DiscoveryRecord record, DiscoveryRecord::decode(bytes, domain));
    const bool is_held = record.directory.held.has_value();
    set_record(domain, std::move(record));
    if (is_held) set_alarm(domain, DiscoveryAlarm::held_down);
  }
  return {};
}

const DiscoveryRules& TheDiscovery::rules_of(const Domain& domain) const {
  const auto special = options_.special.find(domain);
  return special == options_.special.end() ? options_.rules : special->second;
}

// The operator may have come to require what the record does not have.
bool TheDiscovery::is_usable(const Domain& domain, Timestamp now) const {
  const auto& record = entries_.at(domain).record;
  return record && record->directory.current.directory().is_in_force(now) &&
         (record->is_authentic || !rules_of(domain).needs_dnssec);
}

Found TheDiscovery::answer(const Domain& domain) const {
  const Entry& entry = entries_.at(domain);
  if (is_usable(domain, options_.now())) return entry.current;
  if (entry.error) return tl::unexpected<Error>(*entry.error);
  return fail(Errc::unavailable, "the domain has no directory document in force");
}

// Of the domains without a document, the one that would be asked first again.
void TheDiscovery::forget_unknown() {
  if (entries_.size() - known_ < options_.unknown_domains) return;
  auto first = entries_.end();
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    if (each->second.record || each->second.look != nullptr) continue;
    if (first == entries_.end() || each->second.next_look < first->second.next_look) first = each;
  }
  if (first == entries_.end()) return;
  const Domain domain = first->first;
  set_alarm(domain, DiscoveryAlarm::none);
  entries_.erase(domain);
}

asio::awaitable<Found> TheDiscovery::find(Domain domain) {
  const auto entry = entries_.find(domain);
  const bool is_there = entry != entries_.end();
  if (is_there && !entry->second.is_due(options_.now())) co_return answer(domain);
  const std::shared_ptr<Look> under_way = is_there ? entry->second.look : nullptr;
  if (under_way != nullptr) {
    boost::system::error_code ignored;
    co_await under_way->over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (entries_.contains(domain)) co_return answer(domain);
    co_return fail(Errc::unavailable, "too many domains are asked for");
  }
  if (looks_ >= options_.lookups) {
    if (is_there) co_return answer(domain);
    co_return fail(Errc::unavailable, "too many domains are looked for at a time");
  }
  if (!is_there) forget_unknown();
  {
    const Looking looking(*this, domain);
    co_await look(domain);
  }
  co_return answer(domain);
}

asio::awaitable<void> TheDiscovery::look(Domain domain) {
  const TimePoint deadline = std::chrono::steady_clock::now() + options_.total_timeout;
  auto hint = co_await ask_hint(domain, deadline);
  if (!hint) {
    note_failure(domain, std::move(hint).error());
    co_return;
  }
  if (!hint->id) {
    note_absence(domain, hint->ttl);
    co_return;
  }
  const Timestamp now = options_.now();
  const auto& known = entries_.at(domain).record;
  // What is held down has to be published still when its time is over.
  if (known && !known->directory.held && known->hint == *hint->id &&
      !rules_of(domain).pinned.has_value() && known->is_authentic == hint->is_authentic &&
      is_usable(domain, now) && now >= known->fetched &&
      elapsed_ms(known->fetched, now) < kGreatestAge) {
    note_success(domain, hint->ttl, DiscoveryAlarm::none);
    co_return;
  }
  auto document = co_await fetch(domain, deadline);
  if (!document) {
    note_failure(domain, std::move(document).error());
    co_return;
  }
  const Timestamp read_at = options_.now();
  DiscoveryRecord record{
      {*std::move(document), std::nullopt}, *hint->id, read_at, hint->is_authentic};
  if (known) {
    auto followed = follow(known->directory, record.directory.current, read_at);
    if (!followed) {
      note_failure(domain, std::move(followed).error());
      co_return;
    }
    record.directory = *std::move(followed);
  } else if (!record.directory.current.directory().is_in_force(read_at)) {
    note_failure(domain, {Errc::rejected, "the directory document is not in force now"});
    co_return;
  }
  const bool is_held = record.directory.held.has_value();
  auto kept = co_await keep(domain, std::move(record));
  if (!kept) {
    note_failure(domain, std::move(kept).error());
    co_return;
  }
  note_success(domain, hint->ttl, is_held ? DiscoveryAlarm::held_down : DiscoveryAlarm::none);
}

asio::awaitable<Result<Hint>> TheDiscovery::ask_hint(Domain domain, TimePoint deadline) {
  if (rules_of(domain).pinned) {
    Hint pinned{kPinnedId, true, kPinnedAge};
    co_return std::move(pinned);
  }
  std::string name = hint_name(domain);
  auto answer = co_await resolver_.ask(std::move(name), DnsType::TXT, deadline);
  if (!answer) co_return tl::unexpected<Error>(std::move(answer).error());
  if (rules_of(domain).needs_dnssec && !answer->is_authentic)
    co_return fail(Errc::rejected, "the domain's hint is not authentic");
  auto id = find_hint(answer->texts);
  if (!id) co_return tl::unexpected<Error>(std::move(id).error());
  Hint hint{*std::move(id), answer->is_authentic,
            static_cast<std::uint64_t>(answer->ttl.count()) * kSecond};
  co_return std::move(hint);
}

asio::awaitable<Result<DirectoryDocument>> TheDiscovery::fetch(Domain domain, TimePoint deadline) {
  const DiscoveryRules& rules = rules_of(domain);
  const auto finder =
      std::make_shared<const AddressFinder>(resolver_, rules.addresses, rules.needs_dnssec);
  HttpClientOptions http;
  http.authorities = rules.authorities;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  http.total_timeout = std::max(std::chrono::milliseconds(0), left);
  http.find_addresses = [finder](std::string host, TimePoint until) {
    return finder->find(std::move(host), until);
  };
  const Url url = rules.pinned ? *rules.pinned : options_.url_of(domain);
  auto client = DirectoryClient::create(executor_, domain, url, std::move(http));
  if (!client) co_return tl::unexpected<Error>(std::move(client).error());
  auto document = co_await client->fetch();
  if (!document) {
    Error error = std::move(document).error();
    // The hint says that there is one.
    if (error.code == Errc::not_found) error.code = Errc::malformed;
    co_return tl::unexpected<Error>(std::move(error));
  }
  // An operator who has pinned a domain without TLS, on this machine, wants none.
  const bool is_plain_by_will = rules.pinned.has_value() && !rules.pinned->has_tls;
  const bool has_tls = document->directory().url.has_tls || is_plain_by_will;
  if (!has_tls) co_return fail(Errc::rejected, "the domain's gateway has no TLS");
  co_return std::move(document);
}

// The domain that has to be forgotten so that there is room for `domain` with `size` bytes; nothing
// when there is room already.
Result<std::optional<Domain>> TheDiscovery::find_room(const Domain& domain, std::size_t size,
                                                      Timestamp now) const {
  const auto& before = entries_.at(domain).record;
  const std::size_t replaced = before ? before->size() : 0;
  const bool is_new = !before;
  if (bytes_ - replaced + size <= options_.bytes && (!is_new || known_ < options_.domains))
    return std::nullopt;
  for (const auto& [other, entry] : entries_) {
    if (!entry.record || entry.look != nullptr) continue;
    if (elapsed_ms(entry.record->directory.current.directory().expires, now) >= kForgotten)
      return std::optional<Domain>(other);
  }
  return fail(Errc::unavailable, "too many domains are known");
}

asio::awaitable<Result<void>> TheDiscovery::make_room(Domain domain, std::size_t size) {
  while (true) {
    auto oldest = find_room(domain, size, options_.now());
    if (!oldest) co_return tl::unexpected<Error>(std::move(oldest).error());
    if (!*oldest) co_return Result<void>();
    const Domain forgotten = **oldest;
    auto erased = co_await store_.erase(forgotten);
    if (!erased) co_return tl::unexpected<Error>(std::move(erased).error());
    // It may be looked at by now, and then what comes of that is stored.
    if (entries_.contains(forgotten) && entries_.at(forgotten).look == nullptr) forget(forgotten);
  }
}

asio::awaitable<Result<void>> TheDiscovery::keep(Domain domain, DiscoveryRecord record) {
  auto room = co_await make_room(domain, record.size());
  if (!room) co_return tl::unexpected<Error>(std::move(room).error());
  auto bytes = record.encode();
  if (!bytes) co_return tl::unexpected<Error>(std::move(bytes).error());
  std::optional<Bytes> before;
  if (const auto& known = entries_.at(domain).record) {
    auto encoded = known->encode();
    if (!encoded) co_return tl::unexpected<Error>(std::move(encoded).error());
    before = *std::move(encoded);
  }
  auto stored = co_await store_.put(domain, std::move(before), *std::move(bytes));
  if (stored) {
    set_record(domain, std::move(record));
    co_return Result<void>();
  }
  Error error = std::move(stored).error();
  if (error.code == Errc::conflict) {
    error.code = Errc::unavailable;
    auto read = co_await read_again(domain);
    if (!read) error = std::move(read).error();
  }
  co_return tl::unexpected<Error>(std::move(error));
}

// What another Discovery over the same store has put there, which is what the next look begins
// with.
asio::awaitable<Result<void>> TheDiscovery::read_again(Domain domain) {
  auto bytes = co_await store_.get(domain);
  if (!bytes) co_return tl::unexpected<Error>(std::move(bytes).error());
  if (!*bytes) co_return Result<void>();
  auto record = DiscoveryRecord::decode(**bytes, domain);
  if (!record) co_return tl::unexpected<Error>(std::move(record).error());
  set_record(domain, *std::move(record));
  co_return Result<void>();
}

void TheDiscovery::set_record(const Domain& domain, DiscoveryRecord record) {
  Entry& entry = entries_[domain];
  if (entry.record) {
    bytes_ -= entry.record->size();
  } else {
    ++known_;
  }
  bytes_ += record.size();
  entry.current = std::make_shared<const DiscoveredDomain>(
      DiscoveredDomain{record.directory.current, record.is_authentic});
  entry.record = std::move(record);
}

void TheDiscovery::forget(const Domain& domain) {
  set_alarm(domain, DiscoveryAlarm::none);
  bytes_ -= entries_.at(domain).record->size();
  --known_;
  entries_.erase(domain);
}

void TheDiscovery::set_alarm(const Domain& domain, DiscoveryAlarm alarm) {
  DiscoveryAlarm& before = entries_.at(domain).alarm;
  if (before == alarm) return;
  if (before != DiscoveryAlarm::none) --alarms_.at(static_cast<std::size_t>(before));
  if (alarm != DiscoveryAlarm::none) ++alarms_.at(static_cast<std::size_t>(alarm));
  before = alarm;
  if (options_.alarm) options_.alarm(domain, alarm);
}

void TheDiscovery::note_failure(const Domain& domain, Error error) {
  Entry& entry = entries_.at(domain);
  std::uint64_t pause = entry.record ? kPauseOfKnown : kPauseOfUnknown;
  if (error.code == Errc::unavailable) {
    pause = std::min(kGreatestPause, kFirstPause << std::min(entry.failures, 16U));
    ++entry.failures;
  } else {
    set_alarm(domain, DiscoveryAlarm::refused);
  }
  entry.next_look = Timestamp{options_.now().value() + with_jitter(pause)};
  entry.error = std::move(error);
}

void TheDiscovery::note_absence(const Domain& domain, std::uint64_t ttl) {
  Entry& entry = entries_.at(domain);
  entry.failures = 0;
  entry.next_look = Timestamp{options_.now().value() +
                              with_jitter(std::clamp(ttl, kLeastHint, kGreatestAbsence))};
  if (entry.record) {
    set_alarm(domain, DiscoveryAlarm::withdrawn);
    entry.error = Error{Errc::unavailable, "the domain says no more that it has a log"};
  } else {
    set_alarm(domain, DiscoveryAlarm::none);
    entry.error = Error{Errc::not_found, "the domain has no log"};
  }
}

void TheDiscovery::note_success(const Domain& domain, std::uint64_t ttl, DiscoveryAlarm alarm) {
  Entry& entry = entries_.at(domain);
  entry.failures = 0;
  entry.error.reset();
  const std::uint64_t now = options_.now().value();
  const std::uint64_t pause = with_jitter(std::clamp(ttl, kLeastHint, kGreatestHint));
  // A document that is about to expire has a successor before that.
  const std::uint64_t expires = entry.record->directory.current.directory().expires.value();
  entry.next_look = Timestamp{std::min(now + pause, std::max(now, expires))};
  set_alarm(domain, alarm);
}

}  // namespace

std::string_view to_string(DiscoveryAlarm alarm) {
  switch (alarm) {
    case DiscoveryAlarm::none: return "none";
    case DiscoveryAlarm::held_down: return "held_down";
    case DiscoveryAlarm::withdrawn: return "withdrawn";
    case DiscoveryAlarm::refused: return "refused";
  }
  return "unknown";
}

Result<std::unique_ptr<Discovery>> Discovery::open(asio::any_io_executor executor,
                                                   Resolver& resolver, DiscoveryStore& store,
                                                   DiscoveryOptions options) {
  KT_ASSERT(options.now != nullptr && options.url_of != nullptr);
  auto discovery =
      std::make_unique<TheDiscovery>(std::move(executor), resolver, store, std::move(options));
  KT_TRY(discovery->load());
  return std::unique_ptr<Discovery>(std::move(discovery));
}

}  // namespace kt::federation
