#include "federation/directory.h"

#include <algorithm>

namespace kt::federation {

const DirectoryLog* Directory::find(const LogId& id) const {
  const auto found = std::find_if(logs.begin(), logs.end(),
                                  [&](const DirectoryLog& log) { return log.id() == id; });
  return found == logs.end() ? nullptr : &*found;
}

}  // namespace kt::federation
