#include "json_members.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "keytrans/base64url.h"

namespace kt::federation {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> malformed(const char* name, const char* reason) {
  return fail(Errc::malformed, std::string(name) + reason);
}

}  // namespace

Result<void> verify_members(const Json& json, std::initializer_list<const char*> names) {
  if (!json.is_object()) return fail(Errc::malformed, "it is not an object");
  for (const auto& member : json.items()) {
    const bool is_known = std::any_of(names.begin(), names.end(),
                                      [&](const char* name) { return member.key() == name; });
    if (!is_known) return fail(Errc::malformed, "it has a member that is not defined");
  }
  return {};
}

Result<const Json*> find_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return malformed(name, " is missing");
  return &*found;
}

Result<const Json*> find_object(const Json& object, const char* name) {
  KT_TRY(const Json* const member, find_member(object, name));
  if (!member->is_object()) return malformed(name, " is not an object");
  return member;
}

Result<const Json*> find_array(const Json& object, const char* name, std::size_t max_size) {
  KT_TRY(const Json* const member, find_member(object, name));
  if (!member->is_array()) return malformed(name, " is not an array");
  if (member->empty()) return malformed(name, " is empty");
  if (member->size() > max_size)
    return fail(Errc::malformed,
                std::string(name) + " has more than " + std::to_string(max_size) + " elements");
  return member;
}

Result<const std::string*> find_text(const Json& object, const char* name) {
  KT_TRY(const Json* const member, find_member(object, name));
  const auto* const text = member->get_ptr<const std::string*>();
  if (text == nullptr) return malformed(name, " is not a string");
  return text;
}

Result<std::uint64_t> read_uint64(const Json& object, const char* name) {
  KT_TRY(const std::string* const text, find_text(object, name));
  std::uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, code] = std::from_chars(text->data(), end, number);
  if (code != std::errc() || rest != end || text->front() == '0')
    return malformed(name, " is not a number from 1 to 2^64-1, in a string");
  return number;
}

Result<Bytes> read_base64url(const Json& object, const char* name) {
  KT_TRY(const std::string* const text, find_text(object, name));
  auto bytes = from_base64url(*text);
  if (!bytes) return malformed(name, " is not base64url without padding");
  return *std::move(bytes);
}

Result<LogId> log_id_of(const Json& json, const char* name) {
  const auto* const text = json.get_ptr<const std::string*>();
  if (text == nullptr) return malformed(name, " is not a LogId in lower-case hexadecimal");
  const auto bytes = from_hex(*text);
  HashValue hash{};
  if (!bytes || bytes->size() != hash.size() || to_hex(*bytes) != *text)
    return malformed(name, " is not a LogId in lower-case hexadecimal");
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return LogId(hash);
}

Result<LogId> read_log_id(const Json& object, const char* name) {
  KT_TRY(const Json* const member, find_member(object, name));
  return log_id_of(*member, name);
}

}  // namespace kt::federation
