// What a key of the configuration is set to: from text to value, and back. Internal.
#pragma once

#include "configuration_keys.h"

namespace kt::gateway {

// A value as TOML has it, as far as any key is set to such a thing.
using TomlValue = std::variant<std::string, std::int64_t, std::vector<std::string>, bool>;

// Sets `key` to `value` in `all`. A relative path is relative to `directory`. False when the value
// is not what the key has to be, and then nothing is changed.
[[nodiscard]] bool set_value(const ConfigurationKey& key, const TomlValue& value,
                             const std::filesystem::path& directory, GatewayConfiguration& all);

// What the key has to be: "a duration like 500ms, 30s or 24h, from 100ms to 1h".
[[nodiscard]] std::string requirement(const ConfigurationKey& key);

// The same for somebody who sees an example: "from 100ms to 1h".
[[nodiscard]] std::string bounds(const ConfigurationKey& key);

// As TOML, what the key is when nobody sets it; for one without a default, its example.
[[nodiscard]] std::string default_or_example(const ConfigurationKey& key);

}  // namespace kt::gateway
