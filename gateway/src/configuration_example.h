// A configuration file that shows and explains every key. Internal.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kt::gateway {

// What keys are set to, by the key's path. The values are TOML.
using SetKeys = std::map<std::string, std::string>;

// `text` as a value of TOML. Requires: UTF-8.
[[nodiscard]] std::string toml_string(std::string_view text);

// With what each key is for, what it has to be, and what `keys` sets it to, or else its default or
// an example. What `keys` does not set, and has a default or need not be there, is commented out by
// a # without a space after it. A section that can be there several times is there once.
[[nodiscard]] std::string example_configuration(const SetKeys& keys = {});

}  // namespace kt::gateway
