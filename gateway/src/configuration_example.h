// A configuration file that shows every key. Internal.
#pragma once

#include <string>

namespace kt::gateway {

// With what each key is for, what it has to be, and its default or an example. What has a default,
// or need not be there, is commented out by a # without a space after it.
[[nodiscard]] std::string example_configuration();

}  // namespace kt::gateway
