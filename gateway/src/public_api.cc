#include "public_api.h"

#include "directory_api.h"
#include "routed_api.h"

namespace kt::gateway {

tl::expected<Endpoint, Response> PublicApi::find(const RequestHead& head) {
  auto hosting = hosting_.snapshot();
  if (const RoutedOperation* const routed = find_routed_operation(head.path))
    return routed_endpoint(std::move(hosting), publisher_.published(), *routed, head);
  if (head.path == kDirectoryPath)
    return directory_endpoint(*hosting, publisher_.published(), head);
  return logs_.find(std::move(hosting), head);
}

}  // namespace kt::gateway
