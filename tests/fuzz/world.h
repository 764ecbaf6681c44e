// The log that the verification fuzzers attack: small, honest, and the same in every run but for
// its keys and openings.
#pragma once

#include <concepts>
#include <optional>

#include "keytrans/client_state.h"
#include "test_log.h"

namespace kt::keytrans {

struct World {
  explicit World(CipherSuite suite, DeploymentMode mode) : log(configuration(suite, mode)) {
    // Bursts and pauses, so that some entries are distinguished and some are not.
    std::uint64_t now = 10'000;
    for (std::uint64_t i = 0; i < 21; ++i) {
      now += i % 3 == 0 ? 900 : 20;
      std::vector<TestLog::Update> updates{{bob}};
      if (i % 4 == 1) updates.push_back({alice, 1 + i % 3, 0});
      log.append(Timestamp{now}, updates);
    }
  }

  static Configuration configuration(CipherSuite suite, DeploymentMode mode) {
    Configuration configuration = test_configuration(suite, mode);
    configuration.reasonable_monitoring_window = 1'000;
    configuration.maximum_lifetime = 6'000;
    return configuration;
  }

  // More entries, the last of them with a version of alice's.
  void grow() {
    log.append(Timestamp{log.now().value() + 30}, {{bob}});
    log.append(Timestamp{log.now().value() + 30}, {{alice}});
  }

  // A user that has seen the tree as it is, without anything to monitor.
  [[nodiscard]] ClientState returning_user() const {
    ClientState state(log.configuration());
    const auto request = state.distinguished_request();
    const auto response = must(prove_distinguished(log.log(), request, state.recent_policy()));
    must(state.apply(must(state.verify(request, response, log.now()))));
    return state;
  }

  // The owner of alice's label, from the leftmost known distinguished entry on.
  [[nodiscard]] ClientState owner() const {
    ClientState state = returning_user();
    const EntryIndex start = state.distinguished().front().position();
    const auto request = state.owner_init_request(alice, start);
    const auto response = must(prove_owner_init(log.log(), request));
    must(state.apply(must(state.verify(request, response, log.now()))));
    return state;
  }

  [[nodiscard]] WireContext context(bool version_requested = false) const {
    return log.configuration().context(version_requested);
  }

  Label alice = make_label("alice@example.com");
  Label bob = make_label("bob@example.com");
  TestLog log;
};

// Decodes and verifies whatever `message` is as the response to `request`. If it is accepted, it
// has to say what the honest one said: `same` compares outcomes, and may ask for the tree head the
// response came with.
template <class Response, class Request, class Same>
void attack(const ClientState& state, const Request& request, ByteView message,
            const WireContext& context, Timestamp now, Same same) {
  const auto response = decode<Response>(message, context);
  if (!response) return;
  KT_ASSERT(must(encode(*response, context)) == to_bytes(message));
  const auto verified = state.verify(request, *response, now);
  if (!verified) return;
  if constexpr (std::invocable<Same, decltype(verified->outcome()), const FullTreeHead&>) {
    KT_ASSERT(same(verified->outcome(), response->full_tree_head));
  } else {
    KT_ASSERT(same(verified->outcome()));
  }
}

}  // namespace kt::keytrans
