#include "auditor_fixture.h"

namespace kt::auditor {

AuditorFixture::AuditorFixture(CipherSuite suite, std::uint64_t start)
    : public_key_(must(create_auditor(path(), suite))), log_(suite, start, public_key_) {
  grow(start);
  must(bind_auditor(path(), log_.configuration().wire()));
}

void AuditorFixture::grow(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    grow_by({leaf(size()), named_leaf("beside " + std::to_string(size()))}, {});
}

void AuditorFixture::grow_by(const std::vector<PrefixLeaf>& added,
                             const std::vector<PrefixLeaf>& removed,
                             std::optional<Timestamp> timestamp) {
  const Timestamp usual{1'000 * (size() + 1)};
  updates_.push_back(
      must(keytrans::encode(log_.append(timestamp.value_or(usual), added, removed))));
  roots_.push_back(log_.view().root());
}

std::vector<Bytes> AuditorFixture::updates(std::uint64_t from, std::uint64_t to) const {
  return {updates_.begin() + static_cast<std::ptrdiff_t>(from),
          updates_.begin() + static_cast<std::ptrdiff_t>(to)};
}

Result<void> AuditorFixture::follow() {
  const std::uint64_t next = auditor_->state().next_entry().value();
  return auditor_->process(EntryIndex{next}, updates(next, size()));
}

void AuditorFixture::expect_good(const keytrans::AuditorTreeHead& head) const {
  must(log_.configuration().verify_auditor_tree_head(head, roots_.at(head.tree_size.value() - 1)));
}

void AuditorFixture::back_up(const std::string& name) const {
  std::filesystem::copy(path() / "database", directory_.path() / name);
}

void AuditorFixture::restore(const std::string& name) const {
  std::filesystem::remove_all(path() / "database");
  std::filesystem::copy(directory_.path() / name, path() / "database");
}

}  // namespace kt::auditor
