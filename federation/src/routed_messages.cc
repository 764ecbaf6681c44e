#include "federation/routed_messages.h"

#include <algorithm>
#include <set>
#include <type_traits>

#include "keytrans/codec.h"
#include "keytrans/message_view.h"

namespace kt::federation {
namespace {

using keytrans::kHashSize;

// `S` is `T` or `const T`: the Encoder visits constants, the Decoder variables.
template <class S, class T>
concept Like = std::same_as<std::remove_const_t<S>, T>;

// Bytes of an element that has nothing but what has to be there.
constexpr std::size_t kViewSize = kHashSize + 1;
constexpr std::size_t kOwnerViewSize = kViewSize + 1;
constexpr std::size_t kMonitorViewSize = kViewSize + 1 + 1 + 1;
constexpr std::size_t kVersionOpeningSize = 4 + keytrans::kOpeningSize;
constexpr std::size_t kValueSize = 4;
constexpr std::size_t kMonitorMapEntrySize = 8 + 4;
constexpr std::size_t kAnswerSize = kHashSize + 4;

constexpr auto kNumber = [](auto& io, auto& value) { io.number("number", value); };

// The draft's own structures, as keytrans has them.
constexpr auto kLabelValue = [](auto& io, auto& value) {
  io.template opaque<4>("LabelValue.value", value.value);
};
constexpr auto kMonitorMapEntry = [](auto& io, auto& value) {
  io.number("MonitorMapEntry.position", value.position);
  io.number("MonitorMapEntry.version", value.version);
};

template <class Io, Like<std::vector<VersionOpening>> S>
void wire_openings(Io& io, const char* field, S& openings) {
  io.template vector<1>(field, openings, kVersionOpeningSize, [](auto& in, auto& each) {
    in.number("VersionOpening.version", each.version);
    in.fixed("VersionOpening.opening", each.opening, keytrans::kOpeningSize);
  });
  const bool is_ascending =
      std::adjacent_find(openings.begin(), openings.end(), [](const auto& a, const auto& b) {
        return a.version >= b.version;
      }) == openings.end();
  io.require(is_ascending, field, "is not ascending");
}

template <class Element>
bool has_a_log_twice(const std::vector<Element>& elements) {
  std::vector<HashValue> ids;
  ids.reserve(elements.size());
  for (const Element& element : elements) ids.push_back(element.log_id);
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

// A vector of what there is for each log.
template <class Io, class Elements, class Describe>
void wire_logs(Io& io, const char* field, Elements& elements, std::size_t min_size,
               Describe describe) {
  io.template vector<1>(field, elements, min_size, describe);
  io.require(!has_a_log_twice(elements), field, "has a log twice");
}

template <class Io, Like<LookupRequest> S>
void wire(Io& io, S& s) {
  io.label("LookupRequest.label", s.label);
  wire_logs(io, "LookupRequest.views", s.views, kViewSize, [](auto& in, auto& view) {
    in.fixed("LogView.log_id", view.log_id, kHashSize);
    in.optional("LogView.last", view.last, kNumber);
  });
}

template <class Io, Like<RoutedUpdateRequest> S>
void wire(Io& io, S& s) {
  io.label("RoutedUpdateRequest.label", s.label);
  wire_logs(io, "RoutedUpdateRequest.views", s.views, kOwnerViewSize, [](auto& in, auto& view) {
    in.fixed("LogOwnerView.log_id", view.log_id, kHashSize);
    in.optional("LogOwnerView.last", view.last, kNumber);
    in.optional("LogOwnerView.greatest_version", view.greatest_version, kNumber);
  });
  io.template vector<1>("RoutedUpdateRequest.values", s.values, kValueSize, kLabelValue);
}

template <class Io, Like<RoutedMonitorRequest> S>
void wire(Io& io, S& s) {
  io.label("RoutedMonitorRequest.label", s.label);
  wire_logs(io, "RoutedMonitorRequest.views", s.views, kMonitorViewSize, [](auto& in, auto& view) {
    in.fixed("LogMonitorView.log_id", view.log_id, kHashSize);
    in.optional("LogMonitorView.last", view.last, kNumber);
    in.template vector<1>("LogMonitorView.entries", view.entries, kMonitorMapEntrySize,
                          kMonitorMapEntry);
    in.optional("LogMonitorView.owner", view.owner, [](auto& within, auto& owner) {
      within.number("OwnerProgress.start", owner.start);
      within.optional("OwnerProgress.greatest_version", owner.greatest_version, kNumber);
    });
    wire_openings(in, "LogMonitorView.openings", view.openings);
  });
  io.require(!s.views.empty(), "RoutedMonitorRequest.views", "is empty");
}

template <class Io, Like<OpenedMonitorRequest> S>
void wire(Io& io, S& s) {
  io.template opaque<2>("OpenedMonitorRequest.request", s.request);
  wire_openings(io, "OpenedMonitorRequest.openings", s.openings);
  io.require(!s.openings.empty(), "OpenedMonitorRequest.openings", "is empty");
}

template <class Io, Like<RoutedResponse> S>
void wire(Io& io, S& s) {
  io.number("RoutedResponse.epoch", s.epoch);
  wire_logs(io, "RoutedResponse.answers", s.answers, kAnswerSize, [](auto& in, auto& answer) {
    in.fixed("LogAnswer.log_id", answer.log_id, kHashSize);
    in.template opaque<4>("LogAnswer.response", answer.response);
  });
  io.require(!s.answers.empty(), "RoutedResponse.answers", "is empty");
}

std::vector<Version> ascending_versions(const std::vector<keytrans::MonitorMapEntry>& entries) {
  std::set<Version> versions;
  for (const keytrans::MonitorMapEntry& entry : entries) versions.insert(entry.version);
  return {versions.begin(), versions.end()};
}

// Null when there is none.
template <class View>
const View* view_of(const std::vector<View>& views, const LogId& log) {
  const auto found = std::find_if(views.begin(), views.end(),
                                  [&](const View& view) { return view.log_id == log.hash(); });
  return found == views.end() ? nullptr : &*found;
}

}  // namespace

keytrans::SearchRequest search_request(const LookupRequest& request, const LogId& log) {
  const LogView* const view = view_of(request.views, log);
  return {view != nullptr ? view->last : std::nullopt, request.label, std::nullopt};
}

keytrans::UpdateRequest update_request(const RoutedUpdateRequest& request, const LogId& log) {
  const LogOwnerView* const view = view_of(request.views, log);
  if (view == nullptr) return {std::nullopt, request.label, std::nullopt, request.values};
  return {view->last, request.label, view->greatest_version, request.values};
}

std::optional<MonitorRequest> monitor_request(const RoutedMonitorRequest& request,
                                              const LogId& log) {
  const LogMonitorView* const view = view_of(request.views, log);
  if (view == nullptr) return std::nullopt;
  if (!view->owner)
    return keytrans::ContactMonitorRequest{view->last, request.label, view->entries};
  return keytrans::OwnerMonitorRequest{view->last, request.label, view->entries, view->owner->start,
                                       view->owner->greatest_version};
}

std::vector<VersionOpening> shown_openings(const RoutedMonitorRequest& request, const LogId& log) {
  const LogMonitorView* const view = view_of(request.views, log);
  return view == nullptr ? std::vector<VersionOpening>() : view->openings;
}

std::vector<Version> versions_to_show(const keytrans::ContactMonitorRequest& request) {
  return ascending_versions(request.entries);
}

std::vector<Version> versions_to_show(const keytrans::OwnerMonitorRequest& request) {
  if (!request.greatest_version) return {};
  auto versions = ascending_versions(request.entries);
  versions.push_back(*request.greatest_version);
  std::sort(versions.begin(), versions.end());
  versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
  return versions;
}

template <class T>
Result<Bytes> encode(const T& message) {
  keytrans::Encoder io;
  wire(io, message);
  return std::move(io).finish();
}

template <class T>
Result<T> decode(ByteView bytes) {
  keytrans::Decoder io(bytes);
  T message;
  wire(io, message);
  KT_TRY(std::move(io).finish());
  return message;
}

template <class T>
void show(const T& message, keytrans::FieldSink& sink) {
  keytrans::Viewer viewer(sink);
  wire(viewer, message);
}

template Result<Bytes> encode<LookupRequest>(const LookupRequest&);
template Result<LookupRequest> decode<LookupRequest>(ByteView);
template void show<LookupRequest>(const LookupRequest&, keytrans::FieldSink&);
template Result<Bytes> encode<RoutedUpdateRequest>(const RoutedUpdateRequest&);
template Result<RoutedUpdateRequest> decode<RoutedUpdateRequest>(ByteView);
template void show<RoutedUpdateRequest>(const RoutedUpdateRequest&, keytrans::FieldSink&);
template Result<Bytes> encode<RoutedMonitorRequest>(const RoutedMonitorRequest&);
template Result<RoutedMonitorRequest> decode<RoutedMonitorRequest>(ByteView);
template void show<RoutedMonitorRequest>(const RoutedMonitorRequest&, keytrans::FieldSink&);
template Result<Bytes> encode<OpenedMonitorRequest>(const OpenedMonitorRequest&);
template Result<OpenedMonitorRequest> decode<OpenedMonitorRequest>(ByteView);
template void show<OpenedMonitorRequest>(const OpenedMonitorRequest&, keytrans::FieldSink&);
template Result<Bytes> encode<RoutedResponse>(const RoutedResponse&);
template Result<RoutedResponse> decode<RoutedResponse>(ByteView);
template void show<RoutedResponse>(const RoutedResponse&, keytrans::FieldSink&);

}  // namespace kt::federation
