// The endpoints of the logs that a gateway holds: the draft's requests in, the draft's responses
// out, untouched. Internal. docs/http-api.md lists them.
//
// Thread rule: any thread, several at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/thread_pool.hpp>
#include <tl/expected.hpp>

#include "configuration.h"
#include "http_message.h"
#include "log/log.h"
#include "principals.h"

namespace kt::gateway {

// A log and what is said of it in the configuration.
struct HostedLog {
  std::string alias;
  // The principals' names. Nobody may do what nobody is named for.
  std::optional<std::string> writer;
  std::optional<std::string> auditor;
  std::unique_ptr<log::Log> log;
};

class LogApi {
 public:
  // Borrows `principals`.
  LogApi(std::vector<HostedLog> logs, const Principals& principals,
         const LimitsConfiguration& limits);
  LogApi(const LogApi&) = delete;
  LogApi& operator=(const LogApi&) = delete;
  ~LogApi();

  // The endpoint for `head`, or the problem with it. Its handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head);

  [[nodiscard]] const std::vector<HostedLog>& logs() const { return logs_; }
  // Ends the logs, which answer what waits. Requires: no endpoint is called any more.
  void close_logs();

 private:
  struct Operation;
  static const Operation* operation(std::string_view name);

  [[nodiscard]] std::optional<Response> admit(const HostedLog& hosted, const Operation& operation,
                                              const RequestHead& head) const;
  boost::asio::awaitable<Response> handle(const HostedLog& hosted, const Operation& operation,
                                          Request request);
  static boost::asio::awaitable<Response> read(const HostedLog& hosted, const Operation& operation,
                                               Request request);
  static boost::asio::awaitable<Response> update(const HostedLog& hosted, const Request& request);
  template <class Message>
  static boost::asio::awaitable<Response> submit(log::Log& log, Result<Message> decoded);
  boost::asio::awaitable<Response> auditor_head(const HostedLog& hosted, Request request);

  std::vector<HostedLog> logs_;
  std::map<std::string, const HostedLog*, std::less<>> names_;  // LogIds in hex, and aliases
  const Principals& principals_;
  std::size_t request_limit_;
  std::size_t update_limit_;
  boost::asio::thread_pool blocking_{2};  // for what waits for the disk
};

}  // namespace kt::gateway
