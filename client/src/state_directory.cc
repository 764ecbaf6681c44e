#include "client/state_directory.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "store/lmdb_store.h"

namespace kt::client {
namespace {

constexpr const char* kSpace = "kt";
constexpr std::chrono::seconds kPatience{10};
// The store says at once that it is held, and not when it is free again.
constexpr std::chrono::milliseconds kPause{5};

store::LmdbOptions store_options() {
  store::LmdbOptions options;
  options.initial_map_size = std::uint64_t{64} << 20;
  options.map_size_limit = std::uint64_t{1} << 36;
  options.max_tables = 32;
  options.max_snapshots = 16;
  return options;
}

Result<void> make_private_directory(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  if (std::filesystem::create_directories(path, error))
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  // Another process may have been faster.
  if (!std::filesystem::is_directory(path))
    return fail(Errc::unavailable, path.string() + " cannot be made: " + error.message());
  return {};
}

}  // namespace

Result<StateDirectory> StateDirectory::open(std::filesystem::path directory) {
  KT_TRY(make_private_directory(directory));
  return StateDirectory(std::move(directory));
}

Result<std::unique_ptr<store::Store>> StateDirectory::open_store() const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    auto opened = store::open_lmdb_store(path_ / "database", store_options());
    if (opened || opened.error().code != Errc::conflict) return opened;
    if (std::chrono::steady_clock::now() > deadline)
      return fail(Errc::unavailable, "another process holds " + path_.string());
    std::this_thread::sleep_for(kPause);
  }
}

Result<std::optional<Bytes>> StateDirectory::read(const Cell& cell) const {
  KT_TRY(const auto store, open_store());
  KT_TRY(const store::Table table, store->table(kSpace, cell.table));
  KT_TRY(const auto snapshot, store->snapshot());
  KT_TRY(const std::optional<ByteView> value, snapshot->get(table, cell.key));
  if (!value) return std::optional<Bytes>();
  return std::optional<Bytes>(to_bytes(*value));
}

Result<std::vector<std::pair<Bytes, Bytes>>> StateDirectory::read_all(
    const std::string& table) const {
  KT_TRY(const auto store, open_store());
  KT_TRY(const store::Table opened, store->table(kSpace, table));
  KT_TRY(const auto snapshot, store->snapshot());
  std::vector<std::pair<Bytes, Bytes>> all;
  KT_TRY(snapshot->scan(opened, {}, [&all](const store::Record& record) -> Result<bool> {
    all.emplace_back(to_bytes(record.key), to_bytes(record.value));
    return true;
  }));
  return all;
}

Result<bool> StateDirectory::write(const std::vector<Change>& changes) const {
  KT_TRY(const auto store, open_store());
  store::Batch batch;
  for (const Change& change : changes) {
    KT_TRY(const store::Table table, store->table(kSpace, change.cell.table));
    batch.expect(table, change.cell.key, change.before);
    if (change.after) {
      batch.put(table, change.cell.key, *change.after);
    } else {
      batch.erase(table, change.cell.key);
    }
  }
  KT_TRY(const store::Committed committed, store->commit(batch));
  switch (committed) {
    case store::Committed::ok: return true;
    case store::Committed::conflict: return false;
    case store::Committed::unknown: break;
  }
  return fail(Errc::unavailable, "it is not known whether the state was written");
}

OwnerLock::~OwnerLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<OwnerLock> StateDirectory::lock_owner() const {
  const std::filesystem::path path = path_ / "owner.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(Errc::unavailable, path.string() + ": " + std::generic_category().message(errno));
  OwnerLock lock(descriptor);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(Errc::unavailable, path.string() + ": " + std::generic_category().message(errno));
    if (std::chrono::steady_clock::now() > deadline)
      return fail(Errc::unavailable, "another process changes what its user owns");
    std::this_thread::sleep_for(kPause);
  }
  return lock;
}

Result<std::filesystem::path> default_state_directory() {
  // The program has one thread when it reads its environment.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* const state = std::getenv("XDG_STATE_HOME");
  // A relative one is to be ignored (XDG Base Directory Specification).
  if (state != nullptr && state[0] == '/') return std::filesystem::path(state) / "kt";
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* const home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::filesystem::path(home) / ".local/state/kt";
  return fail(Errc::not_found, "neither XDG_STATE_HOME nor HOME says where the state is");
}

}  // namespace kt::client
