#include "common_options.h"

#include <chrono>
#include <cstdio>

#include "output.h"
#include "program/token_file.h"

namespace kt::client {
namespace {

constexpr std::uint64_t kLongestTimeout = 3'600'000;  // milliseconds

}  // namespace

void add_common_options(const program::Command& command, CommonOptions& options) {
  command
      .add_path("--state", options.state,
                "Where what was verified is kept; default: $XDG_STATE_HOME/kt, or "
                "~/.local/state/kt")
      .type_name("DIR");
  command.add_duration("--timeout", options.timeout,
                       "How long one answer may take to come (default: 10s, at most 1h)");
  command.add_flag("--json", options.json, "Print JSON, for scripts");
}

void add_default_domain(const program::Command& command,
                        std::optional<federation::Domain>& domain) {
  const program::Take take = [&domain](const std::string& text) -> Result<void> {
    KT_TRY(domain, federation::Domain::parse(text));
    return {};
  };
  command.add_parsed("--domain", take, "That of identities which name none, such as tel:+…")
      .type_name("DOMAIN");
}

Result<OpenSession> open_session(const CommonOptions& options, const std::string& command) {
  if (options.timeout > kLongestTimeout)
    return fail(Errc::malformed, "--timeout: is more than an hour");
  std::filesystem::path path = options.state;
  if (path.empty()) {
    KT_TRY(path, default_state_directory());
  }
  KT_TRY(StateDirectory state, StateDirectory::open(std::move(path)));
  auto transport = make_http_transport(std::chrono::milliseconds(options.timeout));
  Session session{std::move(state), transport.get()};
  session.on_news = [command](const DomainNews& news) {
    std::fprintf(stderr, "kt %s: %s\n", command.c_str(), describe(news).c_str());
  };
  return OpenSession{std::move(transport), std::move(session)};
}

Result<Relay> open_relay(const Session& session, const RelayAccess& access) {
  keytrans::SecretBytes token;
  if (!access.token_file.empty()) {
    KT_TRY(token, program::read_token_file(access.token_file));
  }
  return relay_of(session, access, std::move(token));
}

}  // namespace kt::client
