#include "stored_domains.h"

#include <functional>

#include "routing/await.h"
#include "store/pages.h"

namespace kt::gateway {
namespace {

using federation::Domain;
using MaybeBytes = Result<std::optional<Bytes>>;

}  // namespace

Result<std::unique_ptr<StoredDomains>> StoredDomains::open(store::Store& store) {
  KT_TRY(const store::Table table, store.table("federation", "domains"));
  return std::unique_ptr<StoredDomains>(new StoredDomains(store, table));
}

Result<std::map<Domain, Bytes>> StoredDomains::load() {
  std::map<Domain, Bytes> all;
  Bytes after;
  while (true) {
    KT_TRY(const auto page, store::read_page(store_, table_, after));
    if (page.empty()) return all;
    for (const store::OwnedRecord& record : page) {
      const std::string text(record.key.begin(), record.key.end());
      auto domain = Domain::parse(text);
      if (!domain || domain->text() != text)
        return fail(Errc::corrupt, "what is known of other domains has a name that is none");
      all.emplace(*std::move(domain), record.value);
    }
    after = page.back().key;
  }
}

boost::asio::awaitable<MaybeBytes> StoredDomains::get(Domain domain) {
  std::function<MaybeBytes()> work = [this, domain]() -> MaybeBytes {
    KT_TRY(const auto snapshot, store_.snapshot());
    KT_TRY(const auto value, snapshot->get(table_, to_bytes(domain.text())));
    if (!value) return std::nullopt;
    return std::optional<Bytes>(to_bytes(*value));
  };
  co_return co_await routing::await_on<MaybeBytes>(blocking_, std::move(work));
}

boost::asio::awaitable<Result<void>> StoredDomains::put(Domain domain, std::optional<Bytes> before,
                                                        Bytes record) {
  store::Batch batch;
  batch.expect(table_, to_bytes(domain.text()), std::move(before));
  batch.put(table_, to_bytes(domain.text()), std::move(record));
  std::function<Result<void>()> work = [this, batch = std::move(batch)] { return commit(batch); };
  co_return co_await routing::await_on<Result<void>>(blocking_, std::move(work));
}

boost::asio::awaitable<Result<void>> StoredDomains::erase(Domain domain) {
  store::Batch batch;
  batch.erase(table_, to_bytes(domain.text()));
  std::function<Result<void>()> work = [this, batch = std::move(batch)] { return commit(batch); };
  co_return co_await routing::await_on<Result<void>>(blocking_, std::move(work));
}

Result<void> StoredDomains::commit(const store::Batch& batch) {
  KT_TRY(const store::Committed committed, store_.commit(batch));
  switch (committed) {
    case store::Committed::ok: return {};
    case store::Committed::conflict:
      return fail(Errc::conflict, "what is known of the domain is another thing by now");
    case store::Committed::unknown: break;
  }
  return fail(Errc::unavailable, "what is known of the domain cannot be stored");
}

}  // namespace kt::gateway
