#include "readiness.h"

namespace kt::gateway {

std::vector<Unready> find_unready(const std::vector<HostedLog>& logs, Timestamp now) {
  std::vector<Unready> failed;
  for (const HostedLog& hosted : logs) {
    const log::LogState state = hosted.log->state();
    if (state.trouble == log::Trouble::storage || state.trouble == log::Trouble::failed)
      failed.push_back({"store", hosted.alias, "the last write failed"});
    if (!state.rightmost_timestamp) {
      failed.push_back({"head", hosted.alias, "there is no entry yet"});
    } else if (elapsed_ms(*state.rightmost_timestamp, now) >
               hosted.log->configuration().wire().max_behind) {
      failed.push_back({"head", hosted.alias, "the newest entry is older than max_behind"});
    }
  }
  return failed;
}

}  // namespace kt::gateway
