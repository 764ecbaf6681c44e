#include "keytrans/messages.h"

#include "keytrans/message_view.h"
#include "wire.h"

namespace kt::keytrans {

template <class T>
Result<Bytes> encode(const T& message) {
  Encoder encoder;
  wire(encoder, message);
  return std::move(encoder).finish();
}

template <class T>
Result<Bytes> encode(const T& message, const WireContext& context) {
  Encoder encoder;
  wire(encoder, message, context);
  return std::move(encoder).finish();
}

template <class T>
Result<T> decode(ByteView bytes) {
  Decoder decoder(bytes);
  T message;
  wire(decoder, message);
  KT_TRY(std::move(decoder).finish());
  return message;
}

template <class T>
Result<T> decode(ByteView bytes, const WireContext& context) {
  Decoder decoder(bytes);
  T message;
  wire(decoder, message, context);
  KT_TRY(std::move(decoder).finish());
  return message;
}

template <class T>
void show(const T& message, FieldSink& sink) {
  Viewer viewer(sink);
  wire(viewer, message);
}

template <class T>
void show(const T& message, const WireContext& context, FieldSink& sink) {
  Viewer viewer(sink);
  wire(viewer, message, context);
}

// The structures that say everything themselves, and those that need a context.
#define KT_PLAIN(T)                           \
  template Result<Bytes> encode<T>(const T&); \
  template Result<T> decode<T>(ByteView);     \
  template void show<T>(const T&, FieldSink&);
#define KT_CONTEXTUAL(T)                                          \
  template Result<Bytes> encode<T>(const T&, const WireContext&); \
  template Result<T> decode<T>(ByteView, const WireContext&);     \
  template void show<T>(const T&, const WireContext&, FieldSink&);

KT_PLAIN(Configuration)
KT_PLAIN(TreeHead)
KT_PLAIN(TreeHeadTBS)
KT_PLAIN(AuditorTreeHead)
KT_PLAIN(AuditorTreeHeadTBS)
KT_PLAIN(UpdateTBS)
KT_PLAIN(VrfInput)
KT_PLAIN(LogEntry)
KT_PLAIN(InclusionProof)
KT_PLAIN(PrefixProof)
KT_PLAIN(CombinedTreeProof)
KT_PLAIN(SearchRequest)
KT_PLAIN(MonitorMapEntry)
KT_PLAIN(ContactMonitorRequest)
KT_PLAIN(OwnerInitRequest)
KT_PLAIN(OwnerMonitorRequest)
KT_PLAIN(LabelValue)
KT_PLAIN(UpdateRequest)
KT_PLAIN(DistinguishedRequest)
KT_PLAIN(DistinguishedHead)
KT_PLAIN(CredentialUpdate)
KT_PLAIN(AuditorUpdate)
KT_PLAIN(AuditorStart)

KT_CONTEXTUAL(FullTreeHead)
KT_CONTEXTUAL(UpdateValue)
KT_CONTEXTUAL(CommitmentValue)
KT_CONTEXTUAL(BinaryLadderStep)
KT_CONTEXTUAL(SearchResponse)
KT_CONTEXTUAL(ContactMonitorResponse)
KT_CONTEXTUAL(OwnerInitResponse)
KT_CONTEXTUAL(OwnerMonitorResponse)
KT_CONTEXTUAL(UpdateInfo)
KT_CONTEXTUAL(UpdateResponse)
KT_CONTEXTUAL(DistinguishedResponse)
KT_CONTEXTUAL(Credential)
KT_CONTEXTUAL(ManagerUpdateRequest)

#undef KT_PLAIN
#undef KT_CONTEXTUAL

}  // namespace kt::keytrans
