// Binary HTTP: a request or a response as bytes, without a connection around it.
//
// Decoding takes both framings (known and indeterminate length), padding, and messages whose empty
// ends are left out (Section 3.8). It lowers capital letters in field names, as deployed clients
// send them, and is strict about all else: what is cut short, follows the end and is not zero, or
// could be read in two ways is refused. Encoding writes whole messages without padding.
//
// Source: RFC 9292. Thread rule: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::federation {

struct BinaryField {
  std::string name;  // in lower case
  std::string value;

  friend bool operator==(const BinaryField&, const BinaryField&) = default;
};

using BinaryFields = std::vector<BinaryField>;

// The value of the first field `name`, which is in lower case; nothing when there is none. Valid as
// long as `fields`.
[[nodiscard]] std::optional<std::string_view> find_field(const BinaryFields& fields,
                                                         std::string_view name);

// Section 3.4
struct BinaryRequest {
  std::string method;
  std::string scheme;
  std::string authority;  // may be empty
  std::string path;       // empty for CONNECT only
  BinaryFields fields;
  Bytes content;
  BinaryFields trailers;

  friend bool operator==(const BinaryRequest&, const BinaryRequest&) = default;
};

// Section 3.5.1
struct BinaryInformational {
  unsigned status = 100;  // 100 to 199
  BinaryFields fields;

  friend bool operator==(const BinaryInformational&, const BinaryInformational&) = default;
};

// Section 3.5
struct BinaryResponse {
  std::vector<BinaryInformational> informational;
  unsigned status = 200;  // 200 to 599
  BinaryFields fields;
  Bytes content;
  BinaryFields trailers;

  friend bool operator==(const BinaryResponse&, const BinaryResponse&) = default;
};

// Section 3.3, as of requests. Those of responses are one more.
enum class BinaryFraming : std::uint8_t { known_length = 0, indeterminate_length = 2 };

// What a message may hold, found out before anything is copied.
struct BinaryHttpLimits {
  std::size_t control = std::size_t{8} << 10U;      // each of method, scheme, authority and path
  std::size_t fields = 64;                          // lines in a field section
  std::size_t field_bytes = std::size_t{8} << 10U;  // names and values of a field section
  std::size_t content = std::size_t{4} << 20U;
  std::size_t informational = 8;  // responses before the final one
};

// Errors: malformed, naming the part and its byte, when `message` is not one request or holds more
// than the limits.
[[nodiscard]] Result<BinaryRequest> decode_binary_request(ByteView message,
                                                          const BinaryHttpLimits& limits = {});

// Errors: as above.
[[nodiscard]] Result<BinaryResponse> decode_binary_response(ByteView message,
                                                            const BinaryHttpLimits& limits = {});

// Content of indeterminate length is written as one chunk.
// Errors: malformed when a part is not what HTTP allows there.
[[nodiscard]] Result<Bytes> encode_binary_request(
    const BinaryRequest& request, BinaryFraming framing = BinaryFraming::known_length);
[[nodiscard]] Result<Bytes> encode_binary_response(
    const BinaryResponse& response, BinaryFraming framing = BinaryFraming::known_length);

}  // namespace kt::federation
