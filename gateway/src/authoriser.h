// Somebody else who says who may do what with a label: [authoriser] of the configuration. Internal.
//
// It is asked by HTTP, once for each request that a rule leaves to it, and whatever is no clear
// answer in time allows nothing. What it is asked and what it answers is neither kept nor printed.
//
// Source: docs/authoriser.md. Thread rule: pure functions and functions that block; an Authoriser
// from any thread.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "configuration.h"
#include "federation/http_client.h"
#include "keytrans/secret.h"
#include "keytrans/types.h"
#include "latency.h"
#include "principals.h"
#include "prometheus_text.h"
#include "routing/shared_client.h"

namespace kt::gateway {

// What [domain.access] has a rule for each of.
enum class AccessOperation : std::uint8_t { search, update, monitor };
[[nodiscard]] std::string_view to_string(AccessOperation operation);

// Whose label it is, as far as that is somebody of a domain of the log's.
struct LabelOwner {
  std::optional<federation::Domain> domain;
  bool is_canonical = false;  // the label is the one of an identity of the domain
};

// The question, as JSON. Errors: rejected when a token has characters that no token has.
Result<Bytes> authoriser_question(AccessOperation operation, const LabelOwner& owner,
                                  const Label& label, const Caller& caller);

// Whether the answer allows what was asked. Errors: malformed when it is no decision; with what is
// wrong, and nothing of the answer.
Result<bool> read_decision(const federation::HttpResponse& response);

enum class AuthoriserOutcome : std::uint8_t { allowed, denied, failed };

// What is counted of the questions. Any thread.
class AuthoriserMetrics {
 public:
  void note(AuthoriserOutcome outcome, std::chrono::nanoseconds time);
  void write(PrometheusText& text) const;

 private:
  mutable std::mutex mutex_;
  std::array<std::uint64_t, 3> outcomes_{};
  Latency latency_;
};

// What the files say that [authoriser] names.
struct AuthoriserFiles {
  keytrans::SecretBytes token;  // empty for none
  Bytes authorities;            // empty for the system's
};

// Errors, which name the key: those of program::read_token_file() and of read_small_file().
Result<AuthoriserFiles> read_authoriser_files(const AuthoriserConfiguration& configuration);

class Authoriser {
 public:
  // Connects when it is asked, on a thread of its own. `metrics` go on counting.
  // Requires: the configuration has a URL. Errors: those of federation::HttpClient::create().
  static Result<std::shared_ptr<Authoriser>> open(const AuthoriserConfiguration& configuration,
                                                  AuthoriserFiles files,
                                                  std::shared_ptr<AuthoriserMetrics> metrics);
  Authoriser(const Authoriser&) = delete;
  Authoriser& operator=(const Authoriser&) = delete;
  ~Authoriser();  // while nobody asks any more

  // What it says to `question`, in the time that the configuration gives it.
  boost::asio::awaitable<AuthoriserOutcome> ask(Bytes question);

  // Why it gave no decision the last time, for the operator; empty when it did, and nothing when it
  // was not asked yet.
  [[nodiscard]] std::optional<std::string> failure() const;

  // Answers what waits. Nothing is asked any more.
  void close() { client_->close(); }

  [[nodiscard]] const std::shared_ptr<AuthoriserMetrics>& metrics() const { return metrics_; }

  // Whether open() with these would make the same.
  [[nodiscard]] bool is_of(const AuthoriserConfiguration& configuration,
                           const AuthoriserFiles& files) const;

 private:
  Authoriser(AuthoriserConfiguration configuration, AuthoriserFiles files,
             std::shared_ptr<AuthoriserMetrics> metrics);

  const AuthoriserConfiguration configuration_;
  const AuthoriserFiles files_;
  const std::shared_ptr<AuthoriserMetrics> metrics_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<routing::SharedClient> client_;
  mutable std::mutex mutex_;
  std::optional<std::string> failure_;
  std::thread thread_;
};

}  // namespace kt::gateway
