// What a gateway that serves tells its operator, a line each on stderr: what happens to it and its
// logs and, where [journal] asks for it, each answer. Internal.
//
// Nothing here can name a user: no line has a label, a value, a token, an address or a path that a
// client has sent. An answer's line has the endpoint's path as the description of the service has
// it, with {log} where a log is named.
//
// Source: docs/operations.md, "What it says". Thread rule: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api_operation.h"
#include "configuration.h"
#include "http_server.h"
#include "keytrans/types.h"

namespace kt::gateway {

enum class Severity : std::uint8_t { info, warning, error };
[[nodiscard]] std::string_view to_string(Severity severity);

class Journal {
 public:
  // The answers are of `operations`. Lines go to `out`, which is borrowed.
  Journal(const JournalConfiguration& configuration, const std::vector<ApiOperation>& operations,
          std::FILE* out = stderr);

  // From the next line on.
  void configure(const JournalConfiguration& configuration);

  // A line. What is in `what` that is no printable character becomes '?'.
  void say(Severity severity, std::string_view what);

  // A line, if the configuration asks for it.
  void note(const Answered& answered);

 private:
  struct Described {
    std::string_view method;
    std::string path;
  };

  void write(const std::string& line) const;

  const std::map<std::string, Described, std::less<>> operations_;  // by their names
  std::FILE* const out_;
  mutable std::mutex mutex_;
  JournalFormat format_;
  std::atomic<bool> notes_answers_;
};

// A line, with its end, of `now`.
[[nodiscard]] std::string event_line(JournalFormat format, Timestamp now, Severity severity,
                                     std::string_view what);

// The same of an answer. `method` and `path` are the endpoint's; empty for what reached none.
[[nodiscard]] std::string answer_line(JournalFormat format, Timestamp now, std::string_view method,
                                      std::string_view path, const Answered& answered);

}  // namespace kt::gateway
