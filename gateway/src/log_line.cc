#include "log_line.h"

#include <utility>

#include "federation/strict_json.h"
#include "keytrans/base64url.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> malformed(std::string detail) {
  return fail(Errc::malformed, std::move(detail));
}

Result<Bytes> parse_base64url(const Json& json, const char* member) {
  const auto* const text = json.get_ptr<const std::string*>();
  auto bytes = text != nullptr ? from_base64url(*text) : std::nullopt;
  if (!bytes) return malformed(std::string(member) + " is not base64url without padding");
  return *std::move(bytes);
}

Result<Label> parse_label(const Json& json) {
  Bytes bytes;
  if (const auto* const text = json.get_ptr<const std::string*>()) {
    bytes = to_bytes(*text);
  } else if (json.is_object() && json.size() == 1 && json.contains("base64url")) {
    KT_TRY(bytes, parse_base64url(json["base64url"], "label.base64url"));
  } else {
    return malformed("label is neither text nor {\"base64url\": …}");
  }
  if (bytes.empty()) return malformed("label is empty");
  return Label::create(bytes);
}

Result<Version> parse_version(const Json& json) {
  const auto* const number = json.get_ptr<const Json::number_unsigned_t*>();
  if (number == nullptr || *number > 0xffff'ffffU)
    return malformed("version is not a whole number from 0 to 2^32-1");
  return Version{static_cast<std::uint32_t>(*number)};
}

}  // namespace

Result<LogLine> parse_log_line(std::string_view text) {
  KT_TRY(const Json json, federation::parse_json(text));
  if (!json.is_object()) return malformed("it is not a JSON object");
  for (const auto& [name, member] : json.items()) {
    if (name != "label" && name != "version" && name != "value" && name != "signature")
      return malformed("it has a member besides label, version, value and signature");
  }
  if (!json.contains("label")) return malformed("label is missing");
  if (!json.contains("value")) return malformed("value is missing");
  LogLine line;
  KT_TRY(line.label, parse_label(json["label"]));
  KT_TRY(line.value, parse_base64url(json["value"], "value"));
  if (line.value.size() > kMaxValueSize)
    return malformed("value is longer than " + std::to_string(kMaxValueSize) + " bytes");
  if (json.contains("version")) {
    KT_TRY(line.version, parse_version(json["version"]));
  }
  if (json.contains("signature")) {
    KT_TRY(line.signature, parse_base64url(json["signature"], "signature"));
    if (line.signature.empty()) return malformed("signature is empty");
  }
  return line;
}

Result<Label> parse_label_line(std::string_view text) {
  KT_TRY(const Json json, federation::parse_json(text));
  return parse_label(json);
}

std::string format_log_line(const LogLine& line) {
  nlohmann::ordered_json json;
  json["label"] = std::string(line.label.bytes().begin(), line.label.bytes().end());
  json["version"] = line.version.value();
  json["value"] = to_base64url(line.value);
  if (!line.signature.empty()) json["signature"] = to_base64url(line.signature);
  try {
    return json.dump();
  } catch (const Json::type_error&) {  // not UTF-8, by the judgement of what will read it
    json["label"] = {{"base64url", to_base64url(line.label.bytes())}};
    return json.dump();
  }
}

std::string format_label_line(const Label& label) {
  return Json{{"base64url", to_base64url(label.bytes())}}.dump();
}

}  // namespace kt::gateway
