// Asks a running gateway at its admin socket. Internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::gateway {

// Has the gateway that listens at `socket` erase `labels` from its log `log`, an alias or a LogId,
// as log::Log::erase() does. Result: the number of values that were there. Blocking, for at most
// ten minutes.
// Errors: malformed when `log` is no name of a log, or the labels are too many for one request;
// unavailable when nobody answers, and then the labels may be erased; rejected when the gateway
// does not do it.
Result<std::uint64_t> erase_labels_at(const std::filesystem::path& socket, const std::string& log,
                                      const std::vector<Label>& labels);

// Has the gateway that listens at `socket` begin with a new key for Oblivious HTTP. Blocking.
// Errors: unavailable when nobody answers; rejected when the gateway does not do it, as when it has
// begun already.
Result<void> rotate_ohttp_key_at(const std::filesystem::path& socket);
// The JSON that it answers with. Errors: unavailable when nobody answers, and then what was posted
// may have been done; rejected when the gateway does not do it, with its reason.
Result<nlohmann::json> get_from_admin(const std::filesystem::path& socket,
                                      const std::string& target);
Result<nlohmann::json> post_to_admin(const std::filesystem::path& socket, const std::string& target,
                                     const nlohmann::json& body);
// Posts `labels`, which are at most kMaxLabelsSize.
Result<nlohmann::json> post_to_admin(const std::filesystem::path& socket, const std::string& target,
                                     const std::vector<Label>& labels);

}  // namespace kt::gateway
