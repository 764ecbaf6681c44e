// An HTTP origin that does what a test says.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "federation/url.h"
#include "loopback.h"

namespace kt::federation {

// Does it with each connection, one after the other.
class Origin {
 public:
  using Script = std::function<void(const LoopbackConnection&)>;

  explicit Origin(std::vector<Script> scripts)
      : thread_([this, scripts = std::move(scripts)] {
          for (const Script& script : scripts) script(listener_.accept());
        }) {}
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  ~Origin() { thread_.join(); }

  [[nodiscard]] Url url() const { return {false, "127.0.0.1", listener_.port(), ""}; }

 private:
  LoopbackListener listener_;
  std::thread thread_;
};

// Does the same with each connection until it goes.
class Hostile {
 public:
  explicit Hostile(Origin::Script script)
      : thread_([this, script = std::move(script)] {
          while (!ends_) {
            const LoopbackConnection connection = listener_.accept();
            if (!ends_) script(connection);
          }
        }) {}
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;
  ~Hostile() {
    ends_ = true;
    { const auto last = LoopbackConnection::to(listener_.port()); }
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

 private:
  LoopbackListener listener_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// Reads a request without a body, and answers with `answer`.
inline Origin::Script answering(std::string answer) {
  return [answer = std::move(answer)](const LoopbackConnection& connection) {
    static_cast<void>(connection.read_until("\r\n\r\n"));
    connection.write(answer);
  };
}

}  // namespace kt::federation
