// What a client and a gateway that routes say to each other.
//
// A request has the client's view of every log that may be asked; the answer has the bytes of every
// log that was asked, untouched, so that one round trip can be verified in full. What a log is
// asked is made of both: the functions *_request() below make it, for the gateway that asks and for
// the client that verifies.
//
// The comments have the structures in the presentation language. As in the draft a vector's length
// counts elements; those of an opaque are bytes. No log is twice in one message.
//
// Source: docs/http-api.md, "Routed structures"; draft, "User Operations".
//
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "keytrans/message_view.h"
#include "keytrans/messages.h"

namespace kt::federation {

// --- Looking a label up ----------------------------------------------------------------------

// struct { opaque log_id[32]; optional<uint64> last; } LogView;
struct LogView {
  HashValue log_id{};
  std::optional<TreeSize> last;

  friend bool operator==(const LogView&, const LogView&) = default;
};

// struct { opaque label<0..2^8-1>; LogView views<0..2^8-1>; } LookupRequest;
struct LookupRequest {
  Label label;
  std::vector<LogView> views;

  friend bool operator==(const LookupRequest&, const LookupRequest&) = default;
};

// --- Updating a label ------------------------------------------------------------------------

// struct {
//   opaque log_id[32];
//   optional<uint64> last;
//   optional<uint32> greatest_version;
// } LogOwnerView;
struct LogOwnerView {
  HashValue log_id{};
  std::optional<TreeSize> last;
  std::optional<Version> greatest_version;

  friend bool operator==(const LogOwnerView&, const LogOwnerView&) = default;
};

// struct {
//   opaque label<0..2^8-1>;
//   LogOwnerView views<0..2^8-1>;
//   LabelValue values<0..2^8-1>;
// } RoutedUpdateRequest;
struct RoutedUpdateRequest {
  Label label;
  std::vector<LogOwnerView> views;
  std::vector<keytrans::LabelValue> values;

  friend bool operator==(const RoutedUpdateRequest&, const RoutedUpdateRequest&) = default;
};

// --- Monitoring a label ----------------------------------------------------------------------

// struct { uint64 start; optional<uint32> greatest_version; } OwnerProgress;
struct OwnerProgress {
  EntryIndex start;
  std::optional<Version> greatest_version;

  friend bool operator==(const OwnerProgress&, const OwnerProgress&) = default;
};

// What shows that somebody was once allowed to know a version.
//
// struct { uint32 version; opaque opening[Nc]; } VersionOpening;
struct VersionOpening {
  Version version;
  keytrans::Opening opening{};

  friend bool operator==(const VersionOpening&, const VersionOpening&) = default;
};

// With `owner` it is the label's owner who monitors, without it a contact. `openings` are in the
// order of their versions, each once.
//
// struct {
//   opaque log_id[32];
//   optional<uint64> last;
//   MonitorMapEntry entries<0..2^8-1>;
//   optional<OwnerProgress> owner;
//   VersionOpening openings<0..2^8-1>;
// } LogMonitorView;
struct LogMonitorView {
  HashValue log_id{};
  std::optional<TreeSize> last;
  std::vector<keytrans::MonitorMapEntry> entries;
  std::optional<OwnerProgress> owner;
  std::vector<VersionOpening> openings{};

  friend bool operator==(const LogMonitorView&, const LogMonitorView&) = default;
};

// struct { opaque label<0..2^8-1>; LogMonitorView views<1..2^8-1>; } RoutedMonitorRequest;
struct RoutedMonitorRequest {
  Label label;
  std::vector<LogMonitorView> views;

  friend bool operator==(const RoutedMonitorRequest&, const RoutedMonitorRequest&) = default;
};

// A ContactMonitorRequest or OwnerMonitorRequest to one log, encoded, with the openings beside it.
//
// struct { opaque request<0..2^16-1>; VersionOpening openings<1..2^8-1>; } OpenedMonitorRequest;
struct OpenedMonitorRequest {
  Bytes request;
  std::vector<VersionOpening> openings;

  friend bool operator==(const OpenedMonitorRequest&, const OpenedMonitorRequest&) = default;
};

// The versions whose openings a request has to show to be allowed by them alone, ascending; none
// when nothing could: that of an owner who knows of no version.
[[nodiscard]] std::vector<Version> versions_to_show(const keytrans::ContactMonitorRequest& request);
[[nodiscard]] std::vector<Version> versions_to_show(const keytrans::OwnerMonitorRequest& request);

// --- Answers ---------------------------------------------------------------------------------

// struct { opaque log_id[32]; opaque response<0..2^32-1>; } LogAnswer;
struct LogAnswer {
  HashValue log_id{};
  Bytes response;

  friend bool operator==(const LogAnswer&, const LogAnswer&) = default;
};

// In the order in which the logs were asked. The responses are SearchResponses, UpdateResponses,
// and for each log the response to what monitors it.
//
// struct { uint64 epoch; LogAnswer answers<1..2^8-1>; }
//     LookupResponse, RoutedUpdateResponse, RoutedMonitorResponse;
struct RoutedResponse {
  std::uint64_t epoch = 0;  // of the domain's directory document; 0 while it has none
  std::vector<LogAnswer> answers;

  friend bool operator==(const RoutedResponse&, const RoutedResponse&) = default;
};
using LookupResponse = RoutedResponse;
using RoutedUpdateResponse = RoutedResponse;
using RoutedMonitorResponse = RoutedResponse;

// --- What one log is asked -------------------------------------------------------------------

// The draft's request to `log`. A log that the request has no view of is asked as by a new user.
[[nodiscard]] keytrans::SearchRequest search_request(const LookupRequest& request,
                                                     const LogId& log);
[[nodiscard]] keytrans::UpdateRequest update_request(const RoutedUpdateRequest& request,
                                                     const LogId& log);

// Nothing when the request has no view of `log`, in which there is nothing to monitor then.
using MonitorRequest = std::variant<keytrans::ContactMonitorRequest, keytrans::OwnerMonitorRequest>;
[[nodiscard]] std::optional<MonitorRequest> monitor_request(const RoutedMonitorRequest& request,
                                                            const LogId& log);
// The openings that go with it.
[[nodiscard]] std::vector<VersionOpening> shown_openings(const RoutedMonitorRequest& request,
                                                         const LogId& log);

// --- Encoding --------------------------------------------------------------------------------

// Of LookupRequest, RoutedUpdateRequest, RoutedMonitorRequest, OpenedMonitorRequest and
// RoutedResponse.

// Errors: malformed when a field does not fit its bounds.
template <class T>
Result<Bytes> encode(const T& message);

// The message that `bytes` are, to the last byte. Errors: malformed, with field and offset.
template <class T>
Result<T> decode(ByteView bytes);

// The fields of `message`, to `sink`: keytrans/message_view.h.
template <class T>
void show(const T& message, keytrans::FieldSink& sink);

}  // namespace kt::federation
