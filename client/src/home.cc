#include "client/home.h"

#include <string>
#include <utility>

#include "keytrans/codec.h"
#include "log_states.h"

namespace kt::client {
namespace {

constexpr std::uint8_t kFormat = 1;

struct StoredHome {
  std::uint8_t format = kFormat;
  Bytes domain;
  Bytes token_file;
};

// docs/client.md
template <class Io, class Value>
void wire(Io& io, Value& home) {
  io.number("Home.format", home.format);
  io.require(home.format == kFormat, "Home.format", "is not 1");
  io.template opaque<1>("Home.domain", home.domain);
  io.template opaque<2>("Home.token_file", home.token_file);
}

Cell home_cell() { return {"settings", to_bytes(std::string_view("home"))}; }

Result<Home> decode(const Bytes& bytes) {
  keytrans::Decoder io(bytes);
  StoredHome stored;
  wire(io, stored);
  KT_TRY(std::move(io).finish());
  KT_TRY(auto domain,
         federation::Domain::parse(std::string(stored.domain.begin(), stored.domain.end())));
  return Home{std::move(domain), std::string(stored.token_file.begin(), stored.token_file.end())};
}

}  // namespace

Result<std::optional<Home>> load_home(const StateDirectory& state) {
  KT_TRY(const auto stored, state.read(home_cell()));
  if (!stored) return std::optional<Home>();
  auto home = decode(*stored);
  if (!home) return fail(Errc::corrupt, "the home domain: " + home.error().detail);
  return std::optional<Home>(*std::move(home));
}

Result<void> store_home(const StateDirectory& state, const std::optional<Home>& home) {
  std::optional<Bytes> after;
  if (home) {
    keytrans::Encoder io;
    const StoredHome stored{kFormat, to_bytes(home->domain.text()),
                            to_bytes(home->token_file.native())};
    wire(io, stored);
    KT_TRY(after, std::move(io).finish());
  }
  for (int i = 0; i < kAttempts; ++i) {
    KT_TRY(auto before, state.read(home_cell()));
    KT_TRY(const bool is_written, state.write({{home_cell(), std::move(before), after}}));
    if (is_written) return {};
  }
  return overtaken();
}

}  // namespace kt::client
