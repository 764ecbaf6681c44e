// A log at another gateway, as the configuration names it: [[remote_log]]. Internal.
//
// Thread rule: plain values and functions that block; an Upstream from any thread.
#pragma once

#include <memory>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "configuration.h"
#include "keytrans/log_configuration.h"
#include "keytrans/secret.h"
#include "routing/remote_log.h"
#include "upstream_metrics.h"

namespace kt::gateway {

// What the files say that a [[remote_log]] names.
struct UpstreamFiles {
  keytrans::LogConfiguration configuration;
  keytrans::SecretBytes token;
  Bytes authorities;  // empty for the system's
};

// Errors, which name the key: those of read_small_file(), of decoding a Configuration, of
// LogConfiguration::create() and of program::read_token_file().
Result<UpstreamFiles> read_upstream_files(const RemoteLogConfiguration& remote);

class Upstream {
 public:
  // Connects when it is asked, on a thread of its own: a name server or a gateway that is slow, and
  // the bytes of one that is not, are nothing that another log waits for. `metrics` go on counting.
  // Errors: those of routing::RemoteLog::create().
  static Result<std::shared_ptr<Upstream>> open(const RemoteLogConfiguration& remote,
                                                UpstreamFiles files,
                                                std::shared_ptr<UpstreamMetrics> metrics);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();  // while nobody asks any more

  [[nodiscard]] const std::string& alias() const { return remote_.alias; }
  [[nodiscard]] const keytrans::LogConfiguration& configuration() const { return configuration_; }
  [[nodiscard]] routing::RemoteLog& log() const { return *log_; }
  [[nodiscard]] const std::shared_ptr<UpstreamMetrics>& metrics() const { return metrics_; }

  // Whether open() with these would make the same.
  [[nodiscard]] bool is_of(const RemoteLogConfiguration& remote, const UpstreamFiles& files) const;

 private:
  Upstream(RemoteLogConfiguration remote, keytrans::LogConfiguration configuration,
           Bytes authorities, const keytrans::SecretBytes& token,
           std::shared_ptr<UpstreamMetrics> metrics);

  const RemoteLogConfiguration remote_;
  const keytrans::LogConfiguration configuration_;
  const Bytes authorities_;
  const keytrans::SecretBytes token_;
  const std::shared_ptr<UpstreamMetrics> metrics_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<routing::RemoteLog> log_;
  std::thread thread_;
};

}  // namespace kt::gateway
