// A user of a log in memory, whose domain is trusted.
#pragma once

#include "client/lookup.h"
#include "client/trust.h"
#include "kt_program.h"
#include "memory_transport.h"

namespace kt::client {

class MemoryWorld : public KtProgram {
 protected:
  explicit MemoryWorld(keytrans::DeploymentMode mode) : transport_(mode, system_now()) {
    must(client::trust(session_,
                       {domain_of("example.com"), {}, {}, {}, transport_.document().text()}));
  }
  [[nodiscard]] const keytrans::TestLog& log() const { return transport_.log(); }
  Result<Found> look_up() { return lookup(session_, {kAlice, {}, {}, {}}); }

  MemoryTransport transport_;
  // The log's clock goes on as fast as it likes.
  Session session_{must(StateDirectory::open(state())), &transport_,
                   [this] { return Timestamp{transport_.log().now().value() + later_}; }};
  std::uint64_t later_ = 0;  // milliseconds that the user's clock is ahead
};

}  // namespace kt::client
