#include "federation/shard.h"

#include <algorithm>
#include <utility>

#include "keytrans/hash.h"

namespace kt::federation {

Result<std::vector<LogId>> make_shards(std::vector<LogId> logs) {
  if (logs.size() < 2) return fail(Errc::rejected, "sharding takes at least two logs");
  if (logs.size() > kMaxShards) return fail(Errc::rejected, "sharding takes at most 255 logs");
  std::sort(logs.begin(), logs.end());
  if (std::adjacent_find(logs.begin(), logs.end()) != logs.end())
    return fail(Errc::rejected, "a log is there twice");
  return logs;
}

LogId find_shard(const std::vector<LogId>& logs, const Label& label) {
  KT_ASSERT(!logs.empty());
  const auto weight = [&](const LogId& log) {
    return std::pair(keytrans::sha256({log.hash(), label.bytes()}), log);
  };
  auto greatest = weight(logs.front());
  for (const LogId& log : logs) greatest = std::max(greatest, weight(log));
  return greatest.second;
}

}  // namespace kt::federation
