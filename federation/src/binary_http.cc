#include "federation/binary_http.h"

#include <algorithm>
#include <utility>

#include "varint.h"

namespace kt::federation {
namespace {

std::string to_text(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// ---- What HTTP allows (RFC 9110, Section 5; RFC 9113, Section 8)

bool is_token_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// Lower-case letters first; RFC 3986, Section 3.1.
bool is_scheme(std::string_view text) {
  constexpr std::string_view kOthers = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         text.find_first_not_of(kOthers) == std::string_view::npos;
}

// Of which URIs are made: no blanks, controls or letters beyond ASCII.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Nothing that could end a line, and no blanks around.
bool is_field_value(std::string_view text) {
  if (text.empty()) return true;
  const bool trimmed = !is_blank(text.front()) && !is_blank(text.back());
  return trimmed && std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\t') || byte == 0x7f;
         });
}

bool is_path(std::string_view method, std::string_view path) {
  if (path.empty()) return method == "CONNECT";
  return is_visible(path);
}

// ---- Decoding

class MessageReader {
 public:
  MessageReader(ByteView message, const BinaryHttpLimits& limits)
      : reader_(message), limits_(limits) {}

  // `first` is the framing indicator of known length.
  Result<void> read_framing(std::uint64_t first) {
    const VarintReader before = reader_;
    KT_TRY(const std::uint64_t framing, reader_.number("framing indicator"));
    if (framing != first && framing != first + 2)
      return before.refuse("framing indicator", "is not of such a message");
    known_length_ = framing == first;
    return {};
  }

  template <class F>
  Result<std::string> read_control(const char* field, F is_allowed) {
    const VarintReader before = reader_;
    KT_TRY(const ByteView bytes, reader_.prefixed(field, limits_.control));
    std::string text = to_text(bytes);
    if (!is_allowed(text)) return before.refuse(field, "has a character that is not allowed");
    return text;
  }

  Result<unsigned> read_status() {
    const VarintReader before = reader_;
    KT_TRY(const std::uint64_t status, reader_.number("status"));
    if (status < 100 || status > 599) return before.refuse("status", "is not one of HTTP");
    return static_cast<unsigned>(status);
  }

  // A section of which nothing is there is empty (Section 3.8).
  Result<BinaryFields> read_fields() {
    if (reader_.at_end()) return BinaryFields{};
    if (!known_length_) return read_terminated_fields();
    // What framing adds to a line is at most two lengths of 8 bytes.
    const std::uint64_t limit = limits_.field_bytes + 16 * std::uint64_t{limits_.fields};
    const VarintReader before = reader_;
    KT_TRY(const ByteView section, reader_.prefixed("field section", limit));
    VarintReader lines(section);
    BinaryFields fields;
    std::size_t size = 0;
    while (!lines.at_end()) {
      auto read = read_line(lines, fields, size);
      if (!read) return before.refuse("field section", "has a line that is not allowed");
    }
    return fields;
  }

  Result<Bytes> read_content() {
    if (reader_.at_end()) return Bytes{};
    if (!known_length_) return read_chunks();
    KT_TRY(const ByteView content, reader_.prefixed("content", limits_.content));
    return to_bytes(content);
  }

  // Section 3.8: padding is zeros.
  Result<void> read_end() {
    const ByteView padding = reader_.rest();
    if (std::any_of(padding.begin(), padding.end(), [](std::uint8_t byte) { return byte != 0; }))
      return reader_.refuse("padding", "is not zero");
    return {};
  }

 private:
  // Section 3.6. `size` counts what the lines of a section hold.
  Result<void> read_line(VarintReader& lines, BinaryFields& fields, std::size_t& size) const {
    const VarintReader before = lines;
    if (fields.size() == limits_.fields) return before.refuse("field line", "is one too many");
    KT_TRY(const ByteView name, lines.prefixed("field name", limits_.field_bytes - size));
    size += name.size();
    KT_TRY(const ByteView value, lines.prefixed("field value", limits_.field_bytes - size));
    size += value.size();
    BinaryField field{to_text(name), to_text(value)};
    if (!is_token(field.name) || !is_field_value(field.value))
      return before.refuse("field line", "has a character that is not allowed");
    for (char& c : field.name) {
      if (is_capital(c)) c = static_cast<char>(c - 'A' + 'a');
    }
    fields.push_back(std::move(field));
    return {};
  }

  // Whether the terminator of a section or of content was next, and was taken.
  Result<bool> read_terminator(const char* field) {
    VarintReader ahead = reader_;
    KT_TRY(const std::uint64_t size, ahead.number(field));
    if (size == 0) reader_ = ahead;
    return size == 0;
  }

  Result<BinaryFields> read_terminated_fields() {
    BinaryFields fields;
    std::size_t size = 0;
    while (true) {
      KT_TRY(const bool ended, read_terminator("field section"));
      if (ended) return fields;
      KT_TRY(read_line(reader_, fields, size));
    }
  }

  Result<Bytes> read_chunks() {
    Bytes content;
    while (true) {
      KT_TRY(const bool ended, read_terminator("content"));
      if (ended) return content;
      KT_TRY(const ByteView chunk, reader_.prefixed("content", limits_.content - content.size()));
      content.insert(content.end(), chunk.begin(), chunk.end());
    }
  }

  VarintReader reader_;
  const BinaryHttpLimits& limits_;
  bool known_length_ = true;
};

// ---- Encoding

constexpr std::uint64_t kRequestFraming = 0;
constexpr std::uint64_t kResponseFraming = 1;

Result<void> append_line(Bytes& out, const BinaryField& field) {
  const bool lower = std::none_of(field.name.begin(), field.name.end(), is_capital);
  if (!lower || !is_token(field.name) || !is_field_value(field.value))
    return fail(Errc::malformed, "a field line has a character that is not allowed");
  append_prefixed(out, view_of(field.name));
  append_prefixed(out, view_of(field.value));
  return {};
}

Result<void> append_fields(Bytes& out, const BinaryFields& fields, BinaryFraming framing) {
  Bytes lines;
  for (const BinaryField& field : fields) KT_TRY(append_line(lines, field));
  if (framing == BinaryFraming::known_length) {
    append_prefixed(out, lines);
    return {};
  }
  out.insert(out.end(), lines.begin(), lines.end());
  append_varint(out, 0);
  return {};
}

void append_content(Bytes& out, const Bytes& content, BinaryFraming framing) {
  if (framing == BinaryFraming::known_length || !content.empty()) append_prefixed(out, content);
  if (framing == BinaryFraming::indeterminate_length) append_varint(out, 0);
}

Result<void> append_head(Bytes& out, unsigned status, const BinaryFields& fields,
                         BinaryFraming framing) {
  append_varint(out, status);
  return append_fields(out, fields, framing);
}

}  // namespace

std::optional<std::string_view> find_field(const BinaryFields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const BinaryField& field) { return field.name == name; });
  if (found == fields.end()) return std::nullopt;
  return found->value;
}

Result<BinaryRequest> decode_binary_request(ByteView message, const BinaryHttpLimits& limits) {
  MessageReader reader(message, limits);
  KT_TRY(reader.read_framing(kRequestFraming));
  BinaryRequest request;
  KT_TRY(request.method, reader.read_control("method", is_token));
  KT_TRY(request.scheme, reader.read_control("scheme", is_scheme));
  KT_TRY(request.authority, reader.read_control("authority", is_visible));
  KT_TRY(request.path, reader.read_control("path", [&](std::string_view path) {
    return is_path(request.method, path);
  }));
  KT_TRY(request.fields, reader.read_fields());
  KT_TRY(request.content, reader.read_content());
  KT_TRY(request.trailers, reader.read_fields());
  KT_TRY(reader.read_end());
  return request;
}

Result<BinaryResponse> decode_binary_response(ByteView message, const BinaryHttpLimits& limits) {
  MessageReader reader(message, limits);
  KT_TRY(reader.read_framing(kResponseFraming));
  BinaryResponse response;
  KT_TRY(response.status, reader.read_status());
  while (response.status < 200) {
    if (response.informational.size() == limits.informational)
      return fail(Errc::malformed, "there are too many informational responses");
    KT_TRY(BinaryFields fields, reader.read_fields());
    response.informational.push_back({response.status, std::move(fields)});
    KT_TRY(response.status, reader.read_status());
  }
  KT_TRY(response.fields, reader.read_fields());
  KT_TRY(response.content, reader.read_content());
  KT_TRY(response.trailers, reader.read_fields());
  KT_TRY(reader.read_end());
  return response;
}

Result<Bytes> encode_binary_request(const BinaryRequest& request, BinaryFraming framing) {
  if (!is_token(request.method) || !is_scheme(request.scheme) || !is_visible(request.authority) ||
      !is_path(request.method, request.path))
    return fail(Errc::malformed, "the control data have a character that is not allowed");
  Bytes out;
  append_varint(out, kRequestFraming + static_cast<std::uint64_t>(framing));
  for (const std::string* text :
       {&request.method, &request.scheme, &request.authority, &request.path})
    append_prefixed(out, view_of(*text));
  KT_TRY(append_fields(out, request.fields, framing));
  append_content(out, request.content, framing);
  KT_TRY(append_fields(out, request.trailers, framing));
  return out;
}

Result<Bytes> encode_binary_response(const BinaryResponse& response, BinaryFraming framing) {
  Bytes out;
  append_varint(out, kResponseFraming + static_cast<std::uint64_t>(framing));
  for (const BinaryInformational& informational : response.informational) {
    if (informational.status < 100 || informational.status > 199)
      return fail(Errc::malformed, "an informational status is not one of HTTP");
    KT_TRY(append_head(out, informational.status, informational.fields, framing));
  }
  if (response.status < 200 || response.status > 599)
    return fail(Errc::malformed, "a final status is not one of HTTP");
  KT_TRY(append_head(out, response.status, response.fields, framing));
  append_content(out, response.content, framing);
  KT_TRY(append_fields(out, response.trailers, framing));
  return out;
}

}  // namespace kt::federation
