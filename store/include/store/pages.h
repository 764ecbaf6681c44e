// A table read from end to end, a page at a time: no snapshot lives for longer than it takes to
// copy a page out of it, however long what is done with the page takes.
//
// Thread rule: any thread.
#pragma once

#include "store/store.h"

namespace kt::store {

struct OwnedRecord {
  Bytes key;
  Bytes value;
};

// The records of `table` that come after the key `after`, or from the first one on if it is empty,
// in ascending order: some of them, and none only if there are none. What is committed between two
// pages is or is not seen. Errors: those of a snapshot.
Result<std::vector<OwnedRecord>> read_page(const Store& store, Table table, ByteView after);

struct CheckedRecord {
  Bytes key;
  Result<Bytes> value;  // or `corrupt`
};

// The same for whoever looks for damage: a record whose checksum does not hold is one of the page.
// Keys that do not ascend mean that the database is damaged around its records.
Result<std::vector<CheckedRecord>> read_checked_page(const Store& store, Table table,
                                                     ByteView after);

}  // namespace kt::store
