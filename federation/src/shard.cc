#include "federation/shard.h"

#include <algorithm>
#include <utility>

#include "keytrans/hash.h"

namespace kt::federation {

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
