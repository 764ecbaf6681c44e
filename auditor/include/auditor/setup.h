// How an auditor's directory comes to be.
//
//   KT_TRY(Bytes public_key, create_auditor("example.auditor", suite));
//   // The log's operator makes a log whose configuration has that key.
//   KT_TRY(LogId log, bind_auditor("example.auditor", configuration));
//   KT_TRY(auto auditor, LogAuditor::open("example.auditor"));
//
// The key comes first, because it is part of the log's configuration and so of the LogId.
//
// Blocking. Thread rule: any thread; two calls at once for one directory exclude each other.
#pragma once

#include <filesystem>

#include "keytrans/messages.h"

namespace kt::auditor {

// Makes `directory`, which must not be there yet, with a fresh private key. Result: the public key.
// Errors: conflict when something is at `directory`; unavailable when the system refuses, and then
// nothing is left there.
Result<Bytes> create_auditor(const std::filesystem::path& directory, keytrans::CipherSuite suite);

// Makes the auditor in `directory` the one of the log with this configuration, for good. Doing it
// again changes nothing, but that a database that was lost is begun anew. What the auditor signed
// is not forgotten with it: see LogAuditor::sign(). What a process left that died here is
// completed. Errors: rejected unless the mode is thirdPartyAuditing and auditor_public_key is that
// of the key in `directory`, and when the auditor is bound to another log; malformed for a
// configuration that is none, and for a key of another cipher suite; conflict when the auditor is
// open; those of the key file and the database.
Result<LogId> bind_auditor(const std::filesystem::path& directory,
                           keytrans::Configuration configuration);

}  // namespace kt::auditor
