// A log at another gateway, as the configuration names it: [[remote_log]]. Internal.
//
// Thread rule: plain values and functions that block; an Upstream from any thread.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "configuration.h"
#include "keytrans/log_configuration.h"
#include "keytrans/secret.h"
#include "keytrans/signature.h"
#include "routing/managed_log.h"
#include "routing/remote_log.h"
#include "upstream_metrics.h"

namespace kt::gateway {

// What the files say that a [[remote_log]] names.
struct UpstreamFiles {
  keytrans::LogConfiguration configuration;
  keytrans::SecretBytes token;
  Bytes authorities;  // empty for the system's
  std::optional<keytrans::SigningKey> leaf_key;
};

// Errors, which name the key: those of read_small_file(), of decoding a Configuration, of
// LogConfiguration::create(), of program::read_token_file() and of load_key(); rejected for a leaf
// key to a log that nobody manages.
Result<UpstreamFiles> read_upstream_files(const RemoteLogConfiguration& remote);

// Where a gateway keeps what it has signed, and what was shown to it and should not have been.
struct SigningState {
  store::Store* store = nullptr;
  std::filesystem::path evidence;
};

class Upstream {
 public:
  // Connects when it is asked, on a thread of its own: a name server or a gateway that is slow, and
  // the bytes of one that is not, are nothing that another log waits for. `metrics` go on counting.
  // With a leaf key there has to be a `state`, which is borrowed, and the log's heads are followed
  // from now on.
  // Errors: those of routing::RemoteLog::create() and routing::ManagedLog::open().
  static Result<std::shared_ptr<Upstream>> open(const RemoteLogConfiguration& remote,
                                                UpstreamFiles files,
                                                std::shared_ptr<UpstreamMetrics> metrics,
                                                std::optional<SigningState> state);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();  // while nobody asks any more

  // How many requests may be under way without one of them waiting for another.
  [[nodiscard]] std::size_t connections() const { return remote_.http.connections; }
  [[nodiscard]] const std::string& alias() const { return remote_.alias; }
  [[nodiscard]] const keytrans::LogConfiguration& configuration() const { return configuration_; }
  [[nodiscard]] routing::RemoteLog& log() const { return *log_; }
  // The log as users ask it.
  [[nodiscard]] routing::LogService& service() const {
    if (managed_ != nullptr) return *managed_;
    return *log_;
  }
  // Of a log that a third party manages for this gateway. Nothing for any other.
  [[nodiscard]] std::optional<routing::ManagedLogState> managed() const {
    if (managed_ == nullptr) return std::nullopt;
    return managed_->state();
  }

  // Answers what waits, and finishes what is being signed. Nothing is asked any more. Blocking.
  void close();

  [[nodiscard]] const std::shared_ptr<UpstreamMetrics>& metrics() const { return metrics_; }

  // Whether open() with these would make the same.
  [[nodiscard]] bool is_of(const RemoteLogConfiguration& remote, const UpstreamFiles& files) const;

 private:
  Upstream(RemoteLogConfiguration remote, keytrans::LogConfiguration configuration,
           Bytes authorities, const keytrans::SecretBytes& token,
           std::shared_ptr<UpstreamMetrics> metrics);
  boost::asio::awaitable<void> follow();

  const RemoteLogConfiguration remote_;
  const keytrans::LogConfiguration configuration_;
  const Bytes authorities_;
  const keytrans::SecretBytes token_;
  const std::shared_ptr<UpstreamMetrics> metrics_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<routing::RemoteLog> log_;
  std::unique_ptr<routing::ManagedLog> managed_;
  // On the context's thread.
  boost::asio::steady_timer next_look_{context_};
  bool is_closing_ = false;
  std::future<void> following_;  // until it has ended
  std::thread thread_;
};

}  // namespace kt::gateway
