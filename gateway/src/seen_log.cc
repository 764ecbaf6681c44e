#include "seen_log.h"

#include <concepts>
#include <string>
#include <utility>

#include "keytrans/codec.h"

namespace kt::gateway {
namespace {

using keytrans::LogConfiguration;

constexpr std::uint32_t kMagic = 0x4b545345;               // "KTSE"
constexpr std::uint32_t kContradictionMagic = 0x4b54434f;  // "KTCO"
constexpr std::uint16_t kFormat = 1;

struct Wire {
  std::uint32_t magic = kMagic;
  std::uint16_t format = kFormat;
  Bytes domain;  // empty for none
  Bytes configuration;
  Timestamp seen_at;
  Bytes shown;
};

template <class Io, class S>
requires std::same_as<std::remove_const_t<S>, Wire>
void wire(Io& io, S& s) {
  io.number("SeenLog.magic", s.magic);
  io.require(s.magic == kMagic, "SeenLog.magic", "is that of something else");
  io.number("SeenLog.format", s.format);
  io.template opaque<1>("SeenLog.domain", s.domain);
  io.template opaque<2>("SeenLog.configuration", s.configuration);
  io.number("SeenLog.seen_at", s.seen_at);
  io.template opaque<4>("SeenLog.shown", s.shown);
}

Result<SeenLog> read(ByteView bytes, const LogId& id) {
  keytrans::Decoder io(bytes);
  Wire read;
  wire(io, read);
  KT_TRY(std::move(io).finish());
  if (read.format != kFormat)
    return fail(Errc::rejected, "what a log has shown is of a format that is not known here");
  std::optional<federation::Domain> domain;
  if (!read.domain.empty()) {
    const std::string text(read.domain.begin(), read.domain.end());
    KT_TRY(domain, federation::Domain::parse(text));
    if (domain->text() != text) return fail(Errc::malformed, "SeenLog.domain is none");
  }
  KT_TRY(const auto config, keytrans::decode<keytrans::Configuration>(read.configuration));
  KT_TRY(LogConfiguration configuration, LogConfiguration::create(config));
  if (configuration.id() != id)
    return fail(Errc::malformed, "SeenLog.configuration is that of another log");
  KT_TRY(read_shown(configuration, read.shown));
  return SeenLog{std::move(domain), std::move(configuration), read.seen_at, std::move(read.shown)};
}

}  // namespace

Result<keytrans::DistinguishedResponse> read_shown(const LogConfiguration& configuration,
                                                   ByteView bytes) {
  if (bytes.size() > kMaxShownSize)
    return fail(Errc::malformed, "what the log has shown is too large");
  return keytrans::decode<keytrans::DistinguishedResponse>(bytes, configuration.context());
}

Result<Bytes> SeenLog::encode() const {
  KT_TRY(Bytes config, keytrans::encode(configuration.wire()));
  const Wire record{
      kMagic,  kFormat, domain ? to_bytes(domain->text()) : Bytes(), std::move(config),
      seen_at, shown};
  keytrans::Encoder io;
  wire(io, record);
  return std::move(io).finish();
}

Result<SeenLog> SeenLog::decode(ByteView bytes, const LogId& id) {
  auto seen = read(bytes, id);
  if (seen || seen.error().code == Errc::rejected) return seen;
  return fail(Errc::corrupt, "what a log has shown: " + seen.error().detail);
}

Result<Bytes> Contradiction::encode() const {
  KT_TRY(const Bytes config, keytrans::encode(configuration.wire()));
  keytrans::Encoder io;
  io.number("Contradiction.magic", kContradictionMagic);
  io.number("Contradiction.format", kFormat);
  io.opaque<2>("Contradiction.configuration", config);
  io.number("Contradiction.found_at", found_at);
  io.opaque<4>("Contradiction.first", first);
  io.opaque<4>("Contradiction.second", second);
  return std::move(io).finish();
}

}  // namespace kt::gateway
