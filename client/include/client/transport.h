// How the others are asked: gateways and logs, at their URLs. The seam at which tests put others
// in.
//
// Nothing it hands out was verified, and what it says of an error is the other side's word.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "federation/directory_document.h"
#include "federation/url.h"

namespace kt::client {

// Who is asked, and whom to believe that it is them.
struct Origin {
  federation::Url url;
  // PEM of the certificate authorities to believe; the system's when empty.
  std::filesystem::path authorities;
};

struct Question {
  std::string target;     // appended to the path of the origin's URL
  std::string operation;  // of a `<operation>-request` that asks for a `<operation>-response`
  Bytes body;
  std::string_view token = {};  // of a bearer; empty for none
  bool changes_nothing = true;  // it may be sent twice
  std::string message = {};     // what the body is, where it is no `<operation>-request`

  [[nodiscard]] std::string body_message() const {
    return message.empty() ? operation + "-request" : message;
  }
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // The body of the answer. Blocking, with a deadline.
  // Errors: unavailable when the origin cannot be reached or says that it cannot answer now;
  // not_found, rejected and conflict when it says so; verification_failed when what comes is no
  // answer, or says that a log has become smaller than the tree it was asked from.
  virtual Result<Bytes> post(const Origin& origin, const Question& question) = 0;

  // What `domain` publishes at the origin. Blocking, with a deadline.
  // Errors: unavailable; not_found when there is nothing; rejected for a format that this version
  // does not know; verification_failed for what is no document of the domain, signed by its logs.
  virtual Result<federation::DirectoryDocument> fetch(const Origin& origin,
                                                      const federation::Domain& domain) = 0;
};

// Over HTTP, with connections that are kept. `timeout` is for connection and exchange.
[[nodiscard]] std::unique_ptr<Transport> make_http_transport(
    std::chrono::milliseconds timeout = std::chrono::seconds(10));

}  // namespace kt::client
