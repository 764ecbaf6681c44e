#include "ohttp_key_files.h"

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "keytrans/directory.h"
#include "keytrans/key_file.h"
#include "store/files.h"
#include "store/new_directory.h"

namespace kt::gateway {
namespace {

using keytrans::DhPrivateKey;

constexpr std::string_view kIndex = "index";
constexpr std::string_view kNewIndex = "index.new";
constexpr std::string_view kKeySuffix = ".key";
constexpr mode_t kMode = 0600;
constexpr std::size_t kMaxIndexSize = 1024;
constexpr auto kGroup = keytrans::DhGroup::X25519;

// What is overwritten is the file's own blocks where the file system writes in place. Others, and
// what is below them, may keep older ones.
Result<void> erase_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  bool is_overwritten = false;
  if (file >= 0) {
    std::error_code unknown;
    const Bytes zeros(std::min<std::uintmax_t>(std::filesystem::file_size(path, unknown),
                                               keytrans::kMaxKeyFileSize));
    is_overwritten =
        ::write(file, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()) &&
        ::fsync(file) == 0;
    ::close(file);
  }
  // Removed in any case: a key that could not be overwritten is no better for being found.
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error || !is_overwritten)
    return fail(Errc::unavailable, path.string() + ": the key cannot be erased");
  return keytrans::sync_directory(path.parent_path());
}

Result<void> make_private_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return {};
  return store::make_directory(directory,
                               [](const std::filesystem::path&) -> Result<void> { return {}; });
}

}  // namespace

Result<OhttpKeyFiles> OhttpKeyFiles::open(std::filesystem::path directory) {
  KT_TRY(make_private_directory(directory));
  const std::filesystem::path file = directory / kIndex;
  const auto bytes = store::read_small_file(file, kMaxIndexSize);
  if (!bytes && bytes.error().code != Errc::not_found) return fail_in(file.string(), bytes.error());
  OhttpKeyIndex index;
  if (bytes) {
    auto read = OhttpKeyIndex::decode(*bytes);
    if (!read) return fail(Errc::corrupt, file.string() + ": " + read.error().detail);
    index = *std::move(read);
  }
  OhttpKeyFiles files(std::move(directory), index.next_id, std::move(index.keys));
  KT_TRY(files.erase_others());
  for (const StoredOhttpKey& key : files.keys_) KT_TRY(files.load(key.key_id));
  return files;
}

std::filesystem::path OhttpKeyFiles::key_file(std::uint8_t key_id) const {
  return directory_ / (std::to_string(key_id) + std::string(kKeySuffix));
}

// Keys that the process died before or after it used them.
Result<void> OhttpKeyFiles::erase_others() const {
  std::set<std::filesystem::path> named;
  for (const StoredOhttpKey& key : keys_) named.insert(key_file(key.key_id));
  std::vector<std::filesystem::path> others;
  std::error_code error;
  for (std::filesystem::directory_iterator each(directory_, error), end; !error && each != end;
       each.increment(error)) {
    if (each->path().extension() == kKeySuffix && !named.contains(each->path()))
      others.push_back(each->path());
  }
  if (error) return fail(Errc::unavailable, directory_.string() + ": " + error.message());
  for (const std::filesystem::path& other : others) KT_TRY(erase_file(other));
  return {};
}

Result<void> OhttpKeyFiles::write_index(std::uint8_t next_id,
                                        const std::vector<StoredOhttpKey>& keys) const {
  const OhttpKeyIndex index{next_id, keys};
  KT_TRY(const Bytes encoded, index.encode());
  std::error_code error;
  std::filesystem::remove(directory_ / kNewIndex, error);
  KT_TRY(store::write_new_file(directory_ / kNewIndex, encoded, kMode));
  std::filesystem::rename(directory_ / kNewIndex, directory_ / kIndex, error);
  if (error) return fail(Errc::unavailable, directory_.string() + ": " + error.message());
  return keytrans::sync_directory(directory_);
}

Result<DhPrivateKey> OhttpKeyFiles::load(std::uint8_t key_id) const {
  const std::filesystem::path file = key_file(key_id);
  const auto secret = keytrans::load_key_file(file);
  if (!secret) {
    if (secret.error().code == Errc::not_found)
      return fail(Errc::corrupt, file.string() + " is missing");
    return fail_in(file.string(), secret.error());
  }
  auto key = DhPrivateKey::from_secret(kGroup, secret->view());
  if (!key) return fail(Errc::corrupt, file.string() + ": " + key.error().detail);
  return key;
}

Result<void> OhttpKeyFiles::add() {
  KT_ASSERT(keys_.size() < kMaxKeys);
  const std::uint8_t id = next_id_;
  KT_TRY(const DhPrivateKey key, DhPrivateKey::generate(kGroup));
  KT_TRY(keytrans::store_key_file(key_file(id), key.secret()));
  const auto next_id = static_cast<std::uint8_t>(id + 1);
  std::vector<StoredOhttpKey> keys = keys_;
  keys.push_back({id, std::nullopt});
  auto written = write_index(next_id, keys);
  if (!written) {
    static_cast<void>(erase_file(key_file(id)));
    return written;
  }
  next_id_ = next_id;
  keys_ = std::move(keys);
  return {};
}

Result<void> OhttpKeyFiles::activate_last(Timestamp active_from) {
  KT_ASSERT(!keys_.empty());
  std::vector<StoredOhttpKey> keys = keys_;
  keys.back().active_from = active_from;
  KT_TRY(write_index(next_id_, keys));
  keys_ = std::move(keys);
  return {};
}

Result<void> OhttpKeyFiles::retire_first() {
  KT_ASSERT(!keys_.empty());
  const std::uint8_t id = keys_.front().key_id;
  const std::vector<StoredOhttpKey> keys(keys_.begin() + 1, keys_.end());
  KT_TRY(write_index(next_id_, keys));
  keys_ = keys;
  return erase_file(key_file(id));
}

}  // namespace kt::gateway
