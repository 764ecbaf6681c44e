#include "discovery_record.h"

#include <algorithm>
#include <concepts>
#include <string_view>

#include "keytrans/codec.h"

namespace kt::federation {
namespace {

constexpr std::uint16_t kFormat = 1;
constexpr std::size_t kMaxIdSize = 64;
constexpr std::string_view kVersion = "v=KT1";
constexpr std::string_view kId = "id=";

struct WireHeld {
  Bytes document;
  Timestamp since;
};

// DiscoveryRecord, with texts as bytes.
struct Wire {
  std::uint16_t format = kFormat;
  Bytes document;
  std::optional<WireHeld> held;
  Bytes hint;
  Timestamp fetched;
  std::uint8_t is_authentic = 0;
};

template <class Io, class S>
requires std::same_as<std::remove_const_t<S>, Wire>
void wire(Io& io, S& s) {
  io.number("DiscoveryRecord.format", s.format);
  io.require(s.format == kFormat, "DiscoveryRecord.format", "is unknown");
  io.template opaque<4>("DiscoveryRecord.document", s.document);
  io.optional("DiscoveryRecord.held", s.held, [](auto& in, auto& held) {
    in.template opaque<4>("Held.document", held.document);
    in.number("Held.since", held.since);
  });
  io.template opaque<1>("DiscoveryRecord.hint", s.hint);
  io.number("DiscoveryRecord.fetched", s.fetched);
  io.number("DiscoveryRecord.is_authentic", s.is_authentic);
  io.require(s.is_authentic <= 1, "DiscoveryRecord.is_authentic", "is neither 0 nor 1");
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Result<DiscoveryRecord> read(ByteView bytes, const Domain& domain) {
  keytrans::Decoder io(bytes);
  Wire read;
  wire(io, read);
  KT_TRY(std::move(io).finish());
  KT_TRY(DirectoryDocument current, DirectoryDocument::parse(text_of(read.document), domain));
  DiscoveryRecord record{
      {std::move(current), std::nullopt}, text_of(read.hint), read.fetched, read.is_authentic == 1};
  if (read.held) {
    KT_TRY(DirectoryDocument held, DirectoryDocument::parse(text_of(read.held->document), domain));
    record.directory.held = HeldDirectory{std::move(held), read.held->since};
  }
  return record;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdSize &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// What follows the version in a hint. Nothing when the text is no hint.
std::optional<std::string_view> hint_in(std::string_view text) {
  const std::size_t end = std::min(text.find(';'), text.size());
  if (trimmed(text.substr(0, end)) != kVersion) return std::nullopt;
  return text.substr(std::min(text.size(), end + 1));
}

}  // namespace

std::size_t DiscoveryRecord::size() const {
  return directory.current.text().size() +
         (directory.held ? directory.held->document.text().size() : 0);
}

Result<Bytes> DiscoveryRecord::encode() const {
  Wire written;
  written.document = to_bytes(directory.current.text());
  if (directory.held)
    written.held = WireHeld{to_bytes(directory.held->document.text()), directory.held->since};
  written.hint = to_bytes(hint);
  written.fetched = fetched;
  written.is_authentic = is_authentic ? 1 : 0;
  keytrans::Encoder io;
  wire(io, std::as_const(written));
  return std::move(io).finish();
}

Result<DiscoveryRecord> DiscoveryRecord::decode(ByteView bytes, const Domain& domain) {
  // The format comes first, whatever follows it.
  if (bytes.size() >= 2 && (bytes[0] != 0 || bytes[1] != kFormat))
    return fail(Errc::rejected, "another domain is stored in a format of another version");
  auto record = read(bytes, domain);
  if (!record) return fail(Errc::corrupt, "another domain: " + record.error().detail);
  return record;
}

Result<std::optional<std::string>> find_hint(const std::vector<std::string>& texts) {
  std::optional<std::string> id;
  bool is_there = false;
  for (const std::string& text : texts) {
    auto rest = hint_in(text);
    if (!rest) continue;
    if (is_there) return fail(Errc::malformed, "the domain has two hints");
    is_there = true;
    while (!rest->empty()) {
      const std::size_t end = std::min(rest->find(';'), rest->size());
      const std::string_view part = trimmed(rest->substr(0, end));
      rest = rest->substr(std::min(rest->size(), end + 1));
      if (!part.starts_with(kId)) continue;
      const std::string_view value = part.substr(kId.size());
      if (id || !is_id(value)) return fail(Errc::malformed, "the domain's hint has a wrong id");
      id = std::string(value);
    }
    if (!id) return fail(Errc::malformed, "the domain's hint has no id");
  }
  return id;
}

}  // namespace kt::federation
