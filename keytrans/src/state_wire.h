// Descriptions of what a user retains, shared by every structure of ours that is stored. Internal.
#pragma once

#include <vector>

#include "keytrans/proof_reader.h"
#include "keytrans/tree_view.h"
#include "wire.h"

namespace kt::keytrans {

// A version and what is known of it, as a vector's element.
struct KnownVersion {
  Version version;
  PrefixLookup lookup;
};

template <class Io, Like<TreeView> S>
void wire(Io& io, S& s) {
  io.number("TreeView.size", s.size);
  io.template vector<1>("TreeView.full_subtrees", s.full_subtrees, kHashSize, kHash);
  io.template vector<1>("TreeView.frontier_entries", s.frontier_entries, 8 + kHashSize, kPlain);
}

template <class Io, Like<KnownVersion> S>
void wire(Io& io, S& s) {
  io.number("LabelVersions.version", s.version);
  io.fixed("LabelVersions.vrf_output", s.lookup.vrf_output, kVrfOutputSize);
  io.optional("LabelVersions.commitment", s.lookup.commitment, kHash);
}

template <class Io, Like<LabelVersions> S>
void wire(Io& io, S& s) {
  // A map is not a vector: it is copied into one, or filled from one.
  std::vector<KnownVersion> versions;
  if constexpr (!Io::kDecodes) {
    for (const auto& [version, lookup] : s) versions.push_back({version, lookup});
  }
  io.template vector<4>("LabelVersions", versions, 4 + kVrfOutputSize + 1, kPlain);
  if constexpr (Io::kDecodes) {
    for (const KnownVersion& known : versions) s.emplace(known.version, known.lookup);
    io.require(s.size() == versions.size(), "LabelVersions", "has a version twice");
  }
}

}  // namespace kt::keytrans
