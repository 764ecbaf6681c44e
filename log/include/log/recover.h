// A log that is refused because its database is not what its highest signed head says: an old copy
// that was put back, a copy of another history, or a head file that is gone.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "keytrans/types.h"

namespace kt::log {

// What keeps a log from being opened.
enum class HeadTrouble : std::uint8_t {
  none,
  behind,      // the database has fewer entries than the highest head
  beside,      // the database has other entries than the highest head
  missing,     // there is no head file
  unreadable,  // the head file holds no head
};

struct HeadFinding {
  HeadTrouble trouble = HeadTrouble::none;
  TreeSize database;                // entries that it has
  std::optional<TreeSize> highest;  // size of the highest head, where it can be read
};

// Looks at the log in `directory` and changes nothing. Blocking.
// Errors: not_found when there is no log; conflict when it is open; rejected for a format or keys
// that are not ours; corrupt when the database contradicts itself; those of the key files.
Result<HeadFinding> inspect_head(const std::filesystem::path& directory);

// Makes the head file agree with the database, so that the log opens again and grows from where the
// database stands. What the log signed and the database does not have is thereby forked: whoever
// saw those heads has the proof that the log signed two histories. A log without trouble is left
// alone. Result: what was found. Blocking.
// Errors: those of inspect_head(); unavailable when the file cannot be written. The head file is
// then as it was.
Result<HeadFinding> recover_log(const std::filesystem::path& directory);

}  // namespace kt::log
