#include "migration/journal.h"

#include <utility>

#include "journal_records.h"
#include "routing/await.h"

namespace kt::migration {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kSpace = "migration";
constexpr std::size_t kListPage = 10'000;  // that is erased at once

Bytes key_of(const federation::Domain& domain) { return to_bytes(std::string_view(domain.text())); }

// No domain has the octet that stands behind it here.
Bytes list_prefix(const federation::Domain& domain) {
  Bytes key = key_of(domain);
  key.push_back(0);
  return key;
}
Bytes listed_key(const federation::Domain& domain, const Label& label) {
  Bytes key = list_prefix(domain);
  key.insert(key.end(), label.bytes().begin(), label.bytes().end());
  return key;
}

Result<void> done(const Result<store::Committed>& committed) {
  if (!committed) return tl::unexpected<Error>(committed.error());
  if (*committed == store::Committed::conflict)
    return fail(Errc::conflict, "somebody else was faster");
  if (*committed == store::Committed::unknown)
    return fail(Errc::unavailable, "the storage has failed");
  return {};
}

class JournalIntents final : public Intents {
 public:
  JournalIntents(Journal& journal, federation::Domain domain, asio::thread_pool& pool)
      : journal_(journal), domain_(std::move(domain)), pool_(pool) {}

  asio::awaitable<Result<std::uint64_t>> add(Label label) override {
    std::function<Result<std::uint64_t>()> work = [this, label = std::move(label)] {
      return journal_.add(domain_, label);
    };
    co_return co_await routing::await_on<Result<std::uint64_t>>(pool_, std::move(work));
  }

  asio::awaitable<void> drop(std::uint64_t intent) override {
    std::function<bool()> work = [this, intent] { return journal_.drop(intent).has_value(); };
    const bool dropped = co_await routing::await_on<bool>(pool_, std::move(work));
    // Looked at again, it turns out to be done.
    if (!dropped) journal_.leave(intent);
  }

  void leave(std::uint64_t intent) override { journal_.leave(intent); }

 private:
  Journal& journal_;
  const federation::Domain domain_;
  asio::thread_pool& pool_;
};

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(store::Store& store) {
  KT_TRY(const store::Table records, store.table(kSpace, "records"));
  KT_TRY(const store::Table intents, store.table(kSpace, "intents"));
  KT_TRY(const store::Table lists, store.table(kSpace, "lists"));
  KT_TRY(const store::Table labels, store.table(kSpace, "labels"));
  KT_TRY(const store::Table activity, store.table(kSpace, "activity"));
  KT_TRY(const auto snapshot, store.snapshot());
  KT_TRY(const auto last, snapshot->last_before(intents, {}));
  std::uint64_t next = 1;
  if (last) {
    KT_TRY(const std::uint64_t greatest, intent_number(last->key));
    next = greatest + 1;
  }
  return std::unique_ptr<Journal>(
      new Journal(store, {records, intents, lists, labels, activity}, next));
}

Result<std::vector<Record>> Journal::records() const {
  KT_TRY(const auto snapshot, store_.snapshot());
  std::vector<Record> records;
  KT_TRY(snapshot->scan(records_, {}, [&records](const store::Record& each) -> Result<bool> {
    KT_TRY(Record record, Record::decode(each.value));
    records.push_back(std::move(record));
    return true;
  }));
  return records;
}

Result<std::optional<Record>> Journal::find(const federation::Domain& domain) const {
  KT_TRY(const auto snapshot, store_.snapshot());
  KT_TRY(const auto value, snapshot->get(records_, key_of(domain)));
  if (!value) return std::nullopt;
  KT_TRY(Record record, Record::decode(*value));
  return record;
}

Result<void> Journal::change(const federation::Domain& domain, const std::optional<Record>& before,
                             const std::optional<Record>& after) {
  store::Batch batch;
  std::optional<Bytes> expected;
  if (before) {
    KT_ASSERT(before->domain == domain);
    KT_TRY(expected, before->encode());
  }
  batch.expect(records_, key_of(domain), std::move(expected));
  if (after) {
    KT_ASSERT(after->domain == domain);
    KT_TRY(Bytes value, after->encode());
    batch.put(records_, key_of(domain), std::move(value));
  } else {
    batch.erase(records_, key_of(domain));
  }
  return done(store_.commit(batch));
}

Result<Activity> Journal::activity(const federation::Domain& domain) const {
  KT_TRY(const auto snapshot, store_.snapshot());
  KT_TRY(const auto value, snapshot->get(activity_, key_of(domain)));
  if (!value) return Activity{};
  return decode_activity(*value);
}

Result<void> Journal::keep(const federation::Domain& domain, const Activity& activity) {
  KT_TRY(Bytes value, encode_activity(activity));
  store::Batch batch;
  batch.put(activity_, key_of(domain), std::move(value));
  return done(store_.commit(batch));
}

// --- Lists -----------------------------------------------------------------------------------

Result<std::optional<LabelList>> Journal::find_list(const federation::Domain& domain) const {
  KT_TRY(const auto snapshot, store_.snapshot());
  KT_TRY(const auto value, snapshot->get(lists_, key_of(domain)));
  if (!value) return std::nullopt;
  KT_TRY(const LabelList list, LabelList::decode(*value));
  return list;
}

Result<void> Journal::begin_list(const federation::Domain& domain) {
  store::Batch forget;
  forget.erase(lists_, key_of(domain));
  KT_TRY(done(store_.commit(forget)));
  while (true) {
    KT_TRY(const auto page, listed(domain, std::nullopt, kListPage));
    if (page.empty()) break;
    store::Batch batch;
    for (const Label& label : page) batch.erase(labels_, listed_key(domain, label));
    KT_TRY(done(store_.commit(batch)));
  }
  store::Batch begin;
  KT_TRY(Bytes empty, LabelList{}.encode());
  begin.put(lists_, key_of(domain), std::move(empty));
  return done(store_.commit(begin));
}

Result<void> Journal::add_to_list(const federation::Domain& domain,
                                  const std::vector<Label>& labels) {
  KT_TRY(auto list, find_list(domain));
  if (!list) return fail(Errc::not_found, "no list of labels was begun");
  if (list->is_complete) return fail(Errc::rejected, "the list of labels is complete");
  if (labels.size() > kMaxListed - list->count)
    return fail(Errc::rejected, "the list has too many labels");
  KT_TRY(Bytes before, list->encode());
  store::Batch batch;
  batch.expect(lists_, key_of(domain), std::move(before));
  {
    KT_TRY(const auto snapshot, store_.snapshot());
    std::set<Label> seen;
    for (const Label& label : labels) {
      const Bytes key = listed_key(domain, label);
      KT_TRY(const auto there, snapshot->get(labels_, key));
      if (there || !seen.insert(label).second)
        return fail(Errc::conflict, "the list has a label twice");
      batch.put(labels_, key, Bytes{1});
    }
  }
  list->count += labels.size();
  KT_TRY(Bytes after, list->encode());
  batch.put(lists_, key_of(domain), std::move(after));
  return done(store_.commit(batch));
}

Result<void> Journal::complete_list(const federation::Domain& domain, std::uint64_t count) {
  KT_TRY(auto list, find_list(domain));
  if (!list) return fail(Errc::not_found, "no list of labels was begun");
  if (list->count != count)
    return fail(Errc::rejected, "the list has " + std::to_string(list->count) + " labels");
  list->is_complete = true;
  KT_TRY(Bytes value, list->encode());
  store::Batch batch;
  batch.put(lists_, key_of(domain), std::move(value));
  return done(store_.commit(batch));
}

Result<std::optional<std::uint64_t>> Journal::listed(const federation::Domain& domain) const {
  KT_TRY(const auto list, find_list(domain));
  if (!list || !list->is_complete) return std::nullopt;
  return list->count;
}

Result<std::vector<Label>> Journal::listed(const federation::Domain& domain,
                                           const std::optional<Label>& after,
                                           std::size_t limit) const {
  const Bytes prefix = list_prefix(domain);
  std::vector<Label> page;
  if (limit == 0) return page;
  const Bytes from = after ? listed_key(domain, *after) : prefix;
  KT_TRY(const auto snapshot, store_.snapshot());
  KT_TRY(snapshot->scan_keys(labels_, from, [&](ByteView key) -> Result<bool> {
    if (key.size() <= prefix.size() || !equal(key.first(prefix.size()), prefix)) return false;
    if (after && equal(key, from)) return true;
    KT_TRY(Label label, Label::create(key.subspan(prefix.size())));
    page.push_back(std::move(label));
    return page.size() < limit;
  }));
  return page;
}

// --- Updates ---------------------------------------------------------------------------------

Result<std::uint64_t> Journal::add(const federation::Domain& domain, const Label& label) {
  const std::uint64_t number = next_++;
  KT_TRY(Bytes value, encode_intent({number, domain, label}));
  store::Batch batch;
  batch.put(intents_, intent_key(number), std::move(value));
  KT_TRY(done(store_.commit(batch)));
  return number;
}

Result<void> Journal::drop(std::uint64_t intent) {
  store::Batch batch;
  batch.erase(intents_, intent_key(intent));
  KT_TRY(done(store_.commit(batch)));
  const std::lock_guard lock(mutex_);
  left_.erase(intent);
  return {};
}

void Journal::leave(std::uint64_t intent) {
  const std::lock_guard lock(mutex_);
  left_.insert(intent);
}

Result<std::vector<Intent>> Journal::left() const {
  std::set<std::uint64_t> left;
  {
    const std::lock_guard lock(mutex_);
    left = left_;
  }
  KT_TRY(const auto snapshot, store_.snapshot());
  std::vector<Intent> intents;
  KT_TRY(snapshot->scan(intents_, {}, [&](const store::Record& each) -> Result<bool> {
    KT_TRY(Intent intent, decode_intent(each.key, each.value));
    if (intent.number < first_ || left.contains(intent.number))
      intents.push_back(std::move(intent));
    return true;
  }));
  return intents;
}

std::unique_ptr<Intents> make_intents(Journal& journal, federation::Domain domain,
                                      asio::thread_pool& pool) {
  return std::make_unique<JournalIntents>(journal, std::move(domain), pool);
}

}  // namespace kt::migration
