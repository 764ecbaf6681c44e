#include "client/home.h"

#include <string>
#include <utility>

#include "keytrans/codec.h"
#include "log_states.h"

namespace kt::client {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::uint8_t kFormatWithoutElsewhere = 1;

struct StoredAccess {
  Bytes domain;
  Bytes token_file;
};

struct StoredHome {
  std::uint8_t format = kFormat;
  StoredAccess own;
  std::optional<StoredAccess> elsewhere;
};

// docs/client.md
template <class Io, class Value>
void wire_access(Io& io, Value& access) {
  io.template opaque<1>("RelayAccess.domain", access.domain);
  io.template opaque<2>("RelayAccess.token_file", access.token_file);
}

template <class Io, class Value>
void wire(Io& io, Value& home) {
  io.number("Home.format", home.format);
  io.require(home.format == kFormat || home.format == kFormatWithoutElsewhere, "Home.format",
             "is neither 1 nor 2");
  wire_access(io, home.own);
  if (home.format == kFormat)
    io.optional("Home.elsewhere", home.elsewhere,
                [](auto& in, auto& access) { wire_access(in, access); });
}

Cell home_cell() { return {"settings", to_bytes(std::string_view("home"))}; }

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Result<RelayAccess> access_of(const StoredAccess& stored) {
  KT_TRY(auto domain, federation::Domain::parse(text_of(stored.domain)));
  return RelayAccess{std::move(domain), text_of(stored.token_file)};
}

// With one domain in both places, its gateway would be its own relay after all.
Result<void> require_two(const Home& home) {
  if (home.elsewhere && home.elsewhere->domain == home.own.domain)
    return fail(Errc::malformed, "the relay for the home domain is its own");
  return {};
}

Result<Home> read(ByteView bytes) {
  keytrans::Decoder io(bytes);
  StoredHome stored;
  wire(io, stored);
  KT_TRY(std::move(io).finish());
  KT_TRY(auto own, access_of(stored.own));
  Home home{std::move(own), std::nullopt};
  if (stored.elsewhere) {
    KT_TRY(home.elsewhere, access_of(*stored.elsewhere));
    KT_TRY(require_two(home));
  }
  return home;
}

StoredAccess stored(const RelayAccess& access) {
  return {to_bytes(access.domain.text()), to_bytes(access.token_file.native())};
}

}  // namespace

Result<RelayAccess> Home::access_to(const federation::Domain& domain) const {
  if (domain != own.domain) return own;
  if (elsewhere) return *elsewhere;
  return fail(
      Errc::rejected,
      "the domain is the home domain, whose gateway would be its own relay: kt home --relay "
      "names another one");
}

Result<Bytes> Home::encode() const {
  KT_TRY(require_two(*this));
  StoredHome written{kFormat, stored(own), std::nullopt};
  if (elsewhere) written.elsewhere = stored(*elsewhere);
  keytrans::Encoder io;
  wire(io, std::as_const(written));
  return std::move(io).finish();
}

Result<Home> Home::decode(ByteView bytes) {
  auto home = read(bytes);
  if (!home) return fail(Errc::corrupt, "the home domain: " + home.error().detail);
  return home;
}

Result<std::optional<Home>> load_home(const StateDirectory& state) {
  KT_TRY(const auto stored, state.read(home_cell()));
  if (!stored) return std::optional<Home>();
  KT_TRY(Home home, Home::decode(*stored));
  return std::optional<Home>(std::move(home));
}

Result<void> store_home(const StateDirectory& state, const std::optional<Home>& home) {
  std::optional<Bytes> after;
  if (home) {
    KT_TRY(after, home->encode());
  }
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(auto before, state.read(home_cell()));
    KT_TRY(const bool is_written, state.write({{home_cell(), std::move(before), after}}));
    if (is_written) return {};
  }
  return overtaken();
}

}  // namespace kt::client
