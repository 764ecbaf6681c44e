#include "migration/label_log.h"

#include <utility>

namespace kt::migration {
namespace {

namespace asio = boost::asio;

class ServedLabelLog final : public LabelLog {
 public:
  ServedLabelLog(routing::LogService& service, keytrans::LogConfiguration configuration)
      : service_(service), configuration_(std::move(configuration)) {}

  asio::awaitable<Result<std::optional<GreatestVersion>>> read(Label label) override {
    using Read = Result<std::optional<GreatestVersion>>;
    routing::LogRequest request =
        keytrans::SearchRequest{std::nullopt, std::move(label), std::nullopt};
    auto answer = co_await service_.ask(std::move(request));
    if (!answer && answer.error().code == Errc::not_found) co_return Read(std::nullopt);
    if (!answer) co_return tl::unexpected<Error>(std::move(answer).error());
    auto greatest = greatest_in(*answer, configuration_);
    if (!greatest) co_return tl::unexpected<Error>(std::move(greatest).error());
    co_return Read(*std::move(greatest));
  }

  asio::awaitable<Result<bool>> add(Label label, std::optional<Version> known,
                                    Bytes value) override {
    std::vector<keytrans::LabelValue> values(1);
    values.front().value = std::move(value);
    routing::LogRequest request =
        keytrans::UpdateRequest{std::nullopt, std::move(label), known, std::move(values)};
    auto answer = co_await service_.ask(std::move(request));
    if (!answer) co_return tl::unexpected<Error>(std::move(answer).error());
    const auto response =
        keytrans::decode<keytrans::UpdateResponse>(*answer, configuration_.context());
    if (!response) co_return fail(Errc::corrupt, "a log's answer: " + response.error().detail);
    // It has values when it tells of versions that were made before.
    co_return response->values.empty();
  }

 private:
  routing::LogService& service_;
  const keytrans::LogConfiguration configuration_;
};

}  // namespace

std::unique_ptr<LabelLog> make_label_log(routing::LogService& service,
                                         const keytrans::LogConfiguration& configuration) {
  return std::make_unique<ServedLabelLog>(service, configuration);
}

Result<GreatestVersion> greatest_in(ByteView response,
                                    const keytrans::LogConfiguration& configuration) {
  auto read = keytrans::decode<keytrans::SearchResponse>(response, configuration.context());
  if (!read) return fail(Errc::corrupt, "a log's answer: " + read.error().detail);
  KT_ASSERT(read->version.has_value());
  return GreatestVersion{*read->version, std::move(read->value.value)};
}

}  // namespace kt::migration
