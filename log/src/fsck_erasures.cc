// What was erased: labels without values that wait to be removed, and what is left of those that
// were.
#include <map>
#include <set>

#include "fsck_run.h"
#include "keytrans/commitment.h"
#include "stored_versions.h"

namespace kt::log {
namespace {

class ErasuresCheck {
 public:
  explicit ErasuresCheck(FsckRun& run) : run_(run) {}

  Result<void> check() {
    const Tables& tables = run_.log().tables;
    KT_TRY(run_.visit(tables.erasures, "erasures",
                      [this](const FoundRecord& record) { return check_erasure(record); }));
    KT_TRY(run_.visit(tables.erased, "erased",
                      [this](const FoundRecord& record) { return check_erased(record); }));
    for (const auto& [label, name] : pending_) {
      KT_TRY(check_pending(label, name));
    }
    KT_TRY(run_.visit(tables.leaving, "leaving",
                      [this](const FoundRecord& record) { return check_leaving(record); }));
    return run_.visit(tables.pseudonyms, "pseudonyms",
                      [this](const FoundRecord& record) { return check_pseudonym(record); });
  }

 private:
  // The record under `key`, or nothing if it is missing or damaged. Errors: unavailable.
  Result<std::optional<Bytes>> value(store::Table table, ByteView key) const {
    const auto bytes = run_.snapshot().value(table, key);
    if (!bytes && bytes.error().code != Errc::corrupt) return tl::unexpected<Error>(bytes.error());
    if (!bytes || !*bytes) return std::optional<Bytes>();
    return std::optional<Bytes>(to_bytes(**bytes));
  }

  Result<std::optional<StoredVersion>> version(ByteView key) const {
    KT_TRY(const auto bytes, value(run_.log().tables.versions, key));
    if (!bytes) return std::optional<StoredVersion>();
    auto stored = decode_record<StoredVersion>(*bytes);
    return stored ? std::optional<StoredVersion>(*std::move(stored)) : std::nullopt;
  }

  // Whether the record holds nothing, as it should.
  void check_empty(const std::string& name, const Result<Bytes>& value) {
    if (!value) {
      run_.fault(name, value.error().detail);
    } else if (!value->empty()) {
      run_.fault(name, "it is not empty");
    }
  }

  Result<void> check_erasure(const FoundRecord& record) {
    ++run_.report.erased_labels;
    std::string name = "erasures record " + std::to_string(record.number);
    const auto erasure = parse_erasure_key(record.key);
    if (!erasure) {
      run_.fault(name, erasure.error().detail);
      return {};
    }
    check_empty(name, record.value);
    if (erasure->rightmost.value() >= run_.log().state.size().value())
      run_.fault(name, "its entry is beyond the end of the log");
    if (!pending_.try_emplace(erasure->label, name).second)
      run_.fault(name, "its label has another one");
    return {};
  }

  Result<void> check_erased(const FoundRecord& record) {
    const auto about = parse_version_key(record.key);
    if (!about) {
      run_.fault("erased record " + std::to_string(record.number), about.error().detail);
      return {};
    }
    const std::string name = "erased record " + std::to_string(record.number) + " (version " +
                             std::to_string(about->version.value()) + ")";
    check_empty(name, record.value);
    if (!pending_.contains(about->label)) run_.fault(name, "its label is not to be removed");
    KT_TRY(const auto stored, version(record.key));
    if (!stored || !stored->place || stored->place->commitment == keytrans::kSkippedCommitment)
      run_.fault(name, "the log has no such version with a value");
    return {};
  }

  // All values of the label are gone, and its greatest version says that it was erased.
  Result<void> check_pending(const Label& label, const std::string& name) {
    const Tables& tables = run_.log().tables;
    bool is_erased = false;
    std::uint64_t versions = 0;
    while (versions <= 0xffff'ffffU) {
      const Bytes key = version_key(label, Version{static_cast<std::uint32_t>(versions)});
      KT_TRY(const auto stored, version(key));
      if (!stored || !stored->place) break;
      ++versions;
      KT_TRY(const auto kept, value(tables.values, key));
      if (kept) run_.fault(name, "its label has a value");
      KT_TRY(const auto erased, value(tables.erased, key));
      is_erased = erased.has_value();
    }
    if (versions == 0) {
      run_.fault(name, "the log has no such label");
    } else if (!is_erased) {
      run_.fault(name, "its label's greatest version is not one that was erased");
    }
    return {};
  }

  // The commitment of the leaf that a prefix tree has under a key. Whether the tree is whole is for
  // its own check to say: a leaf that cannot be looked up is `unknown`.
  Result<std::optional<HashValue>> look_up(const keytrans::PrefixChild& tree, const HashValue& key,
                                           const std::optional<HashValue>& unknown) const {
    const auto answer = keytrans::prefix_search(run_.snapshot(), tree, std::span(&key, 1));
    if (!answer && answer.error().code != Errc::corrupt)
      return tl::unexpected<Error>(answer.error());
    return answer ? answer->commitments.front() : unknown;
  }

  Result<void> check_leaving(const FoundRecord& record) {
    ++run_.report.leaving_leaves;
    const std::string name = "leaving record " + std::to_string(record.number);
    const auto leaving = parse_leaving_key(record.key);
    if (!leaving) {
      run_.fault(name, leaving.error().detail);
      return {};
    }
    leaving_.insert(leaving->pseudonym);
    const auto commitment = run_.decode<HashValue>(name, record.value);
    if (commitment) {
      KT_TRY(const auto leaf,
             look_up(run_.log().state.prefix_tree, leaving->vrf_output, commitment));
      if (leaf != commitment) run_.fault(name, "it is not a leaf of the prefix tree");
    }
    KT_TRY(const auto bytes, value(run_.log().tables.pseudonyms, leaving->pseudonym));
    if (!bytes) run_.fault(name, "its label has no pseudonym");
    return {};
  }

  Result<void> check_pseudonym(const FoundRecord& record) {
    ++run_.report.pseudonyms;
    const std::string name = "pseudonyms record " + std::to_string(record.number);
    HashValue key{};
    if (record.key.size() != key.size()) {
      run_.fault(name, "its key is not a VRF output");
      return {};
    }
    std::copy(record.key.begin(), record.key.end(), key.begin());
    const auto pseudonym = run_.decode<Pseudonym>(name, record.value);
    if (!pseudonym) return {};
    if (!pseudonym->gone_since) {
      if (!leaving_.contains(key)) run_.fault(name, "no leaf of its label is left to leave");
      return {};
    }
    if (leaving_.contains(key)) run_.fault(name, "leaves of its label are left to leave");
    return check_gone(name, key, *pseudonym->gone_since);
  }

  // No leaf of the label is in the trees from `since` on. Only that of version 0 is known.
  Result<void> check_gone(const std::string& name, const HashValue& key, EntryIndex since) {
    if (since == EntryIndex{0} || since.value() >= run_.log().state.size().value()) {
      run_.fault(name, "its entry is not one that can have removed a leaf");
      return {};
    }
    KT_TRY(const auto entry, run_.entry(since));
    for (const auto& tree :
         {entry && !run_.is_expired(*entry) ? entry->prefix_tree : keytrans::PrefixChild{},
          run_.log().state.prefix_tree}) {
      KT_TRY(const auto leaf, look_up(tree, key, std::nullopt));
      if (!leaf) continue;
      run_.fault(name, "a prefix tree that should not has a leaf of its label");
      break;
    }
    return {};
  }

  FsckRun& run_;
  std::map<Label, std::string> pending_;  // and the names of their records
  std::set<HashValue> leaving_;           // pseudonyms of labels that have leaves to leave
};

}  // namespace

Result<void> check_erasures(FsckRun& run) { return ErasuresCheck(run).check(); }

}  // namespace kt::log
