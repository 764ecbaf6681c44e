#include "readiness.h"

#include "log_condition.h"

namespace kt::gateway {

std::vector<Unready> find_unready(const std::vector<HostedLog>& logs, Timestamp now) {
  std::vector<Unready> failed;
  for (const HostedLog& hosted : logs) {
    if (hosted.is_remote()) continue;
    for (const Condition& each :
         find_conditions(hosted.log->configuration(), hosted.log->state(), now)) {
      if (each.severity == Severity::failing)
        failed.push_back({each.check, hosted.alias, each.reason});
    }
  }
  return failed;
}

}  // namespace kt::gateway
