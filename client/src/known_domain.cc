#include "client/known_domain.h"

#include <concepts>

#include "keytrans/codec.h"

namespace kt::client {
namespace {

using federation::DirectoryDocument;
using keytrans::kHashSize;

constexpr std::uint16_t kFormat = 1;
constexpr std::size_t kSeenSize = kHashSize + 4 + 8 + kHashSize;

struct WireHeld {
  Bytes document;
  Timestamp since;
};

struct WireSeen {
  HashValue log_id{};
  Version version;
  federation::Epoch epoch;
  HashValue hash{};
};

// KnownDomain, with texts as bytes.
struct Wire {
  std::uint16_t format = kFormat;
  Bytes document;
  std::optional<WireHeld> held;
  Bytes url;
  Bytes authorities;
  keytrans::ContactPolicy contact_policy = keytrans::ContactPolicy::as_required;
  Timestamp trusted_at;
  std::vector<WireSeen> seen;
};

template <class Io, class S>
requires std::same_as<std::remove_const_t<S>, Wire>
void wire(Io& io, S& s) {
  using keytrans::ContactPolicy;
  io.number("KnownDomain.format", s.format);
  io.require(s.format == kFormat, "KnownDomain.format", "is unknown");
  io.template opaque<4>("KnownDomain.document", s.document);
  io.optional("KnownDomain.held", s.held, [](auto& in, auto& held) {
    in.template opaque<4>("Held.document", held.document);
    in.number("Held.since", held.since);
  });
  io.template opaque<2>("KnownDomain.url", s.url);
  io.template opaque<2>("KnownDomain.authorities", s.authorities);
  io.enumeration("KnownDomain.contact_policy", s.contact_policy,
                 {ContactPolicy::as_required, ContactPolicy::always});
  io.number("KnownDomain.trusted_at", s.trusted_at);
  io.template vector<2>("KnownDomain.seen", s.seen, kSeenSize, [](auto& in, auto& seen) {
    in.fixed("Seen.log_id", seen.log_id, kHashSize);
    in.number("Seen.version", seen.version);
    in.number("Seen.epoch", seen.epoch);
    in.fixed("Seen.hash", seen.hash, kHashSize);
  });
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Result<KnownDomain> read(ByteView bytes, const federation::Domain& domain) {
  keytrans::Decoder io(bytes);
  Wire read;
  wire(io, read);
  KT_TRY(std::move(io).finish());
  KT_TRY(DirectoryDocument current, DirectoryDocument::parse(text_of(read.document), domain));
  KT_TRY(federation::Url url, federation::parse_url(text_of(read.url)));
  KnownDomain known{{std::move(current), std::nullopt},
                    {std::move(url), text_of(read.authorities)},
                    read.contact_policy,
                    read.trusted_at,
                    {}};
  if (read.held) {
    KT_TRY(DirectoryDocument held, DirectoryDocument::parse(text_of(read.held->document), domain));
    known.directory.held = federation::HeldDirectory{std::move(held), read.held->since};
  }
  for (const WireSeen& seen : read.seen)
    known.seen.push_back({LogId(seen.log_id), seen.version, {seen.epoch, seen.hash}});
  return known;
}

}  // namespace

Result<Bytes> KnownDomain::encode() const {
  Wire written;
  written.document = to_bytes(directory.current.text());
  if (directory.held)
    written.held = WireHeld{to_bytes(directory.held->document.text()), directory.held->since};
  written.url = to_bytes(source.url.text());
  written.authorities = to_bytes(source.authorities.string());
  written.contact_policy = contact_policy;
  written.trusted_at = trusted_at;
  for (const SeenEntry& each : seen)
    written.seen.push_back({each.log.hash(), each.version, each.entry.epoch, each.entry.hash});
  keytrans::Encoder io;
  wire(io, std::as_const(written));
  return std::move(io).finish();
}

Result<KnownDomain> KnownDomain::decode(ByteView bytes, const federation::Domain& domain) {
  // The format comes first, whatever follows it.
  if (bytes.size() >= 2 && (bytes[0] != 0 || bytes[1] != kFormat))
    return fail(Errc::rejected, "a trusted domain is stored in a format of another version");
  auto known = read(bytes, domain);
  if (!known) return fail(Errc::corrupt, "a trusted domain: " + known.error().detail);
  return known;
}

}  // namespace kt::client
