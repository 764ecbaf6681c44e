#include "upstream.h"

#include <cstdlib>
#include <exception>
#include <tuple>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "keytrans/key_file.h"
#include "program/token_file.h"
#include "store/files.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxConfigurationFileSize = std::size_t{1} << 20;
constexpr std::size_t kMaxAuthoritiesSize = std::size_t{4} << 20;

auto settings_of(const RemoteLogConfiguration& remote) {
  const federation::HttpClientOptions& http = remote.http;
  return std::tie(remote.url, remote.leaf_key, remote.follow_interval, http.authorities,
                  http.connections, http.waiting, http.connect_timeout, http.total_timeout,
                  http.response_limit);
}

Result<keytrans::LogConfiguration> read_log_configuration(const std::filesystem::path& file) {
  KT_TRY(const Bytes bytes, store::read_small_file(file, kMaxConfigurationFileSize));
  KT_TRY(auto wire, keytrans::decode<keytrans::Configuration>(bytes));
  return keytrans::LogConfiguration::create(std::move(wire));
}

}  // namespace

Result<UpstreamFiles> read_upstream_files(const RemoteLogConfiguration& remote) {
  auto configuration = read_log_configuration(remote.configuration);
  if (!configuration) return fail_in("configuration", std::move(configuration).error());
  UpstreamFiles files{*std::move(configuration), {}, {}, {}};
  if (!remote.token_file.empty()) {
    auto token = program::read_token_file(remote.token_file);
    if (!token) return fail_in("token_file", std::move(token).error());
    files.token = *std::move(token);
  }
  if (!remote.leaf_key.empty()) {
    const auto& wire = files.configuration.wire();
    if (wire.mode != keytrans::DeploymentMode::thirdPartyManagement)
      return fail(Errc::rejected, "leaf_key: the log is not managed by a third party");
    auto key = keytrans::load_key<keytrans::SigningKey>(remote.leaf_key, wire.ciphersuite,
                                                        wire.leaf_public_key);
    if (!key) return fail_in("leaf_key", std::move(key).error());
    files.leaf_key = *std::move(key);
  }
  if (!remote.http.authorities.empty()) {
    auto authorities = store::read_small_file(remote.http.authorities, kMaxAuthoritiesSize);
    if (!authorities) return fail_in("authorities", std::move(authorities).error());
    files.authorities = *std::move(authorities);
  }
  return files;
}

Result<std::shared_ptr<Upstream>> Upstream::open(const RemoteLogConfiguration& remote,
                                                 UpstreamFiles files,
                                                 std::shared_ptr<UpstreamMetrics> metrics,
                                                 std::optional<SigningState> state) {
  std::shared_ptr<Upstream> upstream(new Upstream(
      remote, files.configuration, std::move(files.authorities), files.token, std::move(metrics)));
  routing::RemoteLogOptions options{*remote.url, std::move(files.configuration)};
  options.token = std::move(files.token);
  options.http = remote.http;
  options.observe = [counted = upstream->metrics_](routing::RemoteOutcome outcome,
                                                   std::chrono::nanoseconds time) {
    counted->note(outcome, time);
  };
  KT_TRY(upstream->log_,
         routing::RemoteLog::create(upstream->context_.get_executor(), std::move(options)));
  if (files.leaf_key) {
    KT_ASSERT(state.has_value());
    KT_TRY(upstream->managed_,
           routing::ManagedLog::open(
               *state->store, *upstream->log_,
               {upstream->configuration_, *std::move(files.leaf_key), std::move(state->evidence)}));
    upstream->following_ = asio::co_spawn(upstream->context_, upstream->follow(), asio::use_future);
  }
  upstream->thread_ = std::thread([&context = upstream->context_] { context.run(); });
  return upstream;
}

Upstream::Upstream(RemoteLogConfiguration remote, keytrans::LogConfiguration configuration,
                   Bytes authorities, const keytrans::SecretBytes& token,
                   std::shared_ptr<UpstreamMetrics> metrics)
    : remote_(std::move(remote)),
      configuration_(std::move(configuration)),
      authorities_(std::move(authorities)),
      token_(keytrans::SecretBytes::copy_of(token.view())),
      metrics_(std::move(metrics)),
      work_(context_.get_executor()) {}

Upstream::~Upstream() {
  try {
    close();
  } catch (const std::exception&) {
    std::abort();  // there is no memory
  }
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Upstream::close() {
  if (log_ != nullptr) log_->close();
  if (following_.valid() && thread_.joinable()) {
    asio::post(context_, [this] {
      is_closing_ = true;
      next_look_.cancel();
    });
    following_.wait();
    following_ = {};
  }
  if (managed_ != nullptr) managed_->close();
}

// What it finds is in the log's state.
asio::awaitable<void> Upstream::follow() {
  while (!is_closing_) {
    const auto followed = co_await managed_->follow();
    static_cast<void>(followed);
    if (is_closing_) break;
    next_look_.expires_after(remote_.follow_interval);
    boost::system::error_code ignored;
    co_await next_look_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

bool Upstream::is_of(const RemoteLogConfiguration& remote, const UpstreamFiles& files) const {
  return settings_of(remote) == settings_of(remote_) && files.configuration == configuration_ &&
         files.authorities == authorities_ && token_.equal(files.token.view());
}

}  // namespace kt::gateway
