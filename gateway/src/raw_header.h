// What the bytes of a request's header may not look like. Internal.
//
// Two programs that read one header differently are how requests are smuggled past one of them. The
// parser forgives some forms that RFC 9112 has a server refuse, so they are looked for first.
// Source: RFC 9112, Sections 2.2, 5.1, 5.2, 6.1, 6.3, 11.2.
//
// Thread rule: pure function.
#pragma once

#include <optional>
#include <string_view>

namespace kt::gateway {

// What is wrong with `header`, which ends with the empty line: a line that ends otherwise than with
// CR LF or holds another control character than tab, a line that continues the one before,
// whitespace around a field's name, a Content-Length of anything but digits, more than one Host,
// Content-Length or Transfer-Encoding, or both of the last two.
std::optional<const char*> find_fault(std::string_view header);

}  // namespace kt::gateway
