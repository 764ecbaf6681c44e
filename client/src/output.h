// What commands print, for people and for scripts. Internal.
//
// Nothing of others reaches a terminal unless it is printable.
//
// Thread rule: pure functions but for print().
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "client/session.h"

namespace kt::client {

using Json = nlohmann::ordered_json;

// What stands in the column on the right, by what stands on the left.
using Lines = std::vector<std::pair<std::string, std::string>>;
void print(const Lines& lines);
void print(const Json& json);

// "2026-11-22 04:10:11 UTC, 3m ago"
[[nodiscard]] std::string moment(Timestamp time, Timestamp now);

// The value as text when it is one line of printable ASCII, or else its first bytes in hexadecimal.
[[nodiscard]] std::string shown(ByteView value);

[[nodiscard]] std::string text_of(const Label& label);
[[nodiscard]] std::string_view name_of(keytrans::DeploymentMode mode);
[[nodiscard]] std::string_view name_of(DomainChange change);

// "12 entries, the last one made 2026-11-22 04:10:11 UTC, 3m ago"
[[nodiscard]] std::string describe(const VerifiedTree& tree, Timestamp now);
// "log main (6eb14ffc…), contact-monitoring, KT_128_SHA256_P256"
[[nodiscard]] std::string describe_log(const VerifiedTree& tree);
// One line about what became of a domain's document.
[[nodiscard]] std::string describe(const DomainNews& news);

// Null for nothing.
template <class Tag, class Rep>
Json json_of(const std::optional<Strong<Tag, Rep>>& number) {
  return number ? Json(number->value()) : Json(nullptr);
}
[[nodiscard]] Json json_of(const VerifiedTree& tree);
[[nodiscard]] Json json_of(const KnownDomain& known);

}  // namespace kt::client
