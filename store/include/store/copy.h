// One store's records in another.
#pragma once

#include "store/store.h"

namespace kt::store {

// Copies every record of every table of `from`, to which nobody may write meanwhile, into `to`,
// which has to be empty. Every checksum is verified, and the numbers of records compared, so what
// was hidden by damage is not left out in silence. Blocking; commits as it goes. Result: the number
// of records.
// Errors: corrupt when `from` is damaged; conflict when `to` has tables; those of both stores. `to`
// is then incomplete.
Result<std::uint64_t> copy_store(Store& from, Store& to);

}  // namespace kt::store
