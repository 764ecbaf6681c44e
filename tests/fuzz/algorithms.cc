// The algorithms behind the signatures: an arbitrary CombinedTreeProof, tree size and advertised
// size, with search keys that the fuzzer can meet. Nothing may crash, hang or grow.

#include "keytrans/proof_reader.h"
#include "mutation.h"
#include "world.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

struct Scene {
  Scene() {
    for (std::uint32_t i = 0; i < 70; ++i) {
      const auto key = must(world.log.log().vrf(world.alice, Version{i}));
      PrefixLookup lookup{key.output, std::nullopt};
      if (const auto commitment = world.log.log().commitment(world.alice, Version{i}))
        lookup.commitment = *commitment;
      versions.emplace(Version{i}, lookup);
    }
    view = *world.returning_user().view();
    honest = must(encode(must(prove_search(world.log.log(), {{}, world.alice, {}})).search));
  }

  World world{CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring};
  LabelVersions versions;
  TreeView view;
  Bytes honest;
};

Result<void> run(CombinedTree& tree, ProofReader& reader, const Scene& scene,
                 std::uint8_t operation, Version version) {
  const std::vector<MonitorMapEntry> map{{EntryIndex{3}, Version{1}}, {EntryIndex{9}, version}};
  const GreatestAt expected = [&scene](EntryIndex entry) {
    return scene.world.log.log().greatest_version(scene.world.alice, entry);
  };
  const auto stop = [&reader](EntryIndex) -> Result<bool> {
    return reader.prefix_proofs_consumed();
  };
  switch (operation % 7) {
    case 0: KT_TRY(search_greatest_version(tree, version)); break;
    case 1: KT_TRY(search_fixed_version(tree, version)); break;
    case 2: KT_TRY(monitor_contact(tree, map, std::nullopt)); break;
    case 3: KT_TRY(monitor_owner(tree, EntryIndex{5}, expected, stop)); break;
    case 4: {
      KT_TRY(const auto entries, owner_init_entries(tree, EntryIndex{version.value()}));
      KT_TRY(verify_owner_init(tree, entries, {}));
      break;
    }
    case 5:
      KT_TRY(verify_new_versions(
          tree, {EntryIndex{version.value()}, Version{2}, EntryIndex{4}, Version{5}}, expected));
      break;
    default: KT_TRY(walk_distinguished(tree, RecentPolicy::rightmost(4), std::nullopt)); break;
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scene kScene;
  if (size < 4) return 0;
  const bool returning = (data[0] & 0x80U) != 0;
  // Small sizes mostly, and the largest there are.
  const std::uint64_t tree_size = data[1] < 250 ? data[1] : ~std::uint64_t{0} >> (data[1] - 250);
  if (tree_size == 0 || (returning && tree_size < kScene.view.size.value())) return 0;
  const auto proof = decode<CombinedTreeProof>(edit(kScene.honest, {data + 3, size - 3}));
  if (!proof) return 0;
  ProofReader reader(*proof, returning ? &kScene.view : nullptr, kScene.versions);
  CombinedTree tree(reader, kScene.world.log.configuration().wire(), TreeSize{tree_size});
  std::optional<TreeSize> last;
  if (returning) last = kScene.view.size;
  if (!update_view(tree, last)) return 0;
  if (!run(tree, reader, kScene, data[0], Version{data[2]})) return 0;
  const auto candidate = reader.finish(TreeSize{tree_size}, std::nullopt);
  if (candidate) KT_ASSERT(candidate->view_at(TreeSize{tree_size}).has_value());
  return 0;
}
