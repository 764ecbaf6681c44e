// Proof that a log has misbehaved, in files that anyone can check without asking anybody.
//
//  - A fork: the log has signed two heads of trees that have different first entries
//    (keytrans/fork_evidence.h).
//  - Two directory documents of one domain with one epoch, which a log has both signed.
//
// Evidence is kept in the directory `evidence` of the state directory. It holds no label.
//
// Errors, and the thread rule: session.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "client/session.h"

namespace kt::client {

struct Evidence {
  enum class Kind : std::uint8_t { fork, directory };
  Kind kind;
  std::string domain;       // of `directory`
  std::vector<LogId> logs;  // that have misbehaved
  // The number of first entries that differ, or the epoch.
  std::uint64_t number = 0;
};

inline constexpr std::size_t kMaxEvidenceSize = std::size_t{4} << 20;

// What `bytes` prove. Nobody is asked.
// Errors: malformed when they are no evidence; verification_failed when they prove nothing.
Result<Evidence> check_evidence(ByteView bytes);

// struct {
//   opaque magic[8] = "KTDIRS\0\1";
//   opaque domain<0..2^8-1>;
//   opaque documents[2]<0..2^32-1>;     // as published
// } DirectoryEvidence;
Result<Bytes> directory_evidence(const federation::DirectoryDocument& a,
                                 const federation::DirectoryDocument& b);

// Asks the logs of a trusted domain as somebody does who is new, and looks for entries that are not
// what they were when this was done last. Returns the evidence that was saved, if a fork is proved;
// none that the logs behave. What they answer is kept, to be compared the next time.
Result<std::vector<std::filesystem::path>> look_for_forks(const Session& session,
                                                          const federation::Domain& domain);

}  // namespace kt::client
