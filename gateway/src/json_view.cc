#include "json_view.h"

#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "auditor_messages.h"
#include "keytrans/base64url.h"
#include "keytrans/consistency.h"
#include "keytrans/fork_evidence.h"
#include "keytrans/message_view.h"
#include "problem.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::ordered_json;
using keytrans::WireContext;

// Builds the JSON of one structure.
class JsonSink final : public keytrans::FieldSink {
 public:
  // Numbers that not every reader of JSON can hold are text.
  void number(std::string_view name, std::uint64_t value, std::size_t size) override {
    if (size == sizeof(std::uint64_t)) {
      add(name, std::to_string(value));
    } else {
      add(name, value);
    }
  }
  void bytes(std::string_view name, ByteView value) override { add(name, to_base64url(value)); }
  void absent(std::string_view name) override { add(name, nullptr); }
  void begin_structure(std::string_view name) override {
    within_.push_back(&add(name, Json::object()));
  }
  void begin_list(std::string_view name) override { within_.push_back(&add(name, Json::array())); }
  void end() override { within_.pop_back(); }

  [[nodiscard]] Json take() { return std::move(json_); }

 private:
  // Nothing is added to what is around it before `value` has ended, so its address stays.
  Json& add(std::string_view name, Json value) {
    Json& around = *within_.back();
    if (around.is_array()) {
      around.push_back(std::move(value));
      return around.back();
    }
    return around[std::string(name)] = std::move(value);
  }

  Json json_ = Json::object();
  std::vector<Json*> within_{&json_};
};

template <class T, class... Context>
Result<Json> view(ByteView bytes, const Context&... context) {
  KT_TRY(const T message, keytrans::decode<T>(bytes, context...));
  JsonSink sink;
  keytrans::show(message, context..., sink);
  return sink.take();
}

Result<Bytes> text(const Result<Json>& json) {
  if (!json) return tl::unexpected<Error>(json.error());
  return to_bytes(json->dump() + "\n");
}

template <class T>
Result<Json> view_as(const WireContext& context, ByteView bytes) {
  return view<T>(bytes, context);
}

Result<Json> view_credential_update(const WireContext& /*context*/, ByteView bytes) {
  return view<keytrans::CredentialUpdate>(bytes);
}

Result<Json> view_consistency(const WireContext& /*context*/, ByteView bytes) {
  KT_TRY(const auto response, keytrans::decode_consistency_response(bytes));
  JsonSink sink;
  keytrans::show(response, sink);
  return sink.take();
}

// In the order of routing::LogRequest.
constexpr std::array kViews{view_as<keytrans::SearchResponse>,
                            view_as<keytrans::ContactMonitorResponse>,
                            view_as<keytrans::OwnerInitResponse>,
                            view_as<keytrans::OwnerMonitorResponse>,
                            view_as<keytrans::DistinguishedResponse>,
                            view_as<keytrans::UpdateResponse>,
                            view_as<keytrans::UpdateResponse>,
                            view_as<keytrans::Credential>,
                            view_credential_update,
                            view_consistency};
static_assert(kViews.size() == std::variant_size_v<routing::LogRequest>);

Result<Json> view_of(const keytrans::LogConfiguration& log, AnswerKind kind, ByteView bytes) {
  return kViews.at(kind.request)(log.context(kind.version_requested), bytes);
}

}  // namespace

Response view_response(Result<Bytes> view) {
  if (!view) return problem_response(Problem::internal);
  Response response;
  response.content_type = kJsonType;
  response.body = *std::move(view);
  return response;
}

AnswerKind answer_kind(const routing::LogRequest& request) {
  const auto* const search = std::get_if<keytrans::SearchRequest>(&request);
  return {request.index(), search != nullptr && search->version.has_value()};
}

Result<Bytes> view_configuration(ByteView bytes) {
  return text(view<keytrans::Configuration>(bytes));
}

Result<Bytes> view_auditor_start(ByteView bytes) {
  return text(view<keytrans::AuditorStart>(bytes));
}

Result<Bytes> view_directory_signature(ByteView bytes) {
  return text(Json{{"signature", to_base64url(bytes)}});
}

Result<Bytes> view_auditor_updates(ByteView bytes) {
  KT_TRY(const std::vector<Bytes> updates, decode_updates(bytes));
  Json list = Json::array();
  for (const Bytes& update : updates) {
    KT_TRY(Json json, view<keytrans::AuditorUpdate>(update));
    list.push_back(std::move(json));
  }
  return text(list);
}

Result<Bytes> view_distinguished(const keytrans::LogConfiguration& log, ByteView bytes) {
  return text(view<keytrans::DistinguishedResponse>(bytes, log.context()));
}

Result<Bytes> view_fork_evidence(ByteView bytes) {
  KT_TRY(const auto evidence, keytrans::ForkEvidence::parse(bytes));
  JsonSink sink;
  keytrans::show(evidence, sink);
  return text(sink.take());
}

Result<Bytes> view_answer(const keytrans::LogConfiguration& log, AnswerKind kind, ByteView bytes) {
  return text(view_of(log, kind, bytes));
}

Result<Bytes> view_routed(const federation::RoutedResponse& response,
                          const std::vector<RoutedAnswer>& answers) {
  KT_ASSERT(answers.size() == response.answers.size());
  JsonSink sink;
  federation::show(response, sink);
  Json json = sink.take();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    KT_TRY(json.at("answers").at(i).at("response"),
           view_of(*answers[i].log, answers[i].kind, response.answers[i].response));
  }
  return text(json);
}

}  // namespace kt::gateway
