#include "public_api.h"

#include <chrono>
#include <utility>

#include "directory_api.h"
#include "problem.h"
#include "routed_api.h"
#include "status_page.h"
#include "witness_api.h"

namespace kt::gateway {

std::vector<ApiOperation> public_operations() {
  std::vector<ApiOperation> all{directory_operation()};
  for (const std::vector<ApiOperation>& some :
       {routed_operations(), LogApi::operations(), witness_operations(), ohttp_operations(),
        RelayApi::operations()})
    all.insert(all.end(), some.begin(), some.end());
  all.push_back(openapi_operation());
  all.push_back(status_operation());
  return all;
}

PublicApi::PublicApi(const Current<Hosting>& hosting, const DirectoryPublisher& publisher,
                     const OhttpPublisher* ohttp, std::size_t pad_from, const Witness* witness)
    : hosting_(hosting),
      publisher_(publisher),
      witness_(witness),
      ohttp_(ohttp, pad_from,
             [this](std::shared_ptr<const Hosting> inner_hosting, const RequestHead& head) {
               return find_for(Caller{}, std::move(inner_hosting), head);
             }) {}

tl::expected<Endpoint, Response> PublicApi::find(const RequestHead& head) {
  auto hosting = hosting_.snapshot();
  const Caller caller = hosting->principals().identify(head);
  const auto now = std::chrono::steady_clock::now();
  if (const auto wait = limiter_.take(caller.rate_key, caller.rate, now))
    return tl::unexpected<Response>(rate_limited(*wait));
  if (head.path == kOhttpPath) return ohttp_.find(std::move(hosting), head);
  return find_for(caller, std::move(hosting), head);
}

tl::expected<Endpoint, Response> PublicApi::find_for(const Caller& caller,
                                                     std::shared_ptr<const Hosting> hosting,
                                                     const RequestHead& head) {
  if (const RoutedOperation* const routed = find_routed_operation(head.path))
    return routed_endpoint(std::move(hosting), publisher_.published(), *routed, caller, head);
  if (head.path == kDirectoryPath)
    return directory_endpoint(*hosting, publisher_.published(), head);
  if (head.path.starts_with(kRelayPath)) return relay_.find(std::move(hosting), caller, head);
  if (head.path == kOpenApiPath) return openapi_.find(*hosting, head);
  if (head.path == kStatusPath)
    return status_endpoint(std::move(hosting), publisher_.published(),
                           witness_ == nullptr ? nullptr : witness_->logs(), head);
  if (auto witnessed = witness_endpoint(*hosting, witness_, head)) return *std::move(witnessed);
  return logs_.find(std::move(hosting), *publisher_.published(), caller, head);
}

}  // namespace kt::gateway
