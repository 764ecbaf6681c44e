// Sealed requests in numbers: while keys are rotated, and the same ones again and again.
// docs/evidence.md has the last runs at full size.

#include <atomic>
#include <cstdlib>
#include <set>
#include <thread>

#include "federation/routed_messages.h"
#include "ohttp_fixture.h"

namespace kt::gateway {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

unsigned long size_of(const char* variable, unsigned long in_ci) {
  const char* const given = std::getenv(variable);
  return given != nullptr ? std::strtoul(given, nullptr, 10) : in_ci;
}

class OhttpExpensive : public Ohttp {
 protected:
  static Bytes search() {
    return must(federation::encode_binary_request(post_to(
        "/kt/v1/lookup", "lookup-request",
        must(federation::encode(federation::LookupRequest{label_of("alice@example.com"), {}})))));
  }
};

// A list of keys, for as long as a client may use it.
struct Kept {
  KeyConfig config;
  steady_clock::time_point until;
};

Kept fetch_keys(Asker& asker) {
  const HttpResponse answer = asker.get(std::string(kOhttpPath));
  constexpr std::string_view kMaxAge = "max-age=";
  const std::size_t at = answer.cache_control.find(kMaxAge);
  if (at == std::string::npos) throw std::runtime_error("no max-age");
  const seconds age(std::stoi(answer.cache_control.substr(at + kMaxAge.size())));
  return {must(federation::decode_key_configs(answer.body)).front(), steady_clock::now() + age};
}

// Clients that ask all the time, and use a key as long as they were told. KT_ROTATION_SECONDS says
// how often keys change.
TEST_F(OhttpExpensive, NobodyIsRefusedWhileKeysAreRotated) {
  const unsigned long rotation = size_of("KT_ROTATION_SECONDS", 4);
  constexpr std::size_t kClients = 4;
  constexpr std::size_t kKeys = 4;
  serve("[ohttp]\nenabled = true\nrotation = \"" + std::to_string(rotation) + "s\"\noverlap = \"" +
        std::to_string(rotation / 2) + "s\"\n");
  wait_for_keys();
  const auto end = steady_clock::now() + seconds(rotation * (kKeys + 2));
  std::atomic<std::size_t> asked = 0;
  std::atomic<std::size_t> refused = 0;
  const auto ask_on = [&](std::set<Bytes>& used) {
    Asker asker(serving_->url());
    while (used.size() < kKeys && steady_clock::now() < end) {
      const Kept kept = fetch_keys(asker);
      used.insert(kept.config.public_key);
      do {
        const auto sealed = must(federation::seal_ohttp_request(kept.config, search()));
        federation::HttpRequest request;
        request.method = federation::HttpMethod::post;
        request.target = kOhttpPath;
        request.content_type = federation::kOhttpRequestType;
        request.body = sealed.message;
        const HttpResponse answer = must(asker.send(std::move(request)));
        ++asked;
        const auto opened = sealed.exchange.open_response(answer.body);
        if (answer.status != 200 || !opened ||
            must(federation::decode_binary_response(*opened)).status != 200)
          ++refused;
      } while (steady_clock::now() < kept.until);
    }
  };
  std::vector<std::set<Bytes>> used(kClients);
  {
    std::vector<std::jthread> clients;
    for (auto& keys : used) clients.emplace_back([&ask_on, &keys] { ask_on(keys); });
  }
  EXPECT_EQ(refused, 0U) << "of " << asked;
  EXPECT_GT(asked, 100U);
  for (const auto& keys : used) EXPECT_EQ(keys.size(), kKeys);
  RecordProperty("asked", std::to_string(asked));
}

// Nothing that may be asked inside changes anything, so nothing needs to be remembered of what was
// asked: a lookup that comes again is answered again, an update is refused each time, also after a
// restart. KT_REPLAYS says how often.
TEST_F(OhttpExpensive, ReplaysChangeNothing) {
  const unsigned long replays = size_of("KT_REPLAYS", 2000);
  const std::string configuration = "[ohttp]\nenabled = true\n" + principal("writer", kWriterToken);
  const auto start = [&] {
    serve(configuration, "[domain.access]\nupdate = \"authenticated\"\n");
    wait_until([&] { return get_keys().status == 200U; }, "there are no keys");
  };
  start();
  BinaryRequest update = post_to("/kt/v1/update", "routed-update-request", {});
  update.fields.push_back({"authorization", std::string("Bearer ") + kWriterToken});
  const KeyConfig config = keys().front();
  const auto lookup = must(federation::seal_ohttp_request(config, search()));
  const auto change =
      must(federation::seal_ohttp_request(config, must(federation::encode_binary_request(update))));
  const auto version = [&] {
    RemoteUser user(*asker_, "a", this->configuration());
    return user.search(label_of("alice@example.com")).version;
  };
  const auto before = version();
  const auto status_of = [&](const federation::SealedOhttpRequest& sealed) {
    const HttpResponse answer = post(sealed.message);
    EXPECT_EQ(answer.status, 200U);
    return must(
               federation::decode_binary_response(must(sealed.exchange.open_response(answer.body))))
        .status;
  };
  for (unsigned long i = 0; i < replays; ++i) {
    if (i == replays / 2) {
      EXPECT_EQ(serving_->stop().code, 0);
      start();
    }
    ASSERT_EQ(status_of(lookup), 200U) << i;
    ASSERT_EQ(status_of(change), 403U) << i;
  }
  EXPECT_EQ(version(), before);
}

}  // namespace
}  // namespace kt::gateway
