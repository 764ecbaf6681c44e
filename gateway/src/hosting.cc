#include "hosting.h"

namespace kt::gateway {

Hosting::Hosting(std::vector<HostedLog> logs, const std::vector<PrincipalConfiguration>& principals,
                 const LimitsConfiguration& limits)
    : logs_(std::move(logs)),
      principals_(principals),
      request_limit_(limits.request_bytes),
      update_limit_(limits.update_bytes) {
  for (const HostedLog& hosted : logs_) {
    names_.emplace(hosted.log->configuration().id().hex(), &hosted);
    names_.emplace(hosted.alias, &hosted);
  }
}

const HostedLog* Hosting::find_log(std::string_view name) const {
  const auto named = names_.find(name);
  return named == names_.end() ? nullptr : named->second;
}

}  // namespace kt::gateway
