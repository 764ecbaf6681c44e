// An HTTP origin that does what a test says.
#pragma once

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

// Reads a request without a body, and answers with `answer`.
inline Origin::Script answering(std::string answer) {
  return [answer = std::move(answer)](const LoopbackConnection& connection) {
    static_cast<void>(connection.read_until("\r\n\r\n"));
    connection.write(answer);
  };
}

}  // namespace kt::federation
