// The library from end to end: a small log in memory, its users, and a log that cheats.
//
// Everything a user accepts here was verified from encoded bytes, as it would be from a
// network. Exits with 0 only if every step came out as it must.

#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include "keytrans/client_state.h"
#include "keytrans/memory_log.h"
#include "keytrans/prover.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

constexpr std::uint64_t kMinute = 60'000;
constexpr std::uint64_t kHour = 60 * kMinute;

Timestamp now() { return Timestamp{static_cast<std::uint64_t>(std::time(nullptr)) * 1000}; }

std::string text(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Sends `message` over the wire: encodes it and decodes it again.
template <class T>
Result<T> over_the_wire(const T& message, const WireContext& context) {
  KT_TRY(const Bytes bytes, encode(message, context));
  return decode<T>(bytes, context);
}

Result<MemoryLog> make_log() {
  Configuration configuration;
  configuration.ciphersuite = CipherSuite::KT_128_SHA256_P256;
  configuration.mode = DeploymentMode::contactMonitoring;
  configuration.max_ahead = kMinute;
  configuration.max_behind = kHour;
  configuration.reasonable_monitoring_window = 24 * kHour;
  KT_TRY(auto keys, LogKeys::generate(configuration.ciphersuite, configuration.mode));
  return MemoryLog::create(configuration, std::move(keys));
}

// A day of other people's updates, so that there is a tree to prove things in.
Result<void> fill(MemoryLog& log) {
  const Timestamp end = now();
  for (std::uint64_t i = 0; i < 48; ++i) {
    KT_TRY(const Label label, Label::create("user" + std::to_string(i) + "@example.com"));
    const Timestamp timestamp{end.value() - (48 - i) * 30 * kMinute};
    KT_TRY(log.append(timestamp,
                      {{label, 0, {{to_bytes("a key of user " + std::to_string(i)), {}}}}}));
  }
  return {};
}

Result<void> publish(MemoryLog& log, ClientState& alice, const Label& label,
                     std::string_view value) {
  KT_TRY(const UpdateRequest request, alice.update_request(label, {{to_bytes(value)}}));
  KT_TRY(const UpdateResponse answer, log.update(request, now()));
  KT_TRY(const UpdateResponse response, over_the_wire(answer, log.configuration().context()));
  KT_TRY(auto verified, alice.verify(request, response, now()));
  KT_TRY(const UpdateOutcome outcome, alice.apply(std::move(verified)));
  std::printf("  alice published \"%s\": version %u, in log entry %llu, verified\n",
              std::string(value).c_str(), outcome.first.value(),
              static_cast<unsigned long long>(outcome.position.value()));
  return {};
}

Result<void> take_ownership(MemoryLog& log, ClientState& alice, const Label& label) {
  const DistinguishedRequest walk = alice.distinguished_request();
  KT_TRY(const DistinguishedResponse heads, prove_distinguished(log, walk, alice.recent_policy()));
  KT_TRY(auto walked, alice.verify(walk, heads, now()));
  KT_TRY(const DistinguishedOutcome distinguished, alice.apply(std::move(walked)));
  const EntryIndex start = distinguished.entries.back();

  const OwnerInitRequest request = alice.owner_init_request(label, start);
  KT_TRY(const OwnerInitResponse response, prove_owner_init(log, request));
  KT_TRY(auto verified, alice.verify(request, response, now()));
  KT_TRY(alice.apply(std::move(verified)));
  std::printf("  alice owns her label from distinguished log entry %llu on\n",
              static_cast<unsigned long long>(start.value()));
  return {};
}

Result<SearchResponse> look_up(const MemoryLog& log, const SearchRequest& request) {
  KT_TRY(const SearchResponse answer, prove_search(log, request));
  const WireContext context = log.configuration().context(request.version.has_value());
  KT_TRY(const Bytes bytes, encode(answer, context));
  std::printf("  the log answers with %zu bytes of proof\n", bytes.size());
  return decode<SearchResponse>(bytes, context);
}

Result<void> run() {
  KT_TRY(MemoryLog log, make_log());
  KT_TRY(fill(log));
  std::printf("A log of %llu entries, %s\n  LogId %s\n",
              static_cast<unsigned long long>(log.size().value()),
              std::string(to_string(log.configuration().ciphersuite())).c_str(),
              log.configuration().id().hex().c_str());

  std::printf("Alice publishes her key, then a new one\n");
  KT_TRY(const Label label, Label::create("alice@example.com"));
  ClientState alice(log.configuration());
  KT_TRY(take_ownership(log, alice, label));
  KT_TRY(publish(log, alice, label, "alice's first key"));
  KT_TRY(publish(log, alice, label, "alice's second key"));

  std::printf("Bob looks Alice up\n");
  ClientState bob(log.configuration());
  const SearchRequest request = bob.search_request(label);
  KT_TRY(const SearchResponse response, look_up(log, request));
  KT_TRY(auto verified, bob.verify(request, response, now()));
  KT_TRY(const SearchOutcome found, bob.apply(std::move(verified)));
  std::printf("  verified: version %u is \"%s\"%s\n", found.version.value(),
              text(found.value).c_str(),
              found.must_monitor ? "; bob has to monitor it, as it is new" : "");

  std::printf("The log lies to Bob\n");
  SearchResponse forged = response;
  forged.value.value = to_bytes("a key of somebody else");
  ClientState newcomer(log.configuration());
  const auto refused = newcomer.verify(newcomer.search_request(label), forged, now());
  if (refused) return fail(Errc::verification_failed, "a forged value was accepted");
  std::printf("  refused: %s\n", refused.error().detail.c_str());

  if (found.version != Version{1} || text(found.value) != "alice's second key")
    return fail(Errc::verification_failed, "bob found something else than alice published");
  std::printf("Everything came out as it must.\n");
  return {};
}

}  // namespace

int main() {
  const auto result = run();
  if (result) return 0;
  std::fprintf(stderr, "quickstart: %s: %s\n", std::string(to_string(result.error().code)).c_str(),
               result.error().detail.c_str());
  return 1;
}
