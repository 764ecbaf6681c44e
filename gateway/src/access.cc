#include "access.h"

#include <algorithm>

#include "federation/reserved.h"
#include "problem.h"

namespace kt::gateway {
namespace {

// What of a request rules are about; null for what has no label.
struct Subject {
  const Label* label = nullptr;
  AccessOperation operation = AccessOperation::search;
};

Subject subject_of(const routing::LogRequest& request) {
  return std::visit(
      []<class Message>(const Message& message) -> Subject {
        if constexpr (std::is_same_v<Message, keytrans::DistinguishedRequest> ||
                      std::is_same_v<Message, keytrans::ConsistencyRequest>) {
          return {};
        } else if constexpr (std::is_same_v<Message, keytrans::SearchRequest> ||
                             std::is_same_v<Message, federation::CredentialRequest> ||
                             std::is_same_v<Message, federation::CredentialUpdateRequest>) {
          return {&message.label, AccessOperation::search};
        } else if constexpr (std::is_same_v<Message, keytrans::UpdateRequest> ||
                             std::is_same_v<Message, keytrans::ManagerUpdateRequest>) {
          return {&message.label, AccessOperation::update};
        } else {
          return {&message.label, AccessOperation::monitor};
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

Access rule_of(const AccessConfiguration& access, AccessOperation operation) {
  switch (operation) {
    case AccessOperation::search: return access.search;
    case AccessOperation::update: return access.update;
    case AccessOperation::monitor: return access.monitor;
  }
  return Access::nobody;
}

bool may(Access rule, const Hosting& hosting, const Caller& caller, const Label& label) {
  switch (rule) {
    case Access::everyone: return true;
    case Access::authenticated: return caller.is_known();
    case Access::owner: return is_owner(hosting, caller, label);
    case Access::authoriser:
    case Access::nobody: return false;
  }
  return false;
}

std::optional<Response> answer_to(AuthoriserOutcome outcome, const Caller& caller) {
  switch (outcome) {
    case AuthoriserOutcome::allowed: return std::nullopt;
    case AuthoriserOutcome::denied: break;
    case AuthoriserOutcome::failed:
      return problem_response(Problem::authoriser_unavailable, "ask again");
  }
  // It has judged the token that nobody has here.
  const bool has_shown_something = caller.is_known() || caller.unknown_token;
  return problem_response(has_shown_something ? Problem::forbidden : Problem::unauthenticated);
}

// Where the log cannot say whether what was shown is right.
Response answer_to_unshown(const HostedLog& hosted, const Error& error) {
  return problem_of(error, Problem::internal, Problem::internal,
                    hosted.is_remote() ? Problem::upstream_invalid : Problem::internal);
}

}  // namespace

bool is_gateway_of(const HostedLog& hosted, const Caller& caller) {
  return hosted.gateway && caller.principal == hosted.gateway->principal;
}

Response refusal_of(const Caller& caller) {
  if (caller.unknown_token)
    return problem_response(Problem::unauthenticated, "the token is not known");
  return problem_response(caller.is_known() ? Problem::forbidden : Problem::unauthenticated);
}

bool may_update_anything(const Hosting& hosting, const Caller& caller) {
  if (caller.is_known()) return true;
  const auto& domains = hosting.domains();
  return caller.unknown_token &&
         std::any_of(domains.begin(), domains.end(), [](const DomainConfiguration& domain) {
           return domain.access.update == Access::authoriser;
         });
}

Admission admit(const Hosting& hosting, const Caller& caller, const HostedLog& hosted,
                const routing::LogRequest& request) {
  const auto [label, operation] = subject_of(request);
  // A log that another gateway has is that one's to write.
  if (is_gateway_of(hosted, caller)) return {};
  if (hosted.gateway && operation == AccessOperation::update) return {refusal_of(caller), {}};
  if (label == nullptr || federation::is_reserved(*label)) return {};
  if (caller.principal && caller.principal == hosted.writer) return {};
  const Access rule = rule_of(hosting.access(hosted, *label), operation);
  if (may(rule, hosting, caller, *label)) return {};
  if (rule != Access::authoriser) return {refusal_of(caller), {}};
  auto question = authoriser_question(operation, hosting.owner(hosted, *label), *label, caller);
  if (!question) return {refusal_of(caller), {}};
  return {{}, *std::move(question)};
}

boost::asio::awaitable<std::optional<Response>> settle(std::shared_ptr<const Hosting> hosting,
                                                       const HostedLog& hosted, Caller caller,
                                                       OpenAdmission open) {
  if (open.wanted && !open.shown.empty()) {
    const auto shows =
        co_await shows_openings(hosted, *std::move(open.wanted), std::move(open.shown));
    if (!shows) co_return answer_to_unshown(hosted, shows.error());
    if (*shows) co_return std::nullopt;
  }
  if (!open.admission.question) co_return std::move(open.admission.refusal);
  auto question = *std::move(open.admission.question);
  const AuthoriserOutcome outcome = co_await hosting->authoriser()->ask(std::move(question));
  co_return answer_to(outcome, caller);
}

}  // namespace kt::gateway
