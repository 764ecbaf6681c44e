#include "upstream.h"

#include <tuple>
#include <utility>

#include "program/token_file.h"
#include "store/files.h"

namespace kt::gateway {
namespace {

constexpr std::size_t kMaxConfigurationFileSize = std::size_t{1} << 20;
constexpr std::size_t kMaxAuthoritiesSize = std::size_t{4} << 20;

auto settings_of(const RemoteLogConfiguration& remote) {
  const federation::HttpClientOptions& http = remote.http;
  return std::tie(remote.url, http.authorities, http.connections, http.waiting,
                  http.connect_timeout, http.total_timeout, http.response_limit);
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
  UpstreamFiles files{*std::move(configuration), {}, {}};
  if (!remote.token_file.empty()) {
    auto token = program::read_token_file(remote.token_file);
    if (!token) return fail_in("token_file", std::move(token).error());
    files.token = *std::move(token);
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
                                                 std::shared_ptr<UpstreamMetrics> metrics) {
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
  if (log_ != nullptr) log_->close();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

bool Upstream::is_of(const RemoteLogConfiguration& remote, const UpstreamFiles& files) const {
  return settings_of(remote) == settings_of(remote_) && files.configuration == configuration_ &&
         files.authorities == authorities_ && token_.equal(files.token.view());
}

}  // namespace kt::gateway
