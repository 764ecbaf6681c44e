// Where a gateway keeps what it knows of other domains: a table of its own store. Internal.
// docs/formats.md, "Other domains".
//
// Thread rule: that of DiscoveryStore; several may be over one store.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "federation/discovery.h"
#include "store/store.h"

namespace kt::gateway {

class StoredDomains final : public federation::DiscoveryStore {
 public:
  // Borrows `store`. Errors: those of Store::table().
  static Result<std::unique_ptr<StoredDomains>> open(store::Store& store);
  ~StoredDomains() override { blocking_.join(); }

  Result<std::map<federation::Domain, Bytes>> load() override;
  boost::asio::awaitable<Result<std::optional<Bytes>>> get(federation::Domain domain) override;
  boost::asio::awaitable<Result<void>> put(federation::Domain domain, std::optional<Bytes> before,
                                           Bytes record) override;
  boost::asio::awaitable<Result<void>> erase(federation::Domain domain) override;

 private:
  StoredDomains(store::Store& store, store::Table table) : store_(store), table_(table) {}
  Result<void> commit(const store::Batch& batch);

  store::Store& store_;
  const store::Table table_;
  boost::asio::thread_pool blocking_{1};  // for what waits for the disk
};

}  // namespace kt::gateway
