// That a log's tree of today begins with a tree it had before, of which somebody knows the size and
// the root alone: the final head of a log that labels have moved away from.
//
// The draft's requests prove that a log continues what their caller has seen of it, which takes the
// heads of that tree's full subtrees. From a root these do not follow. So the log is asked for
// what leads from its first entries to the tree head it signs today, by way of what the caller has
// seen: one answer shows that all three are of one history. The structures are ours, as the draft
// has none.
//
// Source: draft, "Tree Proofs / Log Tree". Thread rule: plain values and pure functions.
#pragma once

#include <optional>

#include "keytrans/log_source.h"
#include "keytrans/message_view.h"
#include "keytrans/tree_view.h"

namespace kt::keytrans {

// struct { optional<uint64> last; uint64 size; } ConsistencyRequest;
struct ConsistencyRequest {
  std::optional<TreeSize> last;  // of the tree that the caller has seen
  TreeSize size;                 // of the tree that it asks about

  friend bool operator==(const ConsistencyRequest&, const ConsistencyRequest&) = default;
};

// struct { TreeHead tree_head; InclusionProof consistency; } ConsistencyResponse;
struct ConsistencyResponse {
  TreeHead tree_head;          // as the log has signed it last
  InclusionProof consistency;  // what the heads of that tree's full subtrees follow from

  friend bool operator==(const ConsistencyResponse&, const ConsistencyResponse&) = default;
};

// Errors: malformed when a field does not fit its bounds.
Result<Bytes> encode(const ConsistencyRequest& request);
Result<Bytes> encode(const ConsistencyResponse& response);

// What `bytes` are, to the last byte. Errors: malformed, with field and offset.
Result<ConsistencyRequest> decode_consistency_request(ByteView bytes);
Result<ConsistencyResponse> decode_consistency_response(ByteView bytes);

void show(const ConsistencyResponse& response, FieldSink& sink);

// Errors: malformed when a size is 0; conflict when one is larger than the log's tree; those of
// `source`.
Result<ConsistencyResponse> prove_consistency(const LogSource& source,
                                              const ConsistencyRequest& request);

// The root of the log's first `request.size` entries, once the log's signature says that they are
// its first, and that what `seen` is of are. `seen` is the view of the tree of `request.last`
// entries, or nothing.
// Requires: `seen` has the size `request.last`, and is well-formed.
// Errors: verification_failed, saying what does not hold.
Result<HashValue> verify_consistency(const LogConfiguration& configuration,
                                     const std::optional<TreeView>& seen,
                                     const ConsistencyRequest& request,
                                     const ConsistencyResponse& response);

}  // namespace kt::keytrans
