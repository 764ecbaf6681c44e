#include "keytrans/consistency.h"

#include "wire.h"

namespace kt::keytrans {

template <class Io, Like<ConsistencyRequest> S>
void wire(Io& io, S& s) {
  io.optional("ConsistencyRequest.last", s.last, kNumber);
  io.number("ConsistencyRequest.size", s.size);
}

template <class Io, Like<ConsistencyResponse> S>
void wire(Io& io, S& s) {
  io.structure("ConsistencyResponse.tree_head", s.tree_head, kPlain);
  io.structure("ConsistencyResponse.consistency", s.consistency, kPlain);
}

namespace {

template <class T>
Result<Bytes> encoded(const T& message) {
  Encoder io;
  wire(io, message);
  return std::move(io).finish();
}

template <class T>
Result<T> decoded(ByteView bytes) {
  Decoder io(bytes);
  T message;
  wire(io, message);
  KT_TRY(std::move(io).finish());
  return message;
}

}  // namespace

Result<Bytes> encode(const ConsistencyRequest& request) { return encoded(request); }
Result<Bytes> encode(const ConsistencyResponse& response) { return encoded(response); }

Result<ConsistencyRequest> decode_consistency_request(ByteView bytes) {
  return decoded<ConsistencyRequest>(bytes);
}
Result<ConsistencyResponse> decode_consistency_response(ByteView bytes) {
  return decoded<ConsistencyResponse>(bytes);
}

void show(const ConsistencyResponse& response, FieldSink& sink) {
  Viewer viewer(sink);
  wire(viewer, response);
}

Result<ConsistencyResponse> prove_consistency(const LogSource& source,
                                              const ConsistencyRequest& request) {
  if (request.size == TreeSize{0} || request.last == TreeSize{0})
    return fail(Errc::malformed, "a tree without entries is asked about");
  ConsistencyResponse response;
  KT_TRY(response.tree_head, source.tree_head());
  const TreeSize size = response.tree_head.tree_size;
  if (request.size > size || (request.last && *request.last > size))
    return fail(Errc::conflict, "the log's tree is smaller than what is asked about");
  KT_TRY(response.consistency.elements,
         prove_batch(source.log_nodes(), size, {}, request.last, request.size));
  return response;
}

Result<HashValue> verify_consistency(const LogConfiguration& configuration,
                                     const std::optional<TreeView>& seen,
                                     const ConsistencyRequest& request,
                                     const ConsistencyResponse& response) {
  KT_ASSERT(seen.has_value() == request.last.has_value());
  std::optional<RetainedSubtrees> retained;
  if (seen) {
    KT_ASSERT(seen->size == *request.last && seen->is_well_formed());
    retained = RetainedSubtrees{seen->size, seen->full_subtrees};
  }
  KT_TRY(const LogTreeValues values, evaluate_batch(response.tree_head.tree_size, {}, retained,
                                                    request.size, response.consistency.elements));
  KT_TRY(configuration.verify_tree_head(response.tree_head, values.root()));
  const auto root = values.root_at(request.size);
  if (!root)
    return fail(Errc::verification_failed, "the proof does not show the tree that was asked about");
  return *root;
}

}  // namespace kt::keytrans
