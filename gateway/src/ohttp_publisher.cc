#include "ohttp_publisher.h"

#include <algorithm>
#include <utility>

#include "keytrans/hash.h"
#include "reserved_entry.h"

namespace kt::gateway {
namespace {

using federation::HpkeAead;
using federation::HpkeKdf;
using federation::HpkeKem;
using federation::KeyConfig;
using federation::OhttpKey;
using federation::OhttpKeysEntry;

using KeyPtr = std::shared_ptr<const OhttpKey>;

// How often it is looked after whatever happens: somebody may have changed what the logs say.
constexpr std::chrono::milliseconds kGreatestPause = std::chrono::hours(1);

const Label& keys_label() {
  static const Label label = *Label::create(federation::kOhttpKeysLabel);
  return label;
}

Result<KeyPtr> make_key(std::uint8_t key_id, keytrans::DhPrivateKey key) {
  return std::make_shared<const OhttpKey>(key_id, HpkeKem::X25519_HKDF_SHA256, std::move(key),
                                          std::vector<federation::HpkeSymmetricAlgorithms>{
                                              {HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM},
                                              {HpkeKdf::HKDF_SHA256, HpkeAead::ChaCha20Poly1305}});
}

// The list in which `keys[at]` is active, with the key after it if it `has_next`.
Bytes list_of(const std::vector<KeyPtr>& keys, std::size_t at, bool has_next) {
  std::vector<KeyConfig> configs{keys.at(at)->config()};
  if (has_next) configs.push_back(keys.at(at + 1)->config());
  return federation::encode_key_configs(configs);
}

// Every list that these keys are, were or will be served in.
OhttpKeysEntry entry_of(const std::vector<KeyPtr>& keys) {
  OhttpKeysEntry entry;
  for (std::size_t at = keys.size(); at-- > 0;) {
    if (at + 1 < keys.size()) entry.lists.push_back(keytrans::sha256(list_of(keys, at, true)));
    entry.lists.push_back(keytrans::sha256(list_of(keys, at, false)));
  }
  return entry;
}

Timestamp after(Timestamp time, std::chrono::milliseconds duration) {
  return Timestamp{time.value() + static_cast<std::uint64_t>(duration.count())};
}

std::chrono::milliseconds until(Timestamp time, Timestamp now) {
  return std::chrono::milliseconds(time > now ? time.value() - now.value() : 0);
}

}  // namespace

Result<federation::OpenedOhttpRequest> PublishedOhttp::open(
    ByteView message, federation::OhttpEncoding encoding) const {
  KT_TRY(const std::uint8_t key_id, federation::ohttp_key_id(message));
  const auto key = std::find_if(keys.begin(), keys.end(), [key_id](const KeyPtr& each) {
    return each->config().key_id == key_id;
  });
  if (key == keys.end()) return fail(Errc::verification_failed, "the message does not open");
  return (*key)->open_request(message, encoding);
}

Result<std::unique_ptr<OhttpPublisher>> OhttpPublisher::create(
    const std::filesystem::path& directory, const OhttpConfiguration& configuration,
    const log::Clock& clock) {
  KT_TRY(OhttpKeyFiles files, OhttpKeyFiles::open(directory));
  std::unique_ptr<OhttpPublisher> publisher(
      new OhttpPublisher(std::move(files), configuration, clock));
  KT_TRY(publisher->load_keys());
  return publisher;
}

OhttpPublisher::OhttpPublisher(OhttpKeyFiles files, const OhttpConfiguration& configuration,
                               const log::Clock& clock)
    : files_(std::move(files)),
      configuration_(configuration),
      clock_(clock),
      published_(std::make_shared<const PublishedOhttp>()) {}

Result<void> OhttpPublisher::load_keys() {
  std::vector<KeyPtr> keys;
  for (const StoredOhttpKey& stored : files_.keys()) {
    // Those that are here already are not read again.
    const auto known = std::find_if(keys_.begin(), keys_.end(), [&stored](const KeyPtr& key) {
      return key->config().key_id == stored.key_id;
    });
    if (known != keys_.end()) {
      keys.push_back(*known);
      continue;
    }
    KT_TRY(auto loaded, files_.load(stored.key_id));
    KT_TRY(KeyPtr key, make_key(stored.key_id, std::move(loaded)));
    keys.push_back(std::move(key));
  }
  keys_ = std::move(keys);
  return {};
}

bool OhttpPublisher::request_rotation() {
  if (is_rotating_) return false;
  is_asked_ = true;
  return true;
}

// A clock that was put back leaves the key in use that was.
std::size_t OhttpPublisher::active(Timestamp now) const {
  const auto& stored = files_.keys();
  std::size_t found = 0;
  for (std::size_t at = 1; at < stored.size(); ++at) {
    if (stored[at].active_from && *stored[at].active_from <= now) found = at;
  }
  return found;
}

bool OhttpPublisher::is_rotation_due(Timestamp now) const {
  const auto& stored = files_.keys();
  if (stored.empty()) return true;
  // One at a time: the last one is not known yet, or not in use.
  const StoredOhttpKey& last = stored.back();
  if (stored.size() >= OhttpKeyFiles::kMaxKeys || !last.active_from || *last.active_from > now)
    return false;
  return is_asked_ ||
         now >= after(*last.active_from, configuration_.rotation - configuration_.overlap);
}

// What has been followed by another key for as long as `overlap`.
Result<void> OhttpPublisher::retire(Timestamp now) {
  while (files_.keys().size() > 1) {
    const auto& follower = files_.keys()[1].active_from;
    if (!follower || now < after(*follower, configuration_.overlap)) break;
    const auto erased = files_.retire_first();
    KT_TRY(load_keys());
    KT_TRY(erased);
  }
  return {};
}

Result<void> OhttpPublisher::put_into_logs(const Hosting& hosting) {
  KT_TRY(const Bytes entry, entry_of(keys_).encode());
  for (const DomainConfiguration& domain : hosting.domains()) {
    if (!domain.url) continue;
    const HostedMigration* const migration = hosting.migration(*domain.name);
    for (const std::string& alias : domain.logs) {
      const HostedLog& hosted = *hosting.find_log(alias);
      // A log whose labels have moved takes nothing more.
      if (migration != nullptr && migration->from == &hosted && migration->has_moved()) continue;
      KT_TRY(put_reserved(hosted, keys_label(), entry, is_stopped_));
    }
  }
  return {};
}

void OhttpPublisher::publish(Timestamp now) {
  const std::size_t at = active(now);
  auto next = std::make_shared<PublishedOhttp>();
  next->list = list_of(keys_, at, at + 1 < keys_.size());
  next->preferred = federation::encode_key_config(keys_[at]->config());
  next->keys = keys_;
  // Half of the time for which a key goes on working that has been followed by another.
  next->max_age =
      std::max(std::chrono::seconds(1),
               std::chrono::duration_cast<std::chrono::seconds>(configuration_.overlap) / 2);
  published_.replace(std::move(next));
}

std::chrono::milliseconds OhttpPublisher::time_to_next(Timestamp now) const {
  const auto& stored = files_.keys();
  std::chrono::milliseconds least = kGreatestPause;
  const StoredOhttpKey& last = stored.back();
  const auto rotation = after(*last.active_from, configuration_.rotation - configuration_.overlap);
  least = std::min(least, until(*last.active_from > now ? *last.active_from : rotation, now));
  if (stored.size() > 1 && stored[1].active_from)
    least = std::min(least, until(after(*stored[1].active_from, configuration_.overlap), now));
  return least;
}

Result<std::chrono::milliseconds> OhttpPublisher::step(const Hosting& hosting) {
  const Timestamp now = clock_.now();
  KT_TRY(retire(now));
  const bool is_due = is_rotation_due(now);
  if (is_due) {
    is_rotating_ = true;
    KT_TRY(files_.add());
    KT_TRY(load_keys());
  }
  is_asked_ = false;
  KT_TRY(put_into_logs(hosting));
  if (!files_.keys().back().active_from) {
    const bool is_first = files_.keys().size() == 1;
    KT_TRY(files_.activate_last(is_first ? now : after(clock_.now(), configuration_.overlap)));
    ++counters_.rotations;
  }
  publish(clock_.now());
  is_rotating_ = *files_.keys().back().active_from > clock_.now() ||
                 files_.keys().size() >= OhttpKeyFiles::kMaxKeys;
  return time_to_next(clock_.now());
}

}  // namespace kt::gateway
