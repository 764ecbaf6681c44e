// Somebody between a client and a gateway, who can change every answer.
//
// Thread rule: one thread beside its own.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "federation/url.h"
#include "loopback.h"

namespace kt::client {

struct Exchange {
  std::string head;    // of the request: its first line and fields
  std::string answer;  // status line, fields and body
};

class ManInTheMiddle {
 public:
  // What is answered in the place of `exchange.answer`.
  using Meddle = std::function<std::string(const Exchange& exchange)>;

  ManInTheMiddle();
  ManInTheMiddle(const ManInTheMiddle&) = delete;
  ManInTheMiddle& operator=(const ManInTheMiddle&) = delete;
  ~ManInTheMiddle();

  [[nodiscard]] federation::Url url() const { return {false, "127.0.0.1", listener_.port(), ""}; }

  // Whom the requests go on to. Nobody is asked without it.
  void ask(std::uint16_t port);
  void meddle(Meddle meddle);
  // What goes on in the place of a request.
  using Rewrite = std::function<std::string(const std::string& request)>;
  void rewrite(Rewrite rewrite);
  // Everything that went through.
  [[nodiscard]] std::vector<Exchange> exchanges() const;

 private:
  void serve();
  void handle(const LoopbackConnection& connection);

  LoopbackListener listener_;
  mutable std::mutex mutex_;
  std::uint16_t port_ = 0;
  Meddle meddle_;
  Rewrite rewrite_;
  std::vector<Exchange> exchanges_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// Where the body of an HTTP message begins.
[[nodiscard]] std::size_t body_of(const std::string& message);

}  // namespace kt::client
