#include "signed_versions.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "keytrans/algorithms.h"
#include "keytrans/hash.h"

namespace kt::routing {
namespace {

constexpr std::uint64_t kGreatestVersion = std::numeric_limits<std::uint32_t>::max();

// Labels are hashed: nobody has to find them here, and none is told to who reads the file.
Bytes key_of(const HashValue& label, std::uint64_t version) {
  Bytes key(label.begin(), label.end());
  for (int shift = 24; shift >= 0; shift -= 8)
    key.push_back(static_cast<std::uint8_t>(version >> static_cast<unsigned>(shift)));
  return key;
}

// Requires: `key` is one of `label`.
std::uint64_t version_of(ByteView key) {
  std::uint64_t version = 0;
  for (const std::uint8_t byte : key.last(4)) version = version << 8U | byte;
  return version;
}

using Digests = std::map<std::uint64_t, HashValue>;

}  // namespace

Result<SignedVersions> SignedVersions::open(store::Store& store, const LogId& log) {
  KT_TRY(const store::Table table, store.table(log.hex(), "signed-versions"));
  return SignedVersions(store, table);
}

Result<Version> SignedVersions::reserve(const Label& label, std::optional<Version> greatest,
                                        const std::vector<keytrans::LabelValue>& values) {
  KT_ASSERT(!values.empty());
  const HashValue hash = keytrans::sha256(label.bytes());
  const std::uint64_t next = greatest ? std::uint64_t{greatest->value()} + 1 : 0;
  const std::uint64_t end = next + keytrans::kMaxNewVersions + values.size();
  Digests signed_before;
  if (next <= kGreatestVersion) {
    KT_TRY(const auto snapshot, store_->snapshot());
    KT_TRY(snapshot->scan(
        table_, key_of(hash, next), [&](const store::Record& record) -> Result<bool> {
          HashValue digest{};
          if (record.key.size() != hash.size() + 4 || record.value.size() != digest.size())
            return fail(Errc::corrupt, "the record of what was signed is damaged");
          if (!std::equal(hash.begin(), hash.end(), record.key.begin())) return false;
          const std::uint64_t version = version_of(record.key);
          if (version >= end) return false;
          std::copy(record.value.begin(), record.value.end(), digest.begin());
          signed_before.emplace(version, digest);
          return true;
        }));
  }
  std::vector<HashValue> digests;
  digests.reserve(values.size());
  for (const auto& each : values) digests.push_back(keytrans::sha256(each.value));

  const auto may_be_at = [&](std::uint64_t first) {
    for (std::size_t i = 0; i < digests.size(); ++i) {
      const auto found = signed_before.find(first + i);
      if (found != signed_before.end() && found->second != digests[i]) return false;
    }
    return true;
  };
  for (std::uint64_t first = next;; ++first) {
    const std::uint64_t last = first + values.size() - 1;
    if (last > kGreatestVersion)
      return fail(Errc::rejected, "the label has no version counters left");
    if (last - next >= keytrans::kMaxNewVersions ||
        !keytrans::fits_update_response(greatest, Version{static_cast<std::uint32_t>(last)}))
      return fail(
          Errc::rejected,
          "too many values of the label were signed that the log does not have; one of them "
          "has to be sent again");
    if (!may_be_at(first)) continue;
    store::Batch batch;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      if (signed_before.contains(first + i)) continue;
      batch.expect(table_, key_of(hash, first + i), std::nullopt);
      batch.put(table_, key_of(hash, first + i), to_bytes(digests[i]));
    }
    if (!batch.puts().empty()) {
      KT_TRY(const store::Committed committed, store_->commit(batch));
      if (committed != store::Committed::ok)
        return fail(Errc::unavailable, "what is to be signed cannot be recorded");
    }
    return Version{static_cast<std::uint32_t>(first)};
  }
}

}  // namespace kt::routing
