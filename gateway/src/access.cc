#include "access.h"

#include <algorithm>

#include "federation/reserved.h"
#include "problem.h"

namespace kt::gateway {
namespace {

// What of a request rules are about; null for what has no label.
struct Subject {
  const Label* label = nullptr;
  Access AccessConfiguration::*rule = &AccessConfiguration::search;
};

Subject subject_of(const routing::LogRequest& request) {
  return std::visit(
      []<class Message>(const Message& message) -> Subject {
        if constexpr (std::is_same_v<Message, keytrans::DistinguishedRequest>) {
          return {};
        } else if constexpr (std::is_same_v<Message, keytrans::SearchRequest>) {
          return {&message.label, &AccessConfiguration::search};
        } else if constexpr (std::is_same_v<Message, keytrans::UpdateRequest> ||
                             std::is_same_v<Message, keytrans::ManagerUpdateRequest>) {
          return {&message.label, &AccessConfiguration::update};
        } else {
          return {&message.label, &AccessConfiguration::monitor};
        }
      },
      request);
}

// Whether the caller's certificate names the identity that `label` is of.
bool is_owner(const Hosting& hosting, const Caller& caller, const Label& label) {
  return std::any_of(caller.identities.begin(), caller.identities.end(),
                     [&](const std::string& identity) {
                       const auto resolved = hosting.table().resolve(identity);
                       return resolved && resolved->label == label;
                     });
}

bool may(Access rule, const Hosting& hosting, const Caller& caller, const Label& label) {
  switch (rule) {
    case Access::everyone: return true;
    case Access::authenticated: return caller.is_known();
    case Access::owner: return is_owner(hosting, caller, label);
    case Access::nobody: return false;
  }
  return false;
}

}  // namespace

Response refusal_of(const Caller& caller) {
  if (caller.has_unknown_token)
    return problem_response(Problem::unauthenticated, "the token is not known");
  return problem_response(caller.is_known() ? Problem::forbidden : Problem::unauthenticated);
}

std::optional<Response> refuse_access(const Hosting& hosting, const Caller& caller,
                                      const HostedLog& hosted, const routing::LogRequest& request) {
  const Subject subject = subject_of(request);
  if (subject.label == nullptr || federation::is_reserved(*subject.label)) return std::nullopt;
  if (caller.principal && caller.principal == hosted.writer) return std::nullopt;
  const Access rule = hosting.access(hosted, *subject.label).*subject.rule;
  if (may(rule, hosting, caller, *subject.label)) return std::nullopt;
  return refusal_of(caller);
}

}  // namespace kt::gateway
