#include "log_request.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "federation/reserved.h"

namespace kt::gateway {
namespace {

// UpdateRequest and ManagerUpdateRequest.
template <class Message>
concept Update = requires(const Message& message) {
  message.values;
};

}  // namespace

std::optional<Problem> find_reserved(const routing::LogRequest& request) {
  return std::visit(
      []<class Message>(const Message& message) -> std::optional<Problem> {
        if constexpr (Update<Message>) {
          if (federation::is_reserved(message.label)) return Problem::reserved_label;
          if (std::any_of(message.values.begin(), message.values.end(), [](const auto& each) {
                return federation::is_like_a_tombstone(each.value);
              }))
            return Problem::reserved_value;
        }
        return std::nullopt;
      },
      request);
}

Response ErrorMeaning::problem(const Error& error) const {
  Response response = problem_of(error, not_found, conflict, corrupt);
  if (error.code != Errc::unavailable) return response;
  if (!log->is_remote()) {
    if (!is_update || log->log->state().trouble != log::Trouble::storage) return response;
    return problem_response(Problem::storage_full, error.detail);
  }
  const auto left = std::chrono::ceil<std::chrono::seconds>(log->upstream->log().state().left);
  for (auto& [name, value] : response.headers) {
    if (name == "Retry-After" && left > std::chrono::seconds(1))
      value = std::to_string(left.count());
  }
  return response;
}

ErrorMeaning meaning_of(const routing::LogRequest& request, const HostedLog& log) {
  const Problem corrupt = log.is_remote() ? Problem::upstream_invalid : Problem::internal;
  return std::visit(
      [&log, corrupt]<class Message>(const Message& message) -> ErrorMeaning {
        if constexpr (Update<Message>) {
          return {Problem::unknown_label, Problem::stale_version, corrupt, true, &log};
        } else if constexpr (std::is_same_v<Message, keytrans::SearchRequest>) {
          return {message.version ? Problem::unknown_version : Problem::unknown_label,
                  Problem::stale_view, corrupt, false, &log};
        } else if constexpr (std::is_same_v<Message, federation::CredentialUpdateRequest>) {
          return {Problem::unknown_label, Problem::rejected, corrupt, false, &log};
        } else {
          return {Problem::unknown_label, Problem::stale_view, corrupt, false, &log};
        }
      },
      request);
}

}  // namespace kt::gateway
